"""The transform function as Lambda runs it, misbehaving as the next line of a plan says."""

import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, cast

from lambdas.common.firehose import TransformationEvent
from lambdas.web_analytics.transform import handler

PLAN = "FAULT_PLAN"


def lambda_handler(event: TransformationEvent, context: Any) -> Any:
    match _next_fault(Path(os.environ[PLAN])):
        case "throws":
            raise ValueError("boom")
        case "times out":
            time.sleep(60)
        case "exits":
            sys.exit(3)
        case "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "misses an id":
            return {"records": cast(Any, handler.lambda_handler(event, context))["records"][:-1]}
        case "answers null":
            return None
    return handler.lambda_handler(event, context)


def _next_fault(plan: Path) -> str:
    """The plan's first line, which is then gone; the processes of one function share the plan."""
    with plan.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = file.read().splitlines()
        file.seek(0)
        file.truncate()
        file.write("\n".join(lines[1:]))
    return lines[0] if lines else ""
