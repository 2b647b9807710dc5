"""One run: the resources of an assembly brought to life over a state directory.

The API and the stream are up at once; the lakehouse, which takes seconds to import, follows in a thread,
and with it delivery and SQL.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_runtime.assembly import Assembly, Resource
from local_runtime.errors import UnsupportedResourceError
from local_runtime.firehose.config import DeliveryStreamSettings
from local_runtime.firehose.delivery import Delivery
from local_runtime.firehose.iceberg import IcebergDestination
from local_runtime.firehose.ledger import Ledger
from local_runtime.firehose.records import SourceRecord
from local_runtime.firehose.transform import Transformer
from local_runtime.gateway.app import Gateway
from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.service import KinesisService
from local_runtime.kinesis.store import StreamStore
from local_runtime.lambdas.function import LambdaFunction
from local_runtime.lambdas.logs import LogFile
from local_runtime.metrics import Metrics
from local_runtime.state import StateDirectory

if TYPE_CHECKING:
    from local_runtime.athena.engine import Athena
    from local_runtime.lakehouse.lakehouse import Lakehouse

log = logging.getLogger(__name__)

FUNCTION_CONCURRENCY = 2
TRIM_SECONDS = 60.0


@dataclass(frozen=True)
class StreamSource:
    """A Kinesis stream as its delivery stream reads it."""

    store: StreamStore
    stream: str

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


class LocalRun:
    """Everything of one run that is not HTTP."""

    def __init__(
        self,
        assembly: Assembly,
        state: StateDirectory,
        *,
        endpoint_url: str,
        interval_seconds: float | None = None,
        crash_point: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.assembly = assembly
        self.metrics = Metrics()
        self._state = state
        self._endpoint_url = endpoint_url
        self._interval_seconds = interval_seconds
        self._crash_point = crash_point
        self._access_log = LogFile(state.logs / "access.log")
        self.streams = StreamStore(state.kinesis)
        for resource in assembly.of_type("AWS::Kinesis::Stream"):
            self.streams.ensure_stream(StreamDefinition.from_resource(resource))
        self.kinesis = KinesisService(self.streams)
        self.gateway = Gateway(assembly, {"kinesis": self.kinesis}, on_access=self._access_log)
        self.functions = [self._function(item) for item in assembly.of_type("AWS::Lambda::Function")]
        self._ledger = Ledger(state.firehose)
        self.deliveries = self._build_deliveries()
        self._lakehouse: Lakehouse | None = None
        self._athena: Athena | None = None
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self.failure: BaseException | None = None

    def _function(self, resource: Resource) -> LambdaFunction:
        log_file = LogFile(self._state.logs / f"{resource.physical_id}.log")

        def sink(line: str) -> None:
            log_file(line)
            self.metrics.read_log_line(line)

        return LambdaFunction.from_resource(
            resource,
            self.assembly,
            state=self._state.root,
            endpoint_url=self._endpoint_url,
            concurrency=FUNCTION_CONCURRENCY,
            sink=sink,
        )

    def _build_deliveries(self) -> list[Delivery]:
        deliveries = []
        for resource in self.assembly.of_type("AWS::KinesisFirehose::DeliveryStream"):
            settings = DeliveryStreamSettings.from_resource(resource)
            stream = settings.source_stream_arn.rsplit("/", 1)[1]
            if self.streams.stream(stream) is None:
                detail = f"the source stream {stream!r} is not in the assembly"
                raise UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
            deliveries.append(self._delivery(settings, stream))
        return deliveries

    def _delivery(self, settings: DeliveryStreamSettings, stream: str) -> Delivery:
        transformer = None
        if settings.transform is not None:
            function = self._function_by_arn(settings.transform.function_arn)
            transformer = Transformer(settings, settings.transform, function, self.assembly.region)
        return Delivery(
            settings,
            source=StreamSource(self.streams, stream),
            transformer=transformer,
            destination=lambda: IcebergDestination(self.lakehouse, settings.name),
            objects=self,
            ledger=self._ledger,
            interval_seconds=self._interval_seconds,
            parallel=FUNCTION_CONCURRENCY,
            crash_point=self._crash_point,
        )

    def _function_by_arn(self, arn: str) -> LambdaFunction:
        for function in self.functions:
            if arn == function.arn or arn.startswith(f"{function.arn}:"):
                return function
        names = ", ".join(function.name for function in self.functions) or "none"
        raise LookupError(
            f"the delivery's transform function {arn} is not in the assembly (functions: {names})"
        )

    @property
    def lakehouse(self) -> Lakehouse:
        """The tables; waits until they are there.

        Raises:
            RuntimeError: they could not be opened.
        """
        self._ready.wait()
        if self._lakehouse is None:
            raise RuntimeError(f"the lakehouse is not available: {self.failure}")
        return self._lakehouse

    @property
    def athena(self) -> Athena:
        self._ready.wait()
        if self._athena is None:
            raise RuntimeError(f"Athena is not available: {self.failure}")
        return self._athena

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set() and self.failure is None

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Write an object; the delivery's error output comes through here."""
        self.lakehouse.objects.put(bucket, key, data)

    def start(self) -> None:
        """Bring up what takes time, in the background."""
        threading.Thread(target=self._open_lakehouse, name="lakehouse", daemon=True).start()
        threading.Thread(target=self._trim_forever, name="retention", daemon=True).start()
        for delivery in self.deliveries:
            delivery.start()

    def _open_lakehouse(self) -> None:
        try:
            from local_runtime.athena.engine import Athena
            from local_runtime.lakehouse.lakehouse import Lakehouse
            from local_runtime.lakehouse.object_store import ObjectStore

            objects = ObjectStore(self._state.objects)
            for resource in self.assembly.of_type("AWS::S3::Bucket"):
                objects.create_bucket(resource.physical_id)
            lakehouse = Lakehouse(self._state.root, objects)
            for resource in self.assembly.of_type("AWS::Glue::Database"):
                lakehouse.ensure_database(resource)
            for resource in self.assembly.of_type("AWS::Glue::Table"):
                lakehouse.ensure_table(resource)
            self._lakehouse = lakehouse
            self._athena = Athena(lakehouse)
        except BaseException as error:
            log.exception("the lakehouse could not be opened")
            self.failure = error
        finally:
            self._ready.set()

    def _trim_forever(self) -> None:
        while not self._stopping.wait(TRIM_SECONDS):
            try:
                self.streams.trim()
            except Exception:
                log.exception("records past their retention could not be removed; trying again later")

    def stop(self) -> None:
        """End all threads and processes of the run; nothing is drained, everything accepted is kept."""
        self._stopping.set()
        for delivery in self.deliveries:
            delivery.request_stop()
        for function in self.functions:
            function.close()
        self._ready.wait()
        for delivery in self.deliveries:
            delivery.join()
        if self._lakehouse is not None:
            self._lakehouse.close()
        self._ledger.close()
        self.streams.close()
        self._access_log.close()

    def flush(self, timeout: float) -> bool:
        """Deliver everything that the streams hold now."""
        flushed = [delivery.flush(timeout) for delivery in self.deliveries]
        return all(flushed)
