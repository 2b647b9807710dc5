"""Fires the rules: by the clock while the run is up, or by hand.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import Any

from local_runtime.assembly.model import Assembly
from local_runtime.errors import LocalRuntimeError
from local_runtime.gateway.functions import Permissions, unqualified
from local_runtime.lambdas.function import LambdaFunction
from local_runtime.rules.rule import FUNCTION, ScheduledRule, Target
from local_runtime.rules.target_input import target_input
from local_runtime.schedules import Scheduler
from local_runtime.services.asynchronous import Destinations
from local_runtime.services.events import Answer, Events
from local_runtime.states.engine import StateMachines

log = logging.getLogger(__name__)

RULE_TYPE = "AWS::Events::Rule"


class TargetError(LocalRuntimeError):
    """EventBridge may not, or cannot, call a target."""


class Rules:
    """
    Raises:
        UnsupportedResourceError: a rule that cannot be played.
    """

    def __init__(
        self,
        assembly: Assembly,
        functions: Sequence[LambdaFunction],
        machines: StateMachines,
        events: Events,
        destinations: Destinations,
    ) -> None:
        self._assembly = assembly
        self.rules: Mapping[str, ScheduledRule] = {
            rule.name: rule
            for rule in (ScheduledRule.from_resource(item, assembly) for item in assembly.of_type(RULE_TYPE))
        }
        self._permissions = Permissions.from_assembly(assembly, "events.amazonaws.com")
        self._functions = {function.arn: function for function in functions}
        self._machines = machines
        self._events = events
        self._destinations = destinations

    def schedule(self, scheduler: Scheduler) -> None:
        """Fire the enabled rules at their moments."""
        for rule in self.rules.values():
            if rule.enabled:
                scheduler.add(f"rule {rule.name}", rule.schedule, partial(self._due, rule))

    def coming(self) -> Iterator[str]:
        """Each rule's name, and when it fires next."""
        for rule in self.rules.values():
            moment = rule.schedule.next_after(datetime.now(UTC)) if rule.enabled else None
            yield f"{rule.name}, {f'next at {moment:%Y-%m-%d %H:%M} UTC' if moment else 'does not fire'}"

    def find(self, name: str) -> ScheduledRule:
        """The rule of this name, or the one whose name begins so.

        Raises:
            LocalRuntimeError: there is none, or there are several.
        """
        found = [rule for rule in self.rules.values() if rule.name == name]
        found = found or [rule for rule in self.rules.values() if rule.name.startswith(name)]
        if len(found) != 1:
            what = "several rules begin with" if found else "there is no rule"
            known = ", ".join(rule.name for rule in found or self.rules.values()) or "none"
            raise LocalRuntimeError(f"{what} {name!r}; the run has {known}")
        return found[0]

    def _due(self, rule: ScheduledRule, moment: datetime) -> None:
        for _ in self.fire(rule, moment):
            pass

    def fire(
        self, rule: ScheduledRule, moment: datetime
    ) -> Iterator[tuple[Target, Future[Answer] | str | TargetError]]:
        """Call each target; gives what a function's first attempt will come to, or an execution's ARN."""
        event = self._event(rule, moment)
        for target in rule.targets:
            text = target_input(target.given, event, rule.arn)
            try:
                yield target, self._call(rule, target, text)
            except TargetError as error:
                log.error("rule %s, target %s: %s", rule.name, target.id, error)
                self._keep(rule, target, text, error)
                yield target, error

    def _call(self, rule: ScheduledRule, target: Target, text: str) -> Future[Answer] | str:
        if target.service == FUNCTION:
            return self._invoke(rule, target, text)
        machine = self._machines.machines.get(target.arn)
        if machine is None:
            raise TargetError(f"the state machine {target.arn} is not in the assembly")
        assert target.role is not None  # a rule with such a target and no role is refused
        if not target.role.allows("states:StartExecution", target.arn):
            raise TargetError(
                f"the role {target.role.name} does not allow states:StartExecution of {target.arn}"
            )
        return self._machines.start(machine, None, text).arn

    def _invoke(self, rule: ScheduledRule, target: Target, text: str) -> Future[Answer]:
        function = self._functions.get(unqualified(target.arn))
        if function is None:
            raise TargetError(f"the function {target.arn} is not in the assembly")
        if not self._permissions.allow(target.arn, rule.arn):
            raise TargetError(
                f"no AWS::Lambda::Permission lets events.amazonaws.com invoke {target.arn} for {rule.arn}"
            )
        return self._events.submit(function.arn, function.invoke, text.encode())

    def _keep(self, rule: ScheduledRule, target: Target, text: str, error: TargetError) -> None:
        if target.dead_letters is None:
            return
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target.arn,
            "ERROR_CODE": "NO_PERMISSIONS",
            "ERROR_MESSAGE": str(error),
        }
        try:
            self._destinations.send(target.dead_letters, text, attributes)
        except Exception:
            log.exception("rule %s: the dead letters %s cannot be reached", rule.name, target.dead_letters)

    def _event(self, rule: ScheduledRule, moment: datetime) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self._assembly.account,
            "time": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._assembly.region,
            "resources": [rule.arn],
            "detail": {},
        }


FIRST_ATTEMPT_SECONDS = 15 * 60 + 60
"""Lambda's longest timeout, and a minute to start."""


def outcome(target: Target, result: Future[Answer] | str | TargetError) -> dict[str, Any]:
    """What came of a target: waits for a function's first attempt, not for an execution."""
    told: dict[str, Any] = {"target": target.id, "arn": target.arn, "failed": False}
    if isinstance(result, str):
        return {**told, "execution": result}
    if isinstance(result, TargetError):
        return {**told, "failed": True, "error": str(result)}
    try:
        answer = result.result(FIRST_ATTEMPT_SECONDS)
    except Exception as error:
        return {**told, "failed": True, "error": f"{type(error).__name__}: {error}"}
    payload = answer.payload.decode("utf-8", "replace")
    try:
        document = json.loads(payload)
    except ValueError:
        document = payload
    if answer.function_error is not None:
        return {**told, "failed": True, "error": document}
    return {**told, "answer": document}
