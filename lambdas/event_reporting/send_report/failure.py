"""An execution that failed -> the mail that says why there is no report."""

import json
from collections.abc import Mapping
from typing import Any

from lambdas.event_reporting.send_report.text import Mail, execution_page, printable

_LONGEST = 2000


def failure(event: Mapping[str, Any], *, region: str) -> Mail:
    """`event`: `failure` as Step Functions catches it (`Error`, `Cause`), the execution's `input` and ARN.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    reason = f"{event['failure']['Error']}: {_message(event['failure'].get('Cause', ''))}"
    asked = json.dumps(event["input"], ensure_ascii=False)
    lines = [
        "There is no event report: it could not be made.",
        "",
        f"Why:        {printable(reason, _LONGEST)}",
        f"Asked for:  {printable(asked, _LONGEST)}",
        f"Execution:  {execution_page(event['execution'], region)}",
        "",
        "When the reason is dealt with, start it again:",
        f"aws stepfunctions start-execution --state-machine-arn {event['stateMachine']} "
        """--input '{"startDate": "YYYY-MM-DD", "endDate": "YYYY-MM-DD"}'""",
    ]
    return Mail("Event report FAILED", "\n".join(lines) + "\n")


def _message(cause: str) -> str:
    """A function's own words: what Lambda gives as the cause holds them beside the stack trace."""
    try:
        document = json.loads(cause)
    except ValueError:
        return cause
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return message if isinstance(message, str) else cause
