"""A scheduled event -> the execution that it starts.

https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambdas.event_reporting.period import month_before


def execution_request(event: Mapping[str, Any], state_machine_arn: str) -> dict[str, str]:
    """The arguments of `start_execution`: the month before the event's time, not before the clock's.

    The name is the period's, so that the same event, coming twice, starts one execution.

    Raises:
        ValueError: the event has no time.
    """
    try:
        moment = datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"time must be YYYY-MM-DDTHH:MM:SSZ (got {event.get('time')!r})") from None
    period = month_before(moment.date())
    return {
        "stateMachineArn": state_machine_arn,
        "name": f"report-{period.start}-{period.end}",
        "input": json.dumps({"startDate": period.start.isoformat(), "endDate": period.end.isoformat()}),
    }
