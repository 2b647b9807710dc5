"""Rules out of templates, and what firing one does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import LocalRuntimeError
from local_runtime.rules.rules import Rules, outcome
from local_runtime.schedules import Scheduler
from local_runtime.services.asynchronous import Destinations, asynchronous_settings
from local_runtime.services.events import Events

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:start"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:failed"
RULE = "arn:aws:events:us-east-1:123456789012:rule/monthly"
MOMENT = datetime(2026, 11, 1, 8, tzinfo=UTC)
PERMISSION = Resource(
    "Report",
    "Permission",
    "AWS::Lambda::Permission",
    {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "start",
        "Principal": "events.amazonaws.com",
        "SourceArn": RULE,
    },
    "Permission",
    {},
)


@dataclass
class Answer:
    payload: bytes
    function_error: str | None = None
    request_id: str = "1-2-3"


@dataclass
class Function:
    name: str = "start"
    arn: str = FUNCTION
    events: list[Any] = field(default_factory=list)

    def invoke(self, payload: bytes) -> Answer:
        self.events.append(json.loads(payload))
        return Answer(b'{"started": true}')


class World:
    """Rules over one function, and what was sent to the queue."""

    def __init__(self, *resources: Resource) -> None:
        queue = Resource("Report", "Queue", "AWS::SQS::Queue", {}, "https://sqs/failed", {"Arn": QUEUE})
        self.assembly = Assembly(Path(), "aws", "us-east-1", "123456789012", (queue, *resources), {}, {})
        self.function = Function()
        self.sent: list[tuple[str, str, Any]] = []
        self.events = Events()
        machines: Any = None
        functions: Any = [self.function]
        self.rules = Rules(
            self.assembly, functions, machines, self.events, Destinations(self.assembly, self._sdk)
        )

    def _sdk(self, service: str, action: str, request: Any) -> dict[str, Any]:
        self.sent.append((service, action, request))
        return {}

    def fire(self) -> Iterator[dict[str, Any]]:
        for target, result in self.rules.fire(self.rules.find("monthly"), MOMENT):
            yield outcome(target, result)


def rule(targets: list[dict[str, Any]], **properties: Any) -> Resource:
    given = {"ScheduleExpression": "cron(0 8 1 * ? *)", "Targets": targets, **properties}
    return Resource("Report", "Rule", "AWS::Events::Rule", given, "monthly", {"Arn": RULE})


TARGET: dict[str, Any] = {"Id": "start", "Arn": FUNCTION}


def test_a_function_gets_eventbridges_scheduled_event() -> None:
    world = World(rule([TARGET]), PERMISSION)

    (told,) = world.fire()

    assert told == {"target": "start", "arn": FUNCTION, "failed": False, "answer": {"started": True}}
    (event,) = world.function.events
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-01T08:00:00Z",
        "region": "us-east-1",
        "resources": [RULE],
        "detail": {},
    }


def test_without_a_permission_the_event_is_a_dead_letter() -> None:
    world = World(rule([{**TARGET, "DeadLetterConfig": {"Arn": QUEUE}, "Input": '{"a": 1}'}]))

    (told,) = world.fire()

    assert told["failed"]
    assert "no AWS::Lambda::Permission" in told["error"]
    assert world.function.events == []
    ((service, action, request),) = world.sent
    assert (service, action) == ("sqs", "sendMessage")
    assert (request["QueueUrl"], request["MessageBody"]) == ("https://sqs/failed", '{"a": 1}')
    assert request["MessageAttributes"]["RULE_ARN"]["StringValue"] == RULE


def test_the_scheduler_fires_enabled_rules_alone() -> None:
    now = datetime(2026, 10, 31, tzinfo=UTC)
    scheduler = Scheduler(lambda: now)
    World(rule([TARGET], State="DISABLED")).rules.schedule(scheduler)
    assert scheduler.run_due() is None

    World(rule([TARGET])).rules.schedule(scheduler)
    assert scheduler.run_due() == 32 * 3600


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (rule([], EventPattern={"source": ["a"]}), "rules by an event pattern are not"),
        (rule([], ScheduleExpression="cron(0 8 1 * * *)"), "one of day-of-month and day-of-week"),
        (rule([{"Id": "a", "Arn": QUEUE}]), "target a: arn:aws:sqs"),
        (rule([{**TARGET, "Input": "{"}]), "target start: Input is not JSON"),
        (rule([{"Id": "a", "Arn": "arn:aws:states:us-east-1:1:stateMachine:m"}]), "needs a RoleArn"),
    ],
)
def test_a_rule_that_cannot_be_played_is_refused_with_its_place(given: Resource, message: str) -> None:
    with pytest.raises(LocalRuntimeError) as caught:
        World(given)

    assert str(caught.value).startswith("Report/Rule: AWS::Events::Rule: ")
    assert message in str(caught.value)


def test_a_functions_asynchronous_settings_come_from_its_template() -> None:
    function = Resource(
        "Report",
        "Start",
        "AWS::Lambda::Function",
        {"DeadLetterConfig": {"TargetArn": QUEUE}},
        "start",
        {"Arn": FUNCTION},
    )
    config = Resource(
        "Report",
        "Retries",
        "AWS::Lambda::EventInvokeConfig",
        {
            "FunctionName": FUNCTION,
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 60,
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
        },
        "Retries",
        {},
    )

    settings = asynchronous_settings(World(function, config).assembly)["start"]

    assert (settings.retries, settings.maximum_age_seconds) == (0, 60)
    assert (settings.on_failure, settings.on_success, settings.dead_letters) == (QUEUE, None, QUEUE)


def test_a_destination_that_is_not_played_is_refused() -> None:
    config = Resource(
        "Report",
        "Retries",
        "AWS::Lambda::EventInvokeConfig",
        {
            "FunctionName": "f",
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:events:r:1:event-bus/b"}},
        },
        "Retries",
        {},
    )

    with pytest.raises(LocalRuntimeError, match=r"Report/Retries.*is not played; sqs, sns, lambda are"):
        asynchronous_settings(World(config).assembly)
