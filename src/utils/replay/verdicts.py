"""Asks the deployed transform function what it would do with records now.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from src.utils.aws.errors import AwsCallError
from src.utils.aws.existence import named

T = TypeVar("T")

BATCH_RECORDS = 4_000
BATCH_BYTES = 4_000_000
"""Lambda takes a request of 6 MB; the rest is for the members around the data."""


class Verdict(msgspec.Struct, gc=False, rename="camel"):
    """`reason` is None for a record that is accepted."""

    reason: str | None
    event_id: str | None


class _Answer(msgspec.Struct):
    verdicts: list[Verdict]


class Judge(Protocol):
    """Whoever can say what becomes of records, given in base64."""

    def __call__(self, data: Sequence[str]) -> list[Verdict]: ...


@dataclass(frozen=True)
class TransformFunction:
    """The function behind Lambda's Invoke: its word is what the records will meet in the pipeline."""

    client: Any
    name: str

    def __call__(self, data: Sequence[str]) -> list[Verdict]:
        """One verdict a record, in order.

        Raises:
            AwsCallError: the function failed, or is one that cannot explain itself.
        """
        return [verdict for batch in _batches(data) for verdict in self._ask(batch)]

    def require(self) -> None:
        """Ask it about no records.

        Raises:
            BadInputError: there is no such function.
            AwsCallError: as for records.
        """
        with named("--function-name", "Lambda function", self.name):
            self._ask(())

    def _ask(self, data: Sequence[str]) -> list[Verdict]:
        records = [{"recordId": str(number), "data": text} for number, text in enumerate(data)]
        answer = self.client.invoke(
            FunctionName=self.name, Payload=msgspec.json.encode({"explain": True, "records": records})
        )
        payload = answer["Payload"].read()
        if "FunctionError" in answer:
            raise AwsCallError(f"function {self.name} failed: {payload.decode(errors='replace')[:500]}")
        try:
            verdicts = msgspec.json.decode(payload, type=_Answer).verdicts
        except msgspec.DecodeError as error:
            raise AwsCallError(
                f"function {self.name} answers no verdicts to `explain`: it is older than this tool,"
                " or another function"
            ) from error
        if len(verdicts) != len(data):
            raise AwsCallError(f"function {self.name} gave {len(verdicts)} verdicts for {len(data)} records")
        return verdicts


def _batches(data: Sequence[str]) -> Iterator[Sequence[str]]:
    return batches(data, (len(text) for text in data), BATCH_RECORDS, BATCH_BYTES)


def batches(items: Sequence[T], sizes: Iterable[int], most: int, most_bytes: int) -> Iterator[Sequence[T]]:
    """Runs of at most so many items and bytes; a larger item is a run of its own."""
    start = total = 0
    for index, size in enumerate(sizes):
        if index > start and (index - start >= most or total + size > most_bytes):
            yield items[start:index]
            start, total = index, 0
        total += size
    if start < len(items):
        yield items[start:]
