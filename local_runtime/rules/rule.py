"""A rule of a template: its schedule and its targets.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import UnsupportedResourceError
from local_runtime.gateway.iam import Role, assumed_role
from local_runtime.rules.target_input import problem
from local_runtime.schedules import Schedule, ScheduleError, parse_schedule

FUNCTION, STATE_MACHINE = "lambda", "states"


@dataclass(frozen=True)
class Target:
    id: str
    arn: str
    given: Mapping[str, Any]
    """The target as the template has it."""
    role: Role | None
    """What EventBridge assumes to start a state machine."""

    @property
    def service(self) -> str:
        return self.arn.split(":")[2]

    @property
    def dead_letters(self) -> str | None:
        arn = self.given.get("DeadLetterConfig", {}).get("Arn")
        return None if arn is None else str(arn)


@dataclass(frozen=True)
class ScheduledRule:
    name: str
    arn: str
    schedule: Schedule
    enabled: bool
    targets: tuple[Target, ...]

    @classmethod
    def from_resource(cls, resource: Resource, assembly: Assembly) -> ScheduledRule:
        """
        Raises:
            UnsupportedResourceError: it has an event pattern, a schedule that AWS would refuse, or a target
                that is not played.
            LocalRuntimeError: a target's role is not in the assembly or does not trust EventBridge.
        """
        given = resource.properties
        if "EventPattern" in given or "ScheduleExpression" not in given:
            raise _unsupported(resource, "rules by a schedule are played, rules by an event pattern are not")
        try:
            schedule = parse_schedule(str(given["ScheduleExpression"]))
        except ScheduleError as error:
            raise _unsupported(resource, f"ScheduleExpression {error}") from None
        targets = tuple(_target(resource, target, assembly) for target in given.get("Targets", ()))
        enabled = given.get("State", "ENABLED") != "DISABLED"
        return cls(resource.physical_id, resource.arn, schedule, enabled, targets)


def _target(resource: Resource, given: Mapping[str, Any], assembly: Assembly) -> Target:
    name, arn = str(given["Id"]), str(given["Arn"])
    service = arn.split(":")[2]
    if service not in (FUNCTION, STATE_MACHINE):
        raise _unsupported(resource, f"target {name}: {arn} is neither a function nor a state machine")
    wrong = problem(given)
    if wrong is not None:
        raise _unsupported(resource, f"target {name}: {wrong}")
    role = None
    if service == STATE_MACHINE:
        if "RoleArn" not in given:
            raise _unsupported(resource, f"target {name}: a state machine needs a RoleArn")
        role = assumed_role(assembly, str(given["RoleArn"]), "events.amazonaws.com")
    return Target(name, arn, given, role)


def _unsupported(resource: Resource, detail: str) -> UnsupportedResourceError:
    return UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
