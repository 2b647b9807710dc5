"""One run: the resources of an assembly brought to life over a state directory.

The API and the stream are up at once; the lakehouse, which takes seconds to import, follows in a thread,
and with it delivery and SQL.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from local_runtime.assembly import Assembly, Resource
from local_runtime.coverage import serves_a_deployment
from local_runtime.crawler.crawlers import Crawlers
from local_runtime.deliveries import DELIVERY_STREAM_TYPE, DeliveryFactory, direct_puts, stream_readers
from local_runtime.errors import LocalRuntimeError
from local_runtime.firehose.crash_point import crash_point
from local_runtime.firehose.direct_put import DirectPut, DirectPutStore
from local_runtime.firehose.ledger import Ledger
from local_runtime.gateway.app import Gateway
from local_runtime.gateway.user_pool_keys import keys_at
from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.service import KinesisService
from local_runtime.kinesis.store import StreamStore
from local_runtime.lambdas.function import LambdaFunction
from local_runtime.lambdas.logs import LogFile
from local_runtime.metrics import Metrics
from local_runtime.schedules.scheduler import Scheduler
from local_runtime.services.endpoint import AwsEndpoint
from local_runtime.services.firehose import FirehoseService
from local_runtime.services.lambda_api import MeteredFunction
from local_runtime.services.measurements import (
    MeteredKinesis,
    delivery_totals,
    measure_invocations,
    stream_totals,
)
from local_runtime.state import StateDirectory
from local_runtime.upkeep import Upkeep, optimizers
from local_runtime.workflows import Workflows

if TYPE_CHECKING:
    from local_runtime.athena.engine import Athena
    from local_runtime.lakehouse.lakehouse import Lakehouse

log = logging.getLogger(__name__)

FUNCTION_CONCURRENCY = 2
TRIM_SECONDS = 60.0


def _open_ledger(path: Path) -> Ledger:
    try:
        return Ledger(path)
    except sqlite3.Error as error:
        raise LocalRuntimeError(f"{path}: the ledger cannot be opened: {error}") from error


class LocalRun:
    """Everything of one run that is not HTTP."""

    def __init__(
        self,
        assembly: Assembly,
        state: StateDirectory,
        *,
        endpoint_url: str,
        interval_seconds: float | None = None,
        throttle: bool = False,
        wait_scale: float = 1.0,
    ) -> None:
        self.assembly = assembly
        self.metrics = Metrics(state.root / "metrics")
        self._state = state
        self._endpoint_url = endpoint_url
        self._access_log = LogFile(state.logs / "access.log")
        self._logs = [self._access_log]
        self.streams = StreamStore(state.kinesis)
        for resource in assembly.of_type("AWS::Kinesis::Stream"):
            self.streams.ensure_stream(StreamDefinition.from_resource(resource))
        self.metrics.add_totals(stream_totals(self.streams))
        self.kinesis = MeteredKinesis(KinesisService(self.streams), self.metrics)
        self.functions = [
            self._function(item)
            for item in assembly.of_type("AWS::Lambda::Function")
            if not serves_a_deployment(assembly, item)
        ]
        self._ledger = _open_ledger(state.firehose)
        self._direct_put_store = DirectPutStore(state.direct_puts)
        self.deliveries = DeliveryFactory(
            assembly,
            self.streams,
            self._direct_put_store,
            self._ledger,
            self.functions,
            lakehouse=lambda: self.lakehouse,
            interval_seconds=interval_seconds,
            parallel=FUNCTION_CONCURRENCY,
            crash_point=crash_point(),
        ).build()
        self.direct_puts: Mapping[str, DirectPut] = direct_puts(self.deliveries)
        self.metrics.add_totals(delivery_totals(assembly, self._ledger, self.direct_puts))
        firehose = FirehoseService(assembly, self.direct_puts)
        self.workflows = Workflows(
            assembly, state.root, self.functions, endpoint_url=endpoint_url, wait_scale=wait_scale
        )
        self.gateway = Gateway(
            assembly,
            {"kinesis": self.kinesis, "firehose": firehose},
            on_access=self._access_log,
            functions={function.arn: function for function in self.functions},
            user_pool_keys=keys_at(endpoint_url),
            throttle=throttle,
            events=self.workflows.events,
            delivery_streams={
                item.arn: self.direct_puts[item.physical_id]
                for item in assembly.of_type(DELIVERY_STREAM_TYPE)
                if item.physical_id in self.direct_puts
            },
        )
        self.scheduler = Scheduler()
        self.crawlers = Crawlers(assembly, state.root, lambda: self.lakehouse)
        self.crawlers.schedule(self.scheduler)
        self.aws = AwsEndpoint(
            assembly,
            state.root,
            endpoint_url=endpoint_url,
            kinesis=self.kinesis,
            firehose=firehose,
            functions=self.functions,
            stepfunctions=self.workflows.service,
            events=self.workflows.events,
            metrics=self.metrics,
            crawlers=self.crawlers,
            lakehouse=lambda: self.lakehouse,
            athena=lambda: self.athena,
        )
        self.upkeep = Upkeep(optimizers(assembly), lambda: self.lakehouse)
        self._lakehouse: Lakehouse | None = None
        self._athena: Athena | None = None
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._on_failure: Callable[[], None] = lambda: None
        self.failure: BaseException | None = None

    def _function(self, resource: Resource) -> LambdaFunction:
        log_file = LogFile(self._state.logs / f"{resource.physical_id}.log")
        self._logs.append(log_file)

        def sink(line: str) -> None:
            log_file(line)
            self.metrics.read_log_line(line)

        function = MeteredFunction.from_resource(
            resource,
            self.assembly,
            state=self._state.root,
            endpoint_url=self._endpoint_url,
            concurrency=FUNCTION_CONCURRENCY,
            sink=sink,
        )
        assert isinstance(function, MeteredFunction)  # from_resource makes what it is called on
        function.observe = measure_invocations(self.metrics)
        return function

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

    def start(self) -> None:
        """Bring up what takes time, in the background."""
        self.metrics.start()
        threading.Thread(target=self._open_lakehouse, name="lakehouse", daemon=True).start()
        threading.Thread(target=self._trim_forever, name="retention", daemon=True).start()
        self.upkeep.start()
        self.scheduler.start()
        for delivery in self.deliveries:
            delivery.start()
        self.workflows.start(self.scheduler)

    def _open_lakehouse(self) -> None:
        try:
            from local_runtime.athena.engine import Athena
            from local_runtime.lakehouse.durable_file import discard_unfinished
            from local_runtime.lakehouse.lakehouse import Lakehouse
            from local_runtime.lakehouse.object_store import ObjectStore

            objects = ObjectStore(self._state.objects)
            discard_unfinished(objects.temporaries)
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
            log.exception("the lakehouse could not be opened: %s", error)
            self.failure = error
        finally:
            self._ready.set()
        if self.failure is not None:
            self._on_failure()

    def when_failed(self, stop: Callable[[], None]) -> None:
        """Call `stop` when the lakehouse cannot be opened: without it nothing is delivered."""
        self._on_failure = stop
        if self.failure is not None:
            stop()

    def _trim_forever(self) -> None:
        while not self._stopping.wait(TRIM_SECONDS):
            try:
                self.trim()
            except Exception:
                log.exception("records past their retention could not be removed; trying again later")

    def trim(self) -> None:
        """Remove what is past its retention, delivered or not, as AWS does; say and count what is lost."""
        for delivery in self.deliveries:
            lost = delivery.expire()
            if lost:
                log.error("%s: %d records expired before they were delivered", delivery.name, lost)
        self.streams.trim(stream_readers(self.deliveries))

    def request_stop(self) -> None:
        """Begin nothing more; whoever waits for a function or a delivery waits no longer."""
        self._stopping.set()
        self.workflows.interrupt()
        for delivery in self.deliveries:
            delivery.request_stop()
        for function in self.functions:
            function.close()

    def stop(self) -> None:
        """End all threads and processes of the run; nothing is drained, everything accepted is kept."""
        self.request_stop()
        self.workflows.close()
        self.gateway.close()
        self._ready.wait()
        self.scheduler.stop()
        self.crawlers.close()
        self.upkeep.stop()
        for delivery in self.deliveries:
            delivery.join()
        self.aws.close()
        if self._lakehouse is not None:
            self._lakehouse.close()
        self.metrics.close()
        self._ledger.close()
        self._direct_put_store.close()
        self.streams.close()
        for log_file in self._logs:
            log_file.close()

    def flush(self, timeout: float) -> bool:
        """Deliver everything that the streams hold now; whether all of it was within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        flushed = [delivery.flush(max(0.0, deadline - time.monotonic())) for delivery in self.deliveries]
        return all(flushed)
