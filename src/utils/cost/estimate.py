"""USD a month, line by line, with the quanta that AWS bills in.

A month has 730 hours, as on AWS's own calculators; a GB of data is 2^30 bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .pipeline import Pipeline
from .prices import PriceList

HOURS = 730
SECONDS = HOURS * 3600
GB = 2**30
MB = 10**6
KINESIS_QUANTUM = 1024
MILLION = 10**6


class Design(StrEnum):
    """How events reach Firehose."""

    STREAM = "API Gateway → Kinesis → Firehose"
    DIRECT = "API Gateway → Firehose"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What a month brings, and what a bill needs to know beyond the templates."""

    events: int
    bytes: int
    batch_size: int
    output_bytes: int
    partitions: int = 6
    """Partitions of the table that one commit writes to: the kinds of event of one day."""
    stored_share: float = 0.2
    """Parquet bytes for a byte of JSON."""

    @property
    def requests(self) -> int:
        return -(-self.events // self.batch_size)


@dataclass(frozen=True)
class Assumptions:
    """What neither a template nor a workload says."""

    gb_seconds_per_invocation: float = 0.2
    """0.4 s at 512 MB; with more memory a function is as much faster, up to one whole CPU."""
    one_cpu_mb: int = 1769
    transform_buffer_fill: float = 0.95
    function_log_bytes: int = 1200
    """One invocation's START, END and REPORT, its summary and its metrics."""
    metrics_of_function: int = 7
    metrics_of_api_method: int = 5
    xray_first_traces: int = SECONDS
    """The default sampling rule: the first request of each second, then a share."""
    xray_share: float = 0.05
    answer_bytes_per_event: int = 130
    answer_bytes_per_request: int = 400


@dataclass(frozen=True)
class Line:
    """One line of the bill."""

    stage: str
    usd: float
    counted: str
    prices: tuple[str, ...]


@dataclass(frozen=True)
class Estimate:
    """The bill of one design with one workload."""

    design: Design
    workload: Workload
    lines: tuple[Line, ...]

    @property
    def usd(self) -> float:
        return sum(line.usd for line in self.lines)

    @property
    def usd_per_million_events(self) -> float:
        return self.usd / self.workload.events * MILLION

    def stage(self, *names: str) -> float:
        return sum(line.usd for line in self.lines if line.stage in names)


def estimate(
    pipeline: Pipeline,
    workload: Workload,
    prices: PriceList,
    design: Design = Design.STREAM,
    assumptions: Assumptions | None = None,
) -> Estimate:
    bill = _Bill(pipeline, workload, prices, Assumptions() if assumptions is None else assumptions)
    lines = [*bill.api(), *(bill.stream() if design is Design.STREAM else ()), *bill.delivery()]
    lines += [*bill.storage(), *bill.observation(), *bill.protection()]
    return Estimate(design, workload, tuple(lines))


@dataclass(frozen=True)
class _Bill:
    pipeline: Pipeline
    workload: Workload
    prices: PriceList
    assumed: Assumptions

    def _line(self, stage: str, counted: str, *items: tuple[str, float]) -> Line:
        usd = sum(self.prices[name].of(units) for name, units in items)
        return Line(stage, usd, counted, tuple(name for name, _ in items))

    def api(self) -> Iterator[Line]:
        work = self.workload
        counted = f"{work.requests:,} requests"
        yield self._line("API Gateway", counted, ("api_gateway_request", work.requests / MILLION))
        answers = work.requests * self.assumed.answer_bytes_per_request
        answers += work.events * self.assumed.answer_bytes_per_event
        counted = f"{answers / GB:,.1f} GB of answers, 100 GB free"
        yield self._line("Data transfer out", counted, ("transfer_out", answers / GB))

    def stream(self) -> Iterator[Line]:
        work = self.workload
        yield self._line("Kinesis hours", f"{HOURS} stream-hours", ("kinesis_stream_hour", HOURS))
        rounded = -(-work.bytes // KINESIS_QUANTUM) * KINESIS_QUANTUM
        gb_in = work.events * rounded / GB
        counted = f"{gb_in:,.2f} GB: {rounded // KINESIS_QUANTUM} KB for each event"
        yield self._line("Kinesis in", counted, ("kinesis_in", gb_in))
        gb_out = work.events * work.bytes / GB
        yield self._line("Kinesis out", f"{gb_out:,.2f} GB", ("kinesis_out", gb_out))
        more_hours = self.pipeline.retention_hours - 24
        if more_hours > 0:
            kept = work.events * work.bytes / GB * more_hours / HOURS
            counted = f"{more_hours:,.0f} hours beyond 24"
            yield self._line("Kinesis retention", counted, ("kinesis_extended_retention", kept))

    def delivery(self) -> Iterator[Line]:
        processed = self.workload.events * self.workload.output_bytes / GB
        yield self._line("Firehose to Iceberg", f"{processed:,.2f} GB", ("firehose_iceberg", processed))
        memory = self.pipeline.memory_mb
        seconds = self.assumed.gb_seconds_per_invocation * 1024 / min(memory, self.assumed.one_cpu_mb)
        gb_seconds = self.invocations * math.ceil(seconds * 1000) / 1000 * memory / 1024
        architecture = "arm" if self.pipeline.architecture == "arm64" else "x86"
        yield self._line(
            "Lambda transform",
            f"{self.invocations:,} invocations of {seconds:.2f} s with {memory} MB",
            ("lambda_request", self.invocations / MILLION),
            (f"lambda_gb_second_{architecture}", gb_seconds),
        )

    @property
    def invocations(self) -> int:
        """One for each full buffer, and at least one an interval while events come."""
        work = self.workload
        buffer = self.pipeline.transform_buffer_mb * MB * self.assumed.transform_buffer_fill
        by_size = math.ceil(work.events / max(1, buffer // work.bytes))
        return max(by_size, _windows(self.pipeline.transform_interval_seconds, work.events))

    @property
    def commits(self) -> int:
        work = self.workload
        by_size = math.ceil(work.events * work.output_bytes / (self.pipeline.buffer_mb * MB))
        return max(by_size, _windows(self.pipeline.buffer_seconds, work.events))

    def storage(self) -> Iterator[Line]:
        work, commits = self.workload, self.commits
        partitions = min(work.partitions, math.ceil(work.events / commits))
        files = partitions if self.pipeline.append_only else 2 * partitions
        puts = commits * (files + 3)
        counted = f"{commits:,} commits x ({files} data and delete files + manifest, list, metadata)"
        yield self._line("S3 PUT", counted, ("s3_put", puts / 1000))
        stored = work.events * work.bytes * work.stored_share / GB
        yield self._line("S3 storage", f"{stored:,.2f} GB, for each month kept", ("s3_storage", stored))

    def observation(self) -> Iterator[Line]:
        pipeline, work, assumed = self.pipeline, self.workload, self.assumed
        access_log = work.requests * pipeline.access_log_bytes
        logged = (access_log + self.invocations * assumed.function_log_bytes) / GB
        yield self._line("CloudWatch Logs", f"{logged:,.2f} GB, access log included", ("logs_in", logged))
        metrics = assumed.metrics_of_function
        metrics += assumed.metrics_of_api_method if pipeline.method_metrics else 0
        yield self._line("CloudWatch metrics", f"{metrics} metrics", ("custom_metric", metrics))
        if pipeline.alarm_metrics or pipeline.dashboards:
            counted = f"{pipeline.alarm_metrics} metrics in alarms, dashboards: {pipeline.dashboards}"
            items = (("alarm", pipeline.alarm_metrics), ("dashboard", pipeline.dashboards))
            yield self._line("CloudWatch alarms", counted, *items)
        traces = self._traces(work.requests) if pipeline.api_traced else 0
        traces += self._traces(self.invocations) if pipeline.function_traced else 0
        if traces:
            counted = f"{traces:,.0f} traces: one a second and {assumed.xray_share:.0%} of the rest"
            yield self._line("X-Ray", counted, ("xray_trace", traces / MILLION))

    def _traces(self, calls: int) -> float:
        first = min(calls, self.assumed.xray_first_traces)
        return first + (calls - first) * self.assumed.xray_share

    def protection(self) -> Iterator[Line]:
        acls = self.pipeline.waf_rules
        if acls:
            counted = f"{len(acls)} web ACL, {sum(acls)} rules, {self.workload.requests:,} requests"
            requests = self.workload.requests / MILLION
            items = (("waf_acl", len(acls)), ("waf_rule", sum(acls)), ("waf_request", requests))
            yield self._line("WAF", counted, *items)
        if self.pipeline.kms_keys:
            keys = self.pipeline.kms_keys
            yield self._line("KMS", f"{keys} customer-managed keys", ("kms_key", keys))


def _windows(interval_seconds: float, events: int) -> int:
    """Buffers that time alone ends: one an interval, as long as there is an event for each."""
    return min(math.ceil(SECONDS / max(interval_seconds, 1)), events)
