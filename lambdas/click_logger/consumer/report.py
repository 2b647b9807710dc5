"""What the consumer says of a batch: counts, and the keys of what is not in the table; never who clicked."""

import time
from collections.abc import Sequence
from typing import Any

from lambdas.click_logger.consumer.click_table import Unwritten
from lambdas.click_logger.consumer.logic import KEY, Batch
from lambdas.common.telemetry import embedded_metrics, write_line


def report(batch: Batch, unwritten: Sequence[Unwritten], context: Any, metrics_namespace: str) -> None:
    """A line for each dead letter with the click's key, one for the batch, one for CloudWatch metrics."""
    for lost in unwritten:
        key = {name: lost.item[name]["S"] for name in KEY}
        write_line({"level": "ERROR", "message": "click not in the table", "reason": lost.reason, **key})
    counts = {
        "Written": len(batch.distinct) - len(unwritten),
        "DeadLetters": len(unwritten),
        "Rejected": sum(click is None for click in batch.clicks),
    }
    level = "WARN" if counts["Rejected"] or unwritten else "INFO"
    ids = {"requestId": context.aws_request_id}
    write_line({"level": level, "message": "batch consumed", **ids, **counts})
    write_line(
        embedded_metrics(
            counts,
            namespace=metrics_namespace,
            dimensions={"FunctionName": context.function_name},
            timestamp_ms=time.time_ns() // 1_000_000,
        )
    )
