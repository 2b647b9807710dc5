"""One run of the merge: hour by hour, each failure noted, what earlier runs left deleted at the end."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.common.aws_client import CallBudget, aws_client
from lambdas.saas_metering.merge_small_files.athena import Athena, QueryError
from lambdas.saas_metering.merge_small_files.bucket import Bucket, DeletionError
from lambdas.saas_metering.merge_small_files.catalog import Table
from lambdas.saas_metering.merge_small_files.logic import Hour, Run, hours_to_sweep
from lambdas.saas_metering.merge_small_files.merge import Merge, Outcome, RestlessHourError
from lambdas.saas_metering.merge_small_files.settings import Settings

SQL = Path(__file__).parents[3] / "sql" / "saas_metering" / "jobs" / "merge_hour.sql"
CALLS = CallBudget(attempts=4, read_seconds=10)
SECONDS_FOR_AN_HOUR = 60.0
"""With less time left no further hour is begun."""

FAILED, POSTPONED = "failed", "postponed"
FAILURES = (QueryError, RestlessHourError, DeletionError, ClientError, BotoCoreError)
"""What an hour may fail by; anything else is a mistake of ours and ends the run."""


@dataclass
class Report:
    """Hours with lines by their outcome, and why those that failed did."""

    hours: dict[str, list[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        return len(self.hours.get(outcome, ()))


def connect(settings: Settings, seconds_left: Callable[[], float]) -> Merge:
    """The merge on AWS, as the settings have it."""
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


def merge_hours(
    merge: Merge, hours: Sequence[Hour], running: Hour | None, seconds_left: Callable[[], float]
) -> Report:
    """Brings hours up to date; `running` is the one that is not over, to be queried as it comes in."""
    report = Report()
    for hour in hours:
        outcome = POSTPONED if seconds_left() < SECONDS_FOR_AN_HOUR else _attempt(merge, hour, report)
        if outcome != Outcome.EMPTY:
            report.hours.setdefault(outcome, []).append(str(hour))
    try:
        if running is not None:
            merge.add_log_hour(running)
        merge.sweep(hours_to_sweep(hours), datetime.now(UTC))
    except FAILURES as error:
        report.failures.append(str(error))
    return report


def _attempt(merge: Merge, hour: Hour, report: Report) -> str:
    """One hour's failure is not its neighbour's."""
    try:
        return merge.bring_up_to_date(hour).value
    except FAILURES as error:
        report.failures.append(f"{hour}: {error}")
        return FAILED


def log_line(report: Report, request_id: str) -> Mapping[str, object]:
    return {
        "level": "ERROR" if report.failures else "INFO",
        "message": "hours merged",
        "requestId": request_id,
        "hours": report.hours,
        "failures": report.failures,
    }
