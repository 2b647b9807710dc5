"""Records and the bodies that carry them: PutRecord and PutRecords as the API's mapping templates read them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/integrating-api-with-aws-services-kinesis.html
"""

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import orjson

from .kdg.template import TextTemplate
from .sessions import Clock
from .templates import Template


class Record(NamedTuple):
    """One event as it is sent; `flaw`: the reason for which the transform is to reject it, None if valid."""

    data: bytes
    partition_key: str
    flaw: str | None


class RecordSource:
    """Up to `max_count` records of a template, a share of them spoilt; same seed and clock, same bytes."""

    def __init__(
        self,
        template: Template | TextTemplate,
        *,
        seed: int | None,
        clock: Clock,
        max_count: int | None,
        invalid_ratio: float = 0.0,
        json_only: bool = False,
    ) -> None:
        rng = random.Random(seed)  # noqa: S311  (fake data, no secret)
        # a generator of its own: the ratio changes which events are spoilt, never the events
        self._flaw_rng = random.Random(rng.getrandbits(64))  # noqa: S311
        self._invalid_ratio = invalid_ratio
        self._invalid_count = 0
        if isinstance(template, TextTemplate):
            records = self._texts(template, rng, clock)
        else:
            self._flaws = [flaw for flaw in template.flaws if flaw.is_json or not json_only]
            records = self._records(template, rng, clock)
        self._stream = records if max_count is None else islice(records, max_count)

    def __iter__(self) -> Iterator[Record]:
        return self._stream

    def take(self, count: int) -> list[Record]:
        """The next `count` records; fewer at the end, none after it."""
        return list(islice(self._stream, count))

    def _records(self, template: Template, rng: random.Random, clock: Clock) -> Iterator[Record]:
        dumps, draw, ratio, key = (
            orjson.dumps,
            self._flaw_rng.random,
            self._invalid_ratio,
            template.partition_key,
        )
        for event in template.events(rng, clock):
            if draw() < ratio:
                flaw = self._flaws[self._invalid_count % len(self._flaws)]
                self._invalid_count += 1
                yield Record(flaw.spoil(event, self._flaw_rng), event[key], flaw.reason)
            else:
                yield Record(dumps(event), event[key], None)

    def _texts(self, template: TextTemplate, rng: random.Random, clock: Clock) -> Iterator[Record]:
        """Nobody knows which field tells one producer from another: a key a record spreads them."""
        bits = self._flaw_rng.getrandbits
        for text in template.records(rng, clock):
            yield Record(text, f"{bits(32):08x}", None)


def record_body(records: Sequence[Record]) -> bytes:
    """`PUT /streams/{name}/record`: exactly one record, its data a JSON value."""
    (record,) = records
    return orjson.dumps({"Data": orjson.Fragment(record.data), "PartitionKey": record.partition_key})


def records_body(records: Sequence[Record]) -> bytes:
    """`PUT /streams/{name}/records`: each record's data is text, one JSON document that ends in a newline."""
    return orjson.dumps(
        {
            "records": [
                {"data": record.data.decode() + "\n", "partition-key": record.partition_key}
                for record in records
            ]
        }
    )
