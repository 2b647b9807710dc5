"""The delivery streams of an assembly, each with its source, its transform function and its destination."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local_runtime.assembly import Assembly, Resource
from local_runtime.errors import UnsupportedResourceError
from local_runtime.firehose.config import DeliveryStreamSettings, IcebergOutput
from local_runtime.firehose.crash_point import CrashPoint
from local_runtime.firehose.delivery import Delivery, Source
from local_runtime.firehose.destination import Destination
from local_runtime.firehose.direct_put import DirectPut, DirectPutStore
from local_runtime.firehose.iceberg import IcebergDestination
from local_runtime.firehose.ledger import Ledger
from local_runtime.firehose.records import Positions, SourceRecord
from local_runtime.firehose.s3 import S3Destination
from local_runtime.firehose.transform import Transformer
from local_runtime.kinesis.store import StreamStore
from local_runtime.lambdas.function import LambdaFunction

if TYPE_CHECKING:
    from local_runtime.lakehouse.lakehouse import Lakehouse
    from local_runtime.lakehouse.object_store import ObjectStore

_PAGE_RECORDS, _PAGE_BYTES = 10_000, 10 * 1024 * 1024

DELIVERY_STREAM_TYPE = "AWS::KinesisFirehose::DeliveryStream"


@dataclass(frozen=True)
class StreamSource:
    """A Kinesis stream as its delivery stream reads it."""

    store: StreamStore
    stream: str
    clock: Callable[[], float] = time.time

    def shard_ids(self) -> Sequence[str]:
        return [shard.shard_id for shard in self.store.shards(self.stream)]

    def read(self, shard_id: str, after: str | None, limit: int, max_bytes: int) -> Sequence[SourceRecord]:
        records = self.store.read(self.stream, shard_id, after, limit, max_bytes)
        return [
            SourceRecord(shard_id, item.sequence_number, item.partition_key, item.data, item.arrival)
            for item in records
        ]

    def latest(self) -> dict[str, str]:
        return self.store.newest(self.stream)

    def waiting(self, positions: Positions) -> tuple[int, int, float | None]:
        """Records, bytes and oldest arrival of what comes after the positions."""
        backlog = self.store.backlog(self.stream, positions)
        return backlog.records, backlog.bytes, backlog.oldest_arrival

    def expired(self, positions: Positions) -> tuple[int, Positions]:
        """How many records after the positions are past the stream's retention, and where they end."""
        stream = self.store.stream(self.stream)
        assert stream is not None  # the factory has looked
        horizon = self.clock() - stream.definition.retention_hours * 3600
        oldest = self.waiting(positions)[2]
        if oldest is None or oldest >= horizon:
            return 0, positions
        count, upto = 0, dict(positions)
        for shard_id in self.shard_ids():
            for record in self._older(shard_id, positions.get(shard_id), horizon):
                count, upto[shard_id] = count + 1, record.sequence_number
        return count, upto

    def _older(self, shard_id: str, after: str | None, horizon: float) -> Iterator[SourceRecord]:
        while records := self.read(shard_id, after, _PAGE_RECORDS, _PAGE_BYTES):
            for record in records:
                if record.arrival >= horizon:
                    return
                yield record
            after = records[-1].sequence_number

    def forget(self, positions: Positions) -> None:
        """Nothing: a stream keeps what is delivered until its retention is over."""


@dataclass(frozen=True)
class Buckets:
    """The run's buckets, there as soon as the lakehouse is."""

    lakehouse: Callable[[], Lakehouse]

    @property
    def _objects(self) -> ObjectStore:
        return self.lakehouse().objects

    def put(self, bucket: str, key: str, data: bytes) -> None:
        self._objects.put(bucket, key, data)

    def delete(self, bucket: str, key: str) -> None:
        self._objects.delete(bucket, key)

    def exists(self, bucket: str, key: str) -> bool:
        return self._objects.path(bucket, key).is_file()


@dataclass(frozen=True)
class DeliveryFactory:
    """What the delivery streams of a run share."""

    assembly: Assembly
    streams: StreamStore
    direct_puts: DirectPutStore
    ledger: Ledger
    functions: Sequence[LambdaFunction]
    lakehouse: Callable[[], Lakehouse]
    """Waits until the lakehouse is there."""
    interval_seconds: float | None
    parallel: int
    crash_point: CrashPoint

    def build(self) -> list[Delivery]:
        """Every delivery stream of the assembly.

        Raises:
            LocalRuntimeError: one of them names something that the assembly does not have.
        """
        return [self._delivery(resource) for resource in self.assembly.of_type(DELIVERY_STREAM_TYPE)]

    def _delivery(self, resource: Resource) -> Delivery:
        settings = DeliveryStreamSettings.from_resource(resource)
        return Delivery(
            settings,
            source=self._source(resource, settings),
            transformer=self._transformer(resource, settings),
            destination=self._destination(settings),
            objects=Buckets(self.lakehouse),
            ledger=self.ledger,
            interval_seconds=self.interval_seconds,
            parallel=self.parallel,
            crash_point=self.crash_point,
        )

    def _source(self, resource: Resource, settings: DeliveryStreamSettings) -> Source:
        if settings.source_stream_arn is None:
            return DirectPut(self.direct_puts, settings.name)
        stream = settings.source_stream_arn.rsplit("/", 1)[1]
        if self.streams.stream(stream) is None:
            raise _unsupported(resource, f"the source stream {stream!r} is not in the assembly")
        return StreamSource(self.streams, stream)

    def _transformer(self, resource: Resource, settings: DeliveryStreamSettings) -> Transformer | None:
        if settings.transform is None:
            return None
        arn = settings.transform.function_arn
        for function in self.functions:
            if arn == function.arn or arn.startswith(f"{function.arn}:"):
                return Transformer(settings, settings.transform, function, self.assembly.region)
        names = ", ".join(function.name for function in self.functions) or "none"
        raise _unsupported(
            resource, f"the transform function {arn} is not in the assembly (functions: {names})"
        )

    def _destination(self, settings: DeliveryStreamSettings) -> Callable[[], Destination[Any, Any]]:
        output = settings.destination
        if isinstance(output, IcebergOutput):
            tables = output.tables
            return lambda: IcebergDestination(self.lakehouse(), settings.name, tables)
        converter = None
        if output.conversion is not None:
            from local_runtime.firehose.format_conversion import Converter

            converter = Converter.from_assembly(output.conversion, self.assembly)
        destination = S3Destination(output, Buckets(self.lakehouse), settings.name, converter)
        return lambda: destination


def direct_puts(deliveries: Sequence[Delivery]) -> Mapping[str, DirectPut]:
    """The delivery streams that producers put to, by name."""
    return {
        delivery.name: delivery.source for delivery in deliveries if isinstance(delivery.source, DirectPut)
    }


def stream_readers(deliveries: Sequence[Delivery]) -> Mapping[str, Sequence[Positions]]:
    """Stream -> how far each delivery stream that reads it has come."""
    readers: dict[str, list[Positions]] = defaultdict(list)
    for delivery in deliveries:
        if isinstance(delivery.source, StreamSource):
            readers[delivery.source.stream].append(delivery.positions())
    return readers


def _unsupported(resource: Resource, detail: str) -> UnsupportedResourceError:
    return UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
