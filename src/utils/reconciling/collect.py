"""Asks each place for its figure: CloudWatch what was accepted, Athena what is stored, S3 what failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from src.utils.aws.erasures import erased_rows
from src.utils.aws.error_objects import ErrorObject, list_error_objects, read_all
from src.utils.aws.errors import BadInputError

from .account import Account, Failures
from .failures import count_failures
from .metrics import Metrics
from .table import CountedTable
from .time_range import TimeRange

ROWS_STORED, ROWS_FAILED = "DeliveryToIceberg.SuccessfulRowCount", "DeliveryToIceberg.FailedRowCount"
FIREHOSE, KINESIS, API_GATEWAY = "AWS/Firehose", "AWS/Kinesis", "AWS/ApiGateway"
REJECTED = "Rejected."
TRANSFORM_CODE = "Lambda."


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where to look."""

    stream: str
    delivery_stream: str | None
    api: str
    stage: str
    bucket: str
    error_roots: Sequence[str]
    namespace: str
    table_name: str
    longest_delay: timedelta
    """After it, a record that is nowhere is lost and no longer on its way."""
    keyed: bool
    """Whether the delivery merges rows by unique keys."""
    tolerance: int


@dataclass(frozen=True)
class Statement:
    """An account with what explains it."""

    account: Account
    within: TimeRange
    api: dict[str, int]
    """What API Gateway counted: requests, and those that it answered with an error."""
    by_arrival: bool


@dataclass(frozen=True)
class Delivered:
    """Firehose's own word for its rows."""

    stored: int
    failed: int


@dataclass(frozen=True)
class Collector:
    """The clients, and the moment that counts as now."""

    s3: Any
    metrics: Metrics
    table: CountedTable
    places: Places
    now: datetime

    def collect(self, within: TimeRange) -> Statement:
        stored = self.table.rows(within)
        failures = self._failures(within)
        accepted = self._incoming(within)
        delivered = self._delivered(within)
        merged = 0
        if self.places.keyed and delivered is not None:
            merged = max(0, delivered.stored - stored.count)
        erased = erased_rows(self.s3, self.places.bucket, self.places.table_name, within.start, within.end)
        account = Account(
            accepted=accepted,
            stored=stored.count,
            stored_twice=0,
            erased=erased,
            failures=failures,
            possibly_in_flight=self._possibly_in_flight(within, accepted, delivered, failures),
            reasons=self._reasons(within),
            tolerance=self.places.tolerance,
        )
        if account.difference < 0:
            account = replace(account, stored_twice=self.table.repeated_rows(within))
        account = replace(account, merged=min(merged, max(0, account.difference)))
        return Statement(account, within, self._api(within), stored.by_arrival)

    def _incoming(self, within: TimeRange) -> int:
        found = self.metrics.sum(KINESIS, "IncomingRecords", {"StreamName": self.places.stream}, within)
        return 0 if found is None else found

    def _failures(self, within: TimeRange) -> Failures:
        listed = list_error_objects(self.s3, self.places.bucket, self.places.error_roots)
        # an object cannot be older than the records in it
        objects = [item for item in listed if item.last_modified >= within.start - timedelta(minutes=1)]
        return count_failures(self._read(objects), within)

    def _read(self, objects: Iterable[ErrorObject]) -> Iterable[tuple[ErrorObject, Sequence[bytes]]]:
        return read_all(self.s3, self.places.bucket, objects)

    def _delivered(self, within: TimeRange) -> Delivered | None:
        """What Firehose says of the rows, from the range's start until all of it must have been delivered."""
        name = self._delivery_stream()
        if name is None:
            return None
        until = min(within.end + self.places.longest_delay, self._soon(within))
        longer = replace(within, end=max(until, within.end))
        dimensions = {"DeliveryStreamName": name}
        stored = self.metrics.sum(FIREHOSE, ROWS_STORED, dimensions, longer)
        failed = self.metrics.sum(FIREHOSE, ROWS_FAILED, dimensions, longer)
        return None if stored is None else Delivered(stored, 0 if failed is None else failed)

    def _soon(self, within: TimeRange) -> datetime:
        """The end of the period that is under way."""
        period = timedelta(seconds=within.period)
        return within.start + -(-(self.now - within.start) // period) * period

    def _delivery_stream(self) -> str | None:
        if self.places.delivery_stream is not None:
            return self.places.delivery_stream
        listed = self.metrics.list(FIREHOSE, ROWS_STORED)
        names = sorted({dimensions["DeliveryStreamName"] for _, dimensions in listed})
        if len(names) > 1:
            raise BadInputError(
                f"there are {len(names)} delivery streams to Iceberg ({', '.join(names)}):"
                " pass the one to reconcile as --delivery-stream"
            )
        return names[0] if names else None

    def _possibly_in_flight(
        self, within: TimeRange, accepted: int, delivered: Delivered | None, failures: Failures
    ) -> int:
        """The fewer of: what came in so lately that it may be on its way, and what Firehose has not reported.

        The second is known only while the range is not over; it allows for what was on its way at the start.
        """
        horizon = self.now - self.places.longest_delay
        if within.end <= horizon or not self.places.longest_delay:
            return 0
        period = timedelta(seconds=within.period)
        late_start = within.start + max(0, (horizon - within.start) // period) * period
        recent = accepted if late_start == within.start else self._incoming(replace(within, start=late_start))
        if delivered is None or within.end < self.now:
            return recent
        before_start = within.start - -(-self.places.longest_delay // period) * period
        before = self._incoming(replace(within, start=before_start, end=within.start))
        refused = failures.rejected + sum(
            count for code, count in failures.undeliverable.items() if code.startswith(TRANSFORM_CODE)
        )
        return min(recent, max(0, accepted + before - delivered.stored - delivered.failed - refused))

    def _reasons(self, within: TimeRange) -> dict[str, int]:
        reasons: dict[str, int] = {}
        for name, dimensions in self.metrics.list(self.places.namespace):
            if name.startswith(REJECTED):
                count = self.metrics.sum(self.places.namespace, name, dimensions, within)
                if count:
                    reason = name.removeprefix(REJECTED)
                    reasons[reason] = reasons.get(reason, 0) + count
        return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))

    def _api(self, within: TimeRange) -> dict[str, int]:
        dimensions = {"ApiName": self.places.api, "Stage": self.places.stage}
        names = {"requests": "Count", "refused (4xx)": "4XXError", "failed (5xx)": "5XXError"}
        found = {
            name: self.metrics.sum(API_GATEWAY, metric, dimensions, within) for name, metric in names.items()
        }
        return {name: 0 if count is None else count for name, count in found.items()}
