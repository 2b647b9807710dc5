"""Data Firehose calls this for each batch of web events on its way to the Iceberg table.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

import os
import time
from functools import cache
from pathlib import Path
from typing import Any

from lambdas.common.event_check import EventCheck
from lambdas.common.event_schema import EventSchema
from lambdas.common.firehose import TransformationEvent, TransformationResponse
from lambdas.common.telemetry import embedded_metrics, write_line
from lambdas.web_analytics.transform.explain import Explanation, explain
from lambdas.web_analytics.transform.logic import Outcome, transform
from lambdas.web_analytics.transform.settings import Settings

SCHEMA = Path(__file__).parents[3] / "schemas" / "web_analytics" / "web_log.avsc"


def lambda_handler(
    event: TransformationEvent, context: Any
) -> TransformationResponse | dict[str, list[Explanation]]:
    if event.get("explain", False):
        return {"verdicts": list(explain(event["records"], event_check(), settings().enrichment))}
    outcome = transform(event["records"], event_check(), settings().destination, settings().enrichment)
    report(outcome, context)
    return {"records": outcome.replies}


@cache
def settings() -> Settings:
    return Settings.load(os.environ)


@cache
def event_check() -> EventCheck:
    schema = EventSchema.parse(
        SCHEMA.read_text(encoding="utf-8"), pipeline_fields=settings().add_event_id_and_received_at
    )
    return EventCheck(schema)


def report(outcome: Outcome, context: Any) -> None:
    """One line for log queries, one for CloudWatch metrics; counts only, nothing that a client sent."""
    rejected = {reason.value: count for reason, count in sorted(outcome.rejected.items())}
    totals = {"accepted": outcome.accepted, "rejected": outcome.rejected.total()}
    write_line(
        {
            "level": "WARN" if rejected else "INFO",
            "message": "batch transformed",
            "requestId": context.aws_request_id,
            **totals,
            "reasons": rejected,
        }
    )
    metrics = {name.capitalize(): count for name, count in totals.items()}
    metrics |= {f"Rejected.{reason}": count for reason, count in rejected.items()}
    write_line(
        embedded_metrics(
            metrics,
            namespace=settings().metrics_namespace,
            dimensions={"FunctionName": context.function_name},
            timestamp_ms=time.time_ns() // 1_000_000,
        )
    )
