"""The values that pass through a delivery stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PROCESSING_FAILED = "processing-failed"
ICEBERG_FAILED = "iceberg-failed"
FORMAT_CONVERSION_FAILED = "format-conversion-failed"
ERROR_OUTPUT_TYPES = (PROCESSING_FAILED, ICEBERG_FAILED, FORMAT_CONVERSION_FAILED)


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record as the source stream holds it."""

    shard_id: str
    sequence_number: str
    partition_key: str
    data: bytes
    arrival: float
    """Epoch seconds."""

    @property
    def record_id(self) -> str:
        """Unique in the stream, and the same whenever the record is read again."""
        return f"{self.shard_id}:{self.sequence_number}"


@dataclass(frozen=True, slots=True)
class Row:
    """A record on its way to a table."""

    source: SourceRecord
    document: bytes
    database: str
    table: str
    operation: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A record on its way to the error prefix, in the words of Firehose's own envelope."""

    source: SourceRecord
    error_output_type: str
    """One of ERROR_OUTPUT_TYPES."""
    code: str
    message: str
    raw: bytes
    attempts: int = 1
    extra: Mapping[str, object] = field(default_factory=dict)
    """What the envelope has for this kind of failure alone."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of some records: every one is a row, a failure or dropped."""

    rows: tuple[Row, ...]
    failures: tuple[Failure, ...]
    dropped: int = 0


Positions = Mapping[str, str]
"""Shard id -> the sequence number of the last record covered."""
