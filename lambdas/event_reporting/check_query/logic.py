"""What Athena says of a query -> what the state machine decides by.

https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatus.html
"""

from collections.abc import Mapping
from typing import Any

_LONGEST_REASON = 2000


def checked(query: Mapping[str, Any], execution: Mapping[str, Any]) -> dict[str, Any]:
    """The query with its state, Athena's reason for it, where its result lies, and one check less to go."""
    status = execution["Status"]
    return {
        **query,
        "state": status["State"],
        "reason": status.get("StateChangeReason", "Athena gave no reason.")[:_LONGEST_REASON],
        "outputLocation": execution["ResultConfiguration"]["OutputLocation"],
        "checksLeft": query["checksLeft"] - 1,
    }
