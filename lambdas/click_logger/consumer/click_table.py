"""Writes clicks to DynamoDB until a deadline, each by its key: one that comes again changes nothing.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.click_logger.consumer.logic import Item
from lambdas.common.aws_client import error_code, is_passing

BATCH_SIZE = 25
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Unwritten:
    """An item that is not in the table, and why."""

    item: Item
    reason: str


class ClickTable:
    """`client` is DynamoDB's; `clock` and `sleep` count seconds."""

    def __init__(
        self, client: Any, name: str, *, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._client = client
        self._name = name
        self._clock = clock
        self._sleep = sleep

    def write(self, items: Sequence[Item], deadline: float) -> list[Unwritten]:
        """What could not be written; after the deadline nothing more is tried. No two items have one key."""
        unwritten: list[Unwritten] = []
        rest = iter(items)
        while batch := list(islice(rest, BATCH_SIZE)):
            unwritten += self._write_batch(batch, deadline)
        return unwritten

    def _write_batch(self, batch: Sequence[Item], deadline: float) -> list[Unwritten]:
        attempt, reason = 0, "DeadlineExceeded"
        while self._clock() < deadline:
            try:
                batch = self._write_once(batch)
                reason = "UnprocessedItems"
            except (ClientError, BotoCoreError) as error:
                reason = error_code(error)
                if not is_passing(error):
                    return self._write_each(batch, reason, deadline)
            if not batch:
                return []
            self._pause(attempt, deadline)
            attempt += 1
        return [Unwritten(item, reason) for item in batch]

    def _write_each(self, batch: Sequence[Item], reason: str, deadline: float) -> list[Unwritten]:
        """One item that DynamoDB refuses fails the whole request; the others are none the worse for it."""
        if len(batch) == 1:
            return [Unwritten(batch[0], reason)]
        return [lost for item in batch for lost in self._write_batch([item], deadline)]

    def _write_once(self, batch: Sequence[Item]) -> list[Item]:
        """The items that DynamoDB left undone."""
        requests = [{"PutRequest": {"Item": item}} for item in batch]
        answer = self._client.batch_write_item(RequestItems={self._name: requests})
        undone = answer.get("UnprocessedItems", {}).get(self._name, [])
        return [request["PutRequest"]["Item"] for request in undone]

    def _pause(self, attempt: int, deadline: float) -> None:
        """https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/"""
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**attempt, deadline - self._clock())
        self._sleep(random.uniform(0, max(0.0, longest)))  # noqa: S311
