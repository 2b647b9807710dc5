"""Writing until a deadline: what DynamoDB leaves undone is tried again, with pauses, and never for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from lambdas.click_logger.consumer.click_table import LONGEST_PAUSE_SECONDS, ClickTable
from lambdas.click_logger.consumer.logic import item_of
from tests.unit.lambdas.click_logger.clicks import Clock, aws_error, delivered

DEADLINE = 1040.0


class Throttled:
    """Takes the first of each request and leaves the rest undone, or raises what is next."""

    def __init__(self, clock: Clock, *errors: Exception, takes: int = 1) -> None:
        self._clock = clock
        self._errors = list(errors)
        self._takes = takes
        self.sizes: list[int] = []

    def batch_write_item(self, **call: dict[str, list[Any]]) -> dict[str, Any]:
        requests = call["RequestItems"]["items"]
        self._clock.sleep(0.01)
        self.sizes.append(len(requests))
        if self._errors:
            raise self._errors.pop(0)
        undone = requests[self._takes :]
        return {"UnprocessedItems": {"items": undone} if undone else {}}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(clock: Clock) -> Callable[[Any], ClickTable]:
    return lambda client: ClickTable(client, "items", clock=clock, sleep=clock.sleep)


Table = Callable[[Any], ClickTable]
ITEMS = [item_of(delivered(number), None) for number in range(60)]
FIVE = ITEMS[:5]


def test_undone_items_alone_are_tried_again(table: Table, clock: Clock) -> None:
    client = Throttled(clock)
    assert table(client).write(FIVE, DEADLINE) == []
    assert client.sizes == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "error",
    [
        aws_error("ProvisionedThroughputExceededException"),
        aws_error("InternalServerError", 500),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_a_failure_that_passes_is_tried_again(table: Table, clock: Clock, error: Exception) -> None:
    client = Throttled(clock, error, error, takes=25)
    assert table(client).write(FIVE, DEADLINE) == []
    assert client.sizes == [5, 5, 5]


def test_after_the_deadline_nothing_more_is_tried(table: Table, clock: Clock) -> None:
    client = Throttled(clock, takes=0)
    unwritten = table(client).write(ITEMS, DEADLINE)
    assert [lost.item for lost in unwritten] == ITEMS
    assert {lost.reason for lost in unwritten} == {"UnprocessedItems", "DeadlineExceeded"}
    assert DEADLINE <= clock.now < DEADLINE + 0.02
    assert len(client.sizes) > 40 / LONGEST_PAUSE_SECONDS


def test_items_that_dynamodb_refuses_are_found_one_by_one(table: Table, clock: Clock) -> None:
    refused = aws_error("ValidationException")
    client = Throttled(clock, refused, refused, takes=25)
    (lost,) = table(client).write(FIVE, DEADLINE)
    assert (lost.item, lost.reason) == (FIVE[0], "ValidationException")
    assert client.sizes == [5, 1, 1, 1, 1, 1]


def test_table_that_is_not_there_loses_no_click(table: Table, clock: Clock) -> None:
    client = Throttled(clock, *[aws_error("ResourceNotFoundException")] * 10)
    assert [lost.item for lost in table(client).write(FIVE, DEADLINE)] == FIVE
