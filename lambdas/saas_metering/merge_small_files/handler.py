"""EventBridge calls this every hour to merge the access log's small files.

By hand: `{"hours": ["2026-11-22T01"]}` merges hours that are further back than the rule looks.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
"""

import os
import time
from collections.abc import Mapping
from typing import Any

from lambdas.common.telemetry import embedded_metrics, write_line
from lambdas.saas_metering.merge_small_files.logic import current_hour, hours_to_look_at
from lambdas.saas_metering.merge_small_files.merge import Outcome
from lambdas.saas_metering.merge_small_files.run import FAILED, POSTPONED, connect, log_line, merge_hours
from lambdas.saas_metering.merge_small_files.settings import Settings


class MergeFailedError(Exception):
    """Hours that could not be merged: Lambda counts it, and an alarm watches the count."""


def lambda_handler(event: Mapping[str, object], context: Any) -> dict[str, list[str]]:
    """The hours with lines by their outcome: `{"merged": ["2026-11-22T01"], "unchanged": [...]}`."""
    settings = Settings.load(os.environ)
    hours = hours_to_look_at(event, settings.look_back_hours)

    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    running = None if "hours" in event else current_hour(event)
    report = merge_hours(connect(settings, seconds_left), hours, running, seconds_left)
    write_line(log_line(report, context.aws_request_id))
    write_line(
        embedded_metrics(
            {name.capitalize(): report.count(name) for name in (Outcome.MERGED.value, FAILED, POSTPONED)},
            namespace=settings.metrics_namespace,
            dimensions={"FunctionName": context.function_name},
            timestamp_ms=time.time_ns() // 1_000_000,
        )
    )
    if report.failures:
        raise MergeFailedError("; ".join(report.failures))
    return report.hours
