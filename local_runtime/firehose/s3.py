"""The S3 destination: one object a batch, its records one after another, or converted to Parquet.

https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
"""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from local_runtime.firehose.config import S3Output
from local_runtime.firehose.error_output import object_name
from local_runtime.firehose.ledger import Batch
from local_runtime.firehose.memory import release_arrow_memory
from local_runtime.firehose.prefixes import data_prefix
from local_runtime.firehose.records import Failure, Row

if TYPE_CHECKING:
    import pyarrow as pa

    from local_runtime.firehose.format_conversion import Converter


class Objects(Protocol):
    """The buckets."""

    def put(self, bucket: str, key: str, data: bytes) -> None: ...
    def exists(self, bucket: str, key: str) -> bool: ...


@dataclass(frozen=True)
class S3Rows:
    """Some records as they will stand in the object: text, or rows of Parquet."""

    record_count: int
    failures: tuple[Failure, ...]
    oldest: float | None
    """Epoch seconds of the oldest record's arrival; None without any record."""
    text: bytes = b""
    rows: pa.Table | None = None


@dataclass(frozen=True)
class S3Object:
    """One object to be put; without a key there is nothing to put."""

    key: str | None
    body: bytes

    @property
    def targets(self) -> list[str]:
        return [] if self.key is None else [self.key]


class S3Destination:
    """Delivers to one bucket; an object's name depends on the batch, so that a second put changes nothing."""

    def __init__(
        self, output: S3Output, objects: Objects, delivery_stream: str, converter: Converter | None = None
    ) -> None:
        self._output = output
        self._objects = objects
        self._delivery_stream = delivery_stream
        self._converter = converter

    def prepare(self, rows: Sequence[Row]) -> S3Rows:
        """Records as given, each with the delimiter after it; or their JSON as rows of the Glue table."""
        oldest = min((row.source.arrival for row in rows), default=None)
        if self._converter is None:
            text = b"".join(row.document + self._output.delimiter for row in rows)
            return S3Rows(len(rows), (), oldest, text=text)
        table, count, failures = self._converter.convert(rows)
        return S3Rows(count, tuple(failures), oldest if count else None, rows=table)

    def seal(self, batch_id: uuid.UUID, parts: Sequence[S3Rows]) -> S3Object:
        arrivals = [part.oldest for part in parts if part.oldest is not None]
        if not arrivals:
            return S3Object(None, b"")
        object_id = uuid.uuid5(batch_id, "data")
        moment = datetime.fromtimestamp(min(arrivals), self._output.zone)
        prefix = data_prefix(self._output.prefix, moment, object_id=object_id)
        name = object_name(self._delivery_stream, moment, object_id)
        return S3Object(f"{prefix}{name}{self._output.file_extension}", self._body(parts))

    def _body(self, parts: Sequence[S3Rows]) -> bytes:
        if self._converter is not None:
            import pyarrow as pa

            return self._converter.parquet(
                pa.concat_tables([part.rows for part in parts if part.rows is not None])
            )
        text = b"".join(part.text for part in parts)
        return gzip.compress(text, mtime=0) if self._output.compression == "GZIP" else text

    def commit(self, batch: Batch, sealed: S3Object) -> None:
        if sealed.key is not None:
            self._objects.put(self._output.bucket, sealed.key, sealed.body)

    def has(self, batch: Batch, target: str) -> bool:
        return self._objects.exists(self._output.bucket, target)

    def dump(self, sealed: S3Object) -> bytes:
        return f"{sealed.key}\n".encode() + sealed.body

    def load(self, data: bytes) -> S3Object:
        key, _, body = data.partition(b"\n")
        return S3Object(key.decode(), body)

    def release(self) -> None:
        if self._converter is not None:
            release_arrow_memory()
