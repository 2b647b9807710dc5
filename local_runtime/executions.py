"""`start-execution`: starts a state machine of the run, follows it and tells how it went."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from local_runtime.client import ControlClient
from local_runtime.errors import LocalRuntimeError

LOOK_SECONDS = 0.1
_SERVICE = "AWSStepFunctions"
_FAILURES = ("Failed", "TimedOut")


class FollowedExecution:
    """An execution that this client has started.

    Raises:
        LocalRuntimeError: no machine or several have a name that begins so, or the input is refused.
    """

    def __init__(self, client: ControlClient, machine: str, document: str) -> None:
        self._client = client
        self.machine, arn = _find(client, machine)
        started = self._ask("StartExecution", {"stateMachineArn": arn, "input": document})
        self.arn = str(started["executionArn"])

    def reports(self) -> Iterator[dict[str, Any]]:
        """How it stands, again and again; the last one is of its end."""
        while True:
            execution = self._ask("DescribeExecution", {"executionArn": self.arn})
            over = execution["status"] != "RUNNING"
            yield self._report(execution, over)
            if over:
                return
            time.sleep(LOOK_SECONDS)

    def _report(self, execution: Mapping[str, Any], over: bool) -> dict[str, Any]:
        start = execution["startDate"]
        return {
            "executionArn": self.arn,
            "stateMachine": self.machine,
            "name": execution["name"],
            "status": execution["status"],
            "startDate": _iso(start),
            "seconds": round(execution.get("stopDate", time.time()) - start, 3),
            "input": json.loads(execution["input"]),
            "output": json.loads(execution["output"]) if "output" in execution else None,
            "error": execution.get("error"),
            "cause": execution.get("cause"),
            "states": states(self._history(), start),
            "messages": self._messages(start, execution["stopDate"]) if over else [],
        }

    def _history(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        more: dict[str, Any] = {}
        while True:
            request = {"executionArn": self.arn, "maxResults": 1000, **more}
            answer = self._ask("GetExecutionHistory", request)
            events += answer["events"]
            if "nextToken" not in answer:
                return events
            more = {"nextToken": answer["nextToken"]}

    def _messages(self, start: float, stop: float) -> list[dict[str, Any]]:
        """What was published between its start and its end, by it or by another."""
        published = self._client.ask("messages", {"topic": None})["messages"]
        times = [datetime.fromisoformat(message["time"]).timestamp() for message in published]
        # Messages carry milliseconds.
        return [item for item, at in zip(published, times, strict=True) if start - 0.001 <= at <= stop]

    def _ask(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        return self._client.call(f"{_SERVICE}.{action}", request)


def states(events: list[dict[str, Any]], start: float) -> list[dict[str, Any]]:
    """The states passed: when each was entered, how long it took, and what failed in it."""
    passed: list[dict[str, Any]] = []
    for event in events:
        kind = event["type"]
        if kind.endswith("StateEntered"):
            passed.append(
                {
                    "state": event["stateEnteredEventDetails"]["name"],
                    "type": kind.removesuffix("StateEntered"),
                    "entered": event["timestamp"],
                    "at": round(event["timestamp"] - start, 3),
                    "seconds": None,
                    "failures": [],
                }
            )
        elif kind.endswith("StateExited") or kind in ("ExecutionFailed", "ExecutionAborted"):
            if passed:
                passed[-1]["seconds"] = round(event["timestamp"] - passed[-1]["entered"], 3)
        elif kind.endswith(_FAILURES) and not kind.startswith("Execution"):
            details: dict[str, Any] = next(
                (value for name, value in event.items() if name.endswith("Details")), {}
            )
            passed[-1]["failures"].append(details.get("error", "failed"))
    return passed


def _find(client: ControlClient, name: str) -> tuple[str, str]:
    """(name, ARN) of the one machine of this name, or whose name begins so."""
    known = client.call(f"{_SERVICE}.ListStateMachines", {"maxResults": 1000})["stateMachines"]
    exact = [item for item in known if name in (item["name"], item["stateMachineArn"])]
    found = exact or [item for item in known if item["name"].startswith(name)]
    if len(found) != 1:
        names = ", ".join(item["name"] for item in found or known) or "none"
        what = "several state machines begin with" if found else "there is no state machine"
        raise LocalRuntimeError(f"{what} {name!r}; the run has {names}")
    return found[0]["name"], found[0]["stateMachineArn"]


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
