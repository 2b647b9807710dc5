"""EventBridge: the templates' rules as clients read them; `local_runtime.rules` fires them.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeRule.html
"""

from __future__ import annotations

from local_runtime.assembly.model import Assembly
from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.services.moto_calls import Call, Moto

_TARGET = "AWSEvents."
_READ = ("Name", "Description", "ScheduleExpression", "State", "RoleArn")
_WOULD_CHANGE = frozenset(
    {"PutRule", "PutTargets", "DeleteRule", "RemoveTargets", "EnableRule", "DisableRule"}
)


class EventRules:
    def __init__(self, assembly: Assembly) -> None:
        self._rules = list(assembly.of_type("AWS::Events::Rule"))

    def create(self, moto: Moto) -> None:
        for rule in self._rules:
            given = {name: rule.properties[name] for name in _READ if name in rule.properties}
            targets = [dict(target) for target in rule.properties.get("Targets", ())]
            try:
                moto.ask("events", f"{_TARGET}PutRule", {**given, "Name": rule.physical_id})
                if targets:
                    request = {"Rule": rule.physical_id, "Targets": targets}
                    moto.ask("events", f"{_TARGET}PutTargets", request)
            except AwsError as error:
                raise LocalRuntimeError(f"{rule.stack}/{rule.logical_id}: {error}") from error

    def refuse(self, moto: Moto, call: Call) -> None:
        if call.action in _WOULD_CHANGE:
            message = (
                f"{call.action}: rules come from the templates in the local run and are not changed here"
            )
            raise AwsError("UnknownOperationException", message)

    def keep(self, moto: Moto) -> None:
        pass
