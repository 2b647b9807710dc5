"""EventBridge calls this every hour to merge the access log's small files.

By hand: `{"hours": ["2026-11-22T01"]}` merges hours that are further back than the rule looks.
https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html
"""

import os
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.common.aws_client import CallBudget, aws_client
from lambdas.common.telemetry import embedded_metrics, write_line
from lambdas.saas_metering.merge_small_files.athena import Athena, QueryError
from lambdas.saas_metering.merge_small_files.bucket import Bucket, DeletionError
from lambdas.saas_metering.merge_small_files.catalog import Table
from lambdas.saas_metering.merge_small_files.logic import Hour, Run, current_hour, hours_to_look_at
from lambdas.saas_metering.merge_small_files.merge import Merge, Outcome, RestlessHourError
from lambdas.saas_metering.merge_small_files.settings import Settings

SQL = Path(__file__).parents[3] / "sql" / "saas_metering" / "jobs" / "merge_hour.sql"
SECONDS_FOR_AN_HOUR = 60.0
"""With less time left no further hour is begun."""

CALLS = CallBudget(attempts=4, read_seconds=10)

FAILURES = (QueryError, RestlessHourError, DeletionError, ClientError, BotoCoreError)


class MergeFailedError(Exception):
    """Hours that could not be merged: Lambda counts it, and an alarm watches the count."""


def lambda_handler(event: Mapping[str, object], context: Any) -> dict[str, list[str]]:
    """The hours with lines by their outcome: `{"merged": ["2026-11-22T01"], "unchanged": [...]}`."""
    settings = Settings.load(os.environ)
    hours = hours_to_look_at(event, settings.look_back_hours)

    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    merge = _merge(settings, seconds_left)
    outcomes: dict[str, list[str]] = {}
    failures: list[str] = []
    for hour in hours:
        outcome = "postponed"
        if seconds_left() > SECONDS_FOR_AN_HOUR:
            outcome = _attempt(merge, hour, failures)
        if outcome != Outcome.EMPTY:
            outcomes.setdefault(outcome, []).append(str(hour))
    _finish(merge, event, hours, failures)
    _report(outcomes, failures, settings, context)
    if failures:
        raise MergeFailedError("; ".join(failures))
    return outcomes


def _attempt(merge: Merge, hour: Hour, failures: list[str]) -> str:
    """One hour's failure is not its neighbour's."""
    try:
        return merge.bring_up_to_date(hour).value
    except FAILURES as error:
        failures.append(f"{hour}: {error}")
        return "failed"


def _finish(merge: Merge, event: Mapping[str, object], hours: list[Hour], failures: list[str]) -> None:
    """The hour that runs can be queried as it comes in, and what earlier runs left is deleted."""
    try:
        if "hours" not in event:
            merge.add_log_hour(current_hour(event))
        merge.sweep(hours, datetime.now(UTC))
    except FAILURES as error:
        failures.append(str(error))


def _merge(settings: Settings, seconds_left: Any) -> Merge:
    glue = aws_client("glue", CALLS)
    return Merge(
        log=Table(glue, settings.old_database, settings.old_table_name),
        merged=Table(glue, settings.new_database, settings.new_table_name),
        bucket=Bucket(
            aws_client("s3", CALLS),
            settings.bucket,
            settings.old_table_s3_folder_name,
            settings.new_table_s3_folder_name,
        ),
        athena=Athena(aws_client("athena", CALLS), settings.work_group, seconds_left, time.sleep),
        sql=SQL.read_text(encoding="utf-8"),
        columns=settings.column_names,
        new_run=lambda: Run(datetime.now(UTC), uuid.uuid4().hex[:12]),
    )


def _report(outcomes: Mapping[str, list[str]], failures: list[str], settings: Settings, context: Any) -> None:
    counts = Counter({outcome: len(hours) for outcome, hours in outcomes.items()})
    write_line(
        {
            "level": "ERROR" if failures else "INFO",
            "message": "hours merged",
            "requestId": context.aws_request_id,
            **counts,
            "hours": {outcome: outcomes[outcome] for outcome in ("merged", "failed") if outcome in outcomes},
            "failures": failures,
        }
    )
    write_line(
        embedded_metrics(
            {name.capitalize(): counts[name] for name in ("merged", "failed", "postponed")},
            namespace=settings.metrics_namespace,
            dimensions={"FunctionName": context.function_name},
            timestamp_ms=time.time_ns() // 1_000_000,
        )
    )
