"""What a delivery stream has read and converted, and not delivered yet.

https://docs.aws.amazon.com/firehose/latest/dev/create-configure-backup.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from local_runtime.firehose.config import Buffering
from local_runtime.firehose.destination import Prepared
from local_runtime.firehose.records import Failure, Outcomes, Positions, SourceRecord


def covers(positions: Positions, goal: Positions) -> bool:
    """Whether every shard's position is at the goal or past it."""
    return all(positions.get(shard_id, "") >= sequence for shard_id, sequence in goal.items())


def with_failures(counts: Mapping[str, int], failures: Sequence[Failure]) -> dict[str, int]:
    """Counts with failures added, by their kind and by their code."""
    added = dict(counts)
    for failure in failures:
        for name in (failure.error_output_type, f"{failure.error_output_type}:{failure.code}"):
            added[name] = added.get(name, 0) + 1
    return added


@dataclass
class Buffer:
    """Converted records that wait for delivery, and the source positions they reach to."""

    after: dict[str, str]
    upto: dict[str, str] = field(default_factory=dict)
    parts: list[Prepared] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    dropped: int = 0
    records: int = 0
    bytes: int = 0
    oldest: float | None = None

    def add(self, records: Sequence[SourceRecord], outcomes: Outcomes, part: Prepared, now: float) -> None:
        """Take records in; of those that fit their table only the converted rows are kept."""
        if self.oldest is None:
            self.oldest = now
        self.parts.append(part)
        self.failures += [*outcomes.failures, *part.failures]
        self.dropped += outcomes.dropped
        self.records += len(records)
        self.bytes += sum(len(record.data) for record in records)
        for record in records:
            self.upto[record.shard_id] = record.sequence_number

    @property
    def counts(self) -> dict[str, int]:
        counts = {"stored": sum(part.record_count for part in self.parts), "dropped": self.dropped}
        return with_failures(counts, self.failures)

    @property
    def reached(self) -> dict[str, str]:
        return {**self.after, **self.upto}

    def reaches(self, goal: Positions) -> bool:
        return covers(self.reached, goal)

    def is_due(self, hints: Buffering, now: float) -> bool:
        if self.oldest is None:
            return False
        return self.bytes >= hints.size_bytes or now - self.oldest >= hints.interval_seconds
