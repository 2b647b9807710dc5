"""What a function says of an invocation: JSON lines on standard output, for CloudWatch Logs and metrics."""

import json
import sys
from collections.abc import Mapping


def write_line(line: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


def embedded_metrics(
    counts: Mapping[str, int], *, namespace: str, dimensions: Mapping[str, str], timestamp_ms: int
) -> dict[str, object]:
    """Counts in the embedded metric format: CloudWatch makes metrics of the line.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    directive = {
        "Namespace": namespace,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
    }
    return {"_aws": {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]}, **dimensions, **counts}
