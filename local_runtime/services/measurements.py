"""What the run measures of itself, in AWS's namespaces, names and dimensions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError
from local_runtime.lambdas.execution import Invocation
from local_runtime.service import Service
from local_runtime.services.cloudwatch.store import MetricStore, Series
from local_runtime.wire.http import AsgiApp, Message, Receive, Scope, Send

COUNT, BYTES, MILLISECONDS = "Count", "Bytes", "Milliseconds"


class MeteredGateway:
    """Counts what an API answers, from outside of it: each stage's requests, errors and latency."""

    def __init__(self, gateway: AsgiApp, metrics: MetricStore) -> None:
        self._gateway = gateway
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500
        begun = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._record(scope, status, (time.perf_counter() - begun) * 1000)
            await send(message)

        await self._gateway(scope, receive, watch)

    def _record(self, scope: Scope, status: int, milliseconds: float) -> None:
        _, name, stage, *_ = f"{scope['path']}///".split("/", 3)
        values = (
            ("Count", COUNT, 1, 1),
            ("4XXError", COUNT, float(400 <= status < 500), 1),
            ("5XXError", COUNT, float(status >= 500), 1),
            ("Latency", MILLISECONDS, milliseconds, 1),
        )
        self._metrics.record("AWS/ApiGateway", (("ApiName", name),), values)
        self._metrics.record("AWS/ApiGateway", (("ApiName", name), ("Stage", stage)), values)


def measure_invocations(metrics: MetricStore) -> Callable[[str, Invocation], None]:
    """What `MeteredFunction` calls."""

    def observe(name: str, invocation: Invocation) -> None:
        values = (
            ("Invocations", COUNT, 1.0, 1.0),
            ("Errors", COUNT, float(invocation.function_error is not None), 1.0),
            ("Duration", MILLISECONDS, invocation.duration_ms, 1.0),
        )
        metrics.record("AWS/Lambda", (("FunctionName", name),), values)

    return observe


class MeteredKinesis:
    """The Kinesis service, its puts counted by operation; what they put is counted by `stream_totals`."""

    def __init__(self, service: Service, metrics: MetricStore) -> None:
        self._service = service
        self._metrics = metrics

    def __call__(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        if action not in ("PutRecord", "PutRecords"):
            return self._service(action, request)
        begun = time.perf_counter()
        try:
            answer = self._service(action, request)
        except AwsError:
            self._record(action, request, begun, None)
            raise
        self._record(action, request, begun, answer)
        return answer

    def _record(
        self, action: str, request: Mapping[str, Any], begun: float, answer: Mapping[str, Any] | None
    ) -> None:
        stream = request.get("StreamName")
        if not isinstance(stream, str):
            stream = str(request.get("StreamARN", "")).rpartition("/")[2]
        values = [
            (f"{action}.Success", COUNT, float(answer is not None), 1.0),
            (f"{action}.Latency", MILLISECONDS, (time.perf_counter() - begun) * 1000, 1.0),
        ]
        if action == "PutRecords" and answer is not None:
            total, failed = len(answer["Records"]), answer["FailedRecordCount"]
            values += [
                ("PutRecords.TotalRecords", COUNT, float(total), 1.0),
                ("PutRecords.SuccessfulRecords", COUNT, float(total - failed), 1.0),
                ("PutRecords.FailedRecords", COUNT, float(failed), 1.0),
            ]
        self._metrics.record("AWS/Kinesis", (("StreamName", stream),), tuple(values))


def stream_totals(streams: Any) -> Callable[[], Iterator[tuple[Series, float]]]:
    """The records that a stream store has taken, from the totals that it commits with them."""

    def totals() -> Iterator[tuple[Series, float]]:
        for stream in streams.streams():
            dimensions = (("StreamName", stream.name),)
            total = streams.totals(stream.name)
            yield Series("AWS/Kinesis", "IncomingRecords", dimensions, COUNT), total.records
            yield Series("AWS/Kinesis", "IncomingBytes", dimensions, BYTES), total.bytes

    return totals


class Ledger(Protocol):
    """What delivery streams have done: counts that are committed with each batch."""

    def counters(self, delivery_stream: str) -> Mapping[str, int]: ...


class DirectPut(Protocol):
    def totals(self) -> tuple[int, int]: ...


def delivery_totals(
    assembly: Assembly, ledger: Ledger, direct_puts: Mapping[str, DirectPut]
) -> Callable[[], Iterator[tuple[Series, float]]]:
    """What delivery streams took and what became of it."""
    resources = list(assembly.of_type("AWS::KinesisFirehose::DeliveryStream"))

    def totals() -> Iterator[tuple[Series, float]]:
        for resource in resources:
            name = resource.physical_id
            dimensions = (("DeliveryStreamName", name),)
            found = _outcomes(resource, ledger.counters(name))
            if name in direct_puts:
                records, size = direct_puts[name].totals()
                found["IncomingRecords"] = records
                yield Series("AWS/Firehose", "IncomingBytes", dimensions, BYTES), size
            for metric, value in found.items():
                yield Series("AWS/Firehose", metric, dimensions, COUNT), value

    return totals


def _outcomes(resource: Resource, counts: Mapping[str, int]) -> dict[str, int]:
    """A delivery stream's counts under the names that CloudWatch has for its kind."""
    given = resource.properties
    stored, dropped = counts.get("stored", 0), counts.get("dropped", 0)
    refused, unconverted = counts.get("iceberg-failed", 0), counts.get("format-conversion-failed", 0)
    processed = stored + dropped + refused + unconverted
    found: dict[str, int] = {}
    if "KinesisStreamSourceConfiguration" in given:
        found["DataReadFromKinesisStream.Records"] = processed + counts.get("processing-failed", 0)
    if _transforms(given):
        found["SucceedProcessing.Records"] = processed
    if "IcebergDestinationConfiguration" in given:
        found["DeliveryToIceberg.IncomingRowCount"] = stored + refused
        found["DeliveryToIceberg.SuccessfulRowCount"] = stored
        found["DeliveryToIceberg.FailedRowCount"] = refused
    else:
        found["DeliveryToS3.Records"] = stored
        found["FailedConversion.Records"] = unconverted
    return found


def _transforms(given: Mapping[str, Any]) -> bool:
    destinations = (item for name, item in given.items() if name.endswith("DestinationConfiguration"))
    return any(item.get("ProcessingConfiguration", {}).get("Enabled", False) for item in destinations)
