"""The stream that takes the records back, and that can be asked whether it did.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from src.utils.aws.errors import AwsCallError, BadInputError

from .ledger import Batch, Ledger

PUT_RECORDS = 500
PUT_BYTES = 4_500_000
"""Kinesis takes 5 MiB (10 MiB of late), partition keys included."""
SETTLE_SECONDS = 5.0
"""After which a request of a process that was killed is through or never will be."""
CLOCK_SKEW = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0


class Stream(Protocol):
    """Where records go back to."""

    @property
    def name(self) -> str: ...

    def put(self, records: Sequence[tuple[str, bytes]]) -> list[int]:
        """Put (partition key, data) once; the indexes that were refused.

        Raises:
            UncertainError: nobody knows which of them arrived.
        """
        ...

    def find(self, batch: Batch) -> set[int]:
        """Which records of a batch are in the stream."""
        ...

    def remembers(self, moment: float) -> bool:
        """Whether a record put at that moment would still be in the stream."""
        ...


class UncertainError(AwsCallError):
    """The answer to a put was lost."""


@dataclass(frozen=True)
class KinesisStream:
    """A `Stream` of Kinesis. The client must not retry by itself: a retry after a lost answer puts twice."""

    client: Any
    name: str

    def put(self, records: Sequence[tuple[str, bytes]]) -> list[int]:
        from botocore.exceptions import ClientError, HTTPClientError

        entries = [{"PartitionKey": key, "Data": data} for key, data in records]
        try:
            answer = self.client.put_records(StreamName=self.name, Records=entries)
        except HTTPClientError as error:
            raise UncertainError(f"the answer to PutRecords was lost: {error}") from error
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise UncertainError(f"PutRecords failed: {error}") from error
            if error.response["Error"]["Code"] in (
                "ProvisionedThroughputExceededException",
                "LimitExceededException",
            ):
                return list(range(len(records)))
            raise
        return [index for index, item in enumerate(answer["Records"]) if "ErrorCode" in item]

    def find(self, batch: Batch) -> set[int]:
        start = datetime.fromtimestamp(batch.claimed_at, UTC) - CLOCK_SKEW
        wanted = {batch.partition_key(index): index for index in range(len(batch.keys))}
        return {wanted[key] for key in self._partition_keys(start) if key in wanted}

    def _partition_keys(self, start: datetime) -> Iterator[str]:
        pages = self.client.get_paginator("list_shards").paginate(StreamName=self.name)
        for shard in (shard for page in pages for shard in page["Shards"]):
            iterator = self.client.get_shard_iterator(
                StreamName=self.name,
                ShardId=shard["ShardId"],
                ShardIteratorType="AT_TIMESTAMP",
                Timestamp=start,
            )["ShardIterator"]
            while iterator is not None:
                answer = self._read(iterator)
                yield from (record["PartitionKey"] for record in answer["Records"])
                at_tip = answer["MillisBehindLatest"] == 0
                iterator = None if at_tip else answer.get("NextShardIterator")

    def _read(self, iterator: str) -> dict[str, Any]:
        pause = FIRST_PAUSE
        while True:
            try:
                return dict(self.client.get_records(ShardIterator=iterator))
            except self.client.exceptions.ProvisionedThroughputExceededException:
                # Firehose reads this shard too: five calls a second are for all.
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def remembers(self, moment: float) -> bool:
        summary = self.client.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]
        return time.time() - moment < float(summary["RetentionPeriodHours"]) * 3600


@dataclass(frozen=True)
class Putter:
    """Puts records so that each is in the stream once, whatever answer is lost."""

    stream: Stream
    ledger: Ledger
    attempts: int = 10
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time

    def put(self, records: Sequence[tuple[str, bytes]]) -> set[str]:
        """Put (ledger key, data); the keys of those that the stream kept refusing."""
        batch = self.ledger.claim(self.stream.name, [key for key, _ in records])
        waiting = list(range(len(records)))
        pause = FIRST_PAUSE
        for attempt in range(self.attempts):
            if attempt:
                self.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            waiting = self._try(batch, records, waiting)
            if not waiting:
                break
        self.ledger.confirm(batch, set(range(len(records))) - set(waiting))
        return {batch.keys[index] for index in waiting}

    def _try(self, batch: Batch, records: Sequence[tuple[str, bytes]], waiting: list[int]) -> list[int]:
        entries = [(batch.partition_key(index), records[index][1]) for index in waiting]
        try:
            return [waiting[index] for index in self.stream.put(entries)]
        except UncertainError:
            self.sleep(SETTLE_SECONDS)
            found = self.stream.find(batch)
            return [index for index in waiting if index not in found]

    def settle(self, batch: Batch, assume: str | None) -> None:
        """Find out what became of a batch that nobody confirmed.

        Raises:
            BadInputError: the stream has forgotten, and `assume` (put, lost) does not say what happened.
        """
        if batch.stream != self.stream.name:
            raise BadInputError(
                f"a replay into stream {batch.stream} was interrupted: finish it first,"
                f" with --stream-name {batch.stream}"
            )
        since = self.clock() - batch.claimed_at
        if self.stream.remembers(batch.claimed_at):
            self.sleep(max(0.0, SETTLE_SECONDS - since))
            self.ledger.confirm(batch, self.stream.find(batch))
        elif assume is None:
            raise BadInputError(
                f"a batch of {len(batch.keys)} records was interrupted {since / 3600:.0f} hours ago, longer"
                " than the stream keeps records, so it cannot tell which of them it took: look for them in"
                " the table, then pass --assume put or --assume lost"
            )
        else:
            self.ledger.confirm(batch, range(len(batch.keys)) if assume == "put" else ())
