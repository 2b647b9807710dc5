"""DynamoDB and S3 fail as they like while Firehose delivers: each click is kept, and no row is twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.click_logger.consumer import handler
from lambdas.click_logger.consumer.click_table import ClickTable
from lambdas.click_logger.consumer.dead_letters import DeadLetters
from src.utils.redrive.redrive import Redrive, Tally
from tests.unit.lambdas.click_logger.clicks import Clock, aws_error, delivered, record

RETRIES = 3
TIMEOUT = handler.RESERVE_SECONDS + 5
POISON = b"no click"
TABLE_FAULTS = ("none", "some", "throttle", "server-error", "no-table", "refuse")
Key = tuple[str, str]


@dataclass
class World:
    """What a batch of clicks meets: one fault a request, then none."""

    table_faults: list[str]
    bucket_faults: list[bool]
    refused: set[str]
    clock: Clock = field(default_factory=Clock)
    items: dict[Key, Any] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    error_prefix: list[str] = field(default_factory=list)

    def batch_write_item(self, **call: Any) -> dict[str, Any]:
        self.clock.sleep(0.2)
        requests = call["RequestItems"]["items"]
        fault = self.table_faults.pop(0) if self.table_faults else "none"
        if fault in ERRORS:
            raise ERRORS[fault]
        if any(request["PutRequest"]["Item"]["requestid"]["S"] in self.refused for request in requests):
            raise aws_error("ValidationException")
        done = len(requests) // 2 if fault == "some" else len(requests)
        for request in requests[:done]:
            self._write(request["PutRequest"]["Item"])
        return {"UnprocessedItems": {"items": requests[done:]} if done < len(requests) else {}}

    def _write(self, item: Any) -> None:
        self.items[item["requestid"]["S"], item["contextid"]["S"]] = item

    def put_object(self, **call: Any) -> None:
        if self.bucket_faults and self.bucket_faults.pop(0):
            raise aws_error("ServiceUnavailable", 503)
        self.objects[call["Key"]] = call["Body"]

    def deliver(self, number: int, payloads: list[Any]) -> None:
        """One batch as Firehose delivers it: the function again when it fails, else the error prefix."""
        records = [record(place, payload) for place, payload in enumerate(payloads)]
        for _ in range(1 + RETRIES):
            started = self.clock()
            context = SimpleNamespace(
                aws_request_id="r",
                function_name="consumer",
                get_remaining_time_in_millis=lambda: (started + TIMEOUT - self.clock()) * 1000,  # noqa: B023
            )
            event: Any = {"invocationId": f"i-{number}", "records": records}
            try:
                replies = handler.lambda_handler(event, context)["records"]
            except type(aws_error("")):
                continue
            assert self.clock() - started <= TIMEOUT
            for reply in replies:
                (self.rows if reply["result"] == "Ok" else self.error_prefix).append(reply["data"])
            return
        self.error_prefix += [item["data"] for item in records]


ERRORS = {
    "throttle": aws_error("ProvisionedThroughputExceededException"),
    "server-error": aws_error("InternalServerError", 500),
    "no-table": aws_error("ResourceNotFoundException"),
    "refuse": aws_error("ValidationException"),
}


@pytest.fixture(scope="module")
def play() -> Any:
    """Puts a world where the handler finds AWS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handler, "settings", lambda: SimpleNamespace(**SETTINGS))

        def play(world: World) -> World:
            table = ClickTable(world, "items", clock=world.clock, sleep=world.clock.sleep)
            patch.setattr(handler, "click_table", lambda: table)
            patch.setattr(handler, "dead_letters", lambda: DeadLetters(world, "bucket", "dead/"))
            patch.setattr(handler, "time", SimpleNamespace(monotonic=world.clock))
            return world

        yield play


SETTINGS = {"items_expire_after_days": 30, "metrics_namespace": "ClickLogger"}
WORLDS = st.builds(
    World,
    table_faults=st.lists(st.sampled_from(TABLE_FAULTS), max_size=30),
    bucket_faults=st.lists(st.booleans(), max_size=8),
    refused=st.sets(st.sampled_from([f"r-{number}" for number in range(60)]), max_size=3),
)
BATCHES = st.lists(
    st.lists(st.integers(0, 59).map(delivered) | st.just(POISON), max_size=60), min_size=1, max_size=3
)


@settings(max_examples=150, deadline=None)
@given(world=WORLDS, batches=BATCHES)
def test_every_click_is_accounted_for_whatever_fails(
    world: World, batches: list[list[Any]], play: Callable[[World], World]
) -> None:
    play(world)
    for number, payloads in enumerate(batches):
        world.deliver(number, payloads)

    sent = Counter(item["data"] for payloads in batches for item in map(record, range(99), payloads))
    assert Counter(world.rows) + Counter(world.error_prefix) == sent  # every record once, in one of the two

    letters = [json.loads(line)["item"] for body in world.objects.values() for line in body.splitlines()]
    lettered = {(item["requestid"]["S"], item["contextid"]["S"]) for item in letters}
    clicks = {record(0, delivered(number))["data"]: (f"r-{number}", "c-1") for number in range(60)}
    kept_as_rows = {clicks[data] for data in world.rows}
    assert kept_as_rows <= world.items.keys() | lettered  # what is a row is an item or a dead letter

    world.refused = set()
    redrive(world)
    assert kept_as_rows <= world.items.keys()
    assert not world.objects


def redrive(world: World) -> None:
    """The tool's own loop on the same table and bucket."""

    class FoundError(Exception):
        pass

    def put_item(**call: Any) -> None:
        if (call["Item"]["requestid"]["S"], call["Item"]["contextid"]["S"]) in world.items:
            raise FoundError
        world._write(call["Item"])

    pages = [{"Contents": [{"Key": key} for key in world.objects]}]
    s3 = SimpleNamespace(
        get_paginator=lambda _: SimpleNamespace(paginate=lambda **_call: pages),
        get_object=lambda **call: {"Body": SimpleNamespace(read=lambda: world.objects[call["Key"]])},
        delete_object=lambda **call: world.objects.pop(call["Key"]),
    )
    errors = SimpleNamespace(ConditionalCheckFailedException=FoundError, ClientError=type(aws_error("")))
    dynamodb = SimpleNamespace(put_item=put_item, exceptions=errors)
    Redrive(s3, "bucket", "dead/", dynamodb, "items").run(Tally())
