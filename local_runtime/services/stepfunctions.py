"""Step Functions' API over the run's state machines.

https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.services.paging import page
from local_runtime.states.clock import InterruptedExecutionError
from local_runtime.states.engine import StateMachines
from local_runtime.states.execution import STATUSES, Execution
from local_runtime.states.machine import StateMachine

MAX_INPUT_BYTES = 256 * 1024
_NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}""")


class StepFunctionsService:
    """A `Service`; state machines come from the templates alone."""

    def __init__(self, machines: StateMachines, started: float) -> None:
        self._machines = machines
        self._started = started
        self._actions: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "StartExecution": self._start_execution,
            "StopExecution": self._stop_execution,
            "DescribeExecution": self._describe_execution,
            "GetExecutionHistory": self._get_execution_history,
            "ListExecutions": self._list_executions,
            "ListStateMachines": self._list_state_machines,
            "DescribeStateMachine": self._describe_state_machine,
            "DescribeStateMachineForExecution": self._describe_for_execution,
        }

    def __call__(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        if action not in self._actions:
            known = ", ".join(self._actions)
            message = f"Step Functions {action} is not run here; {known} are."
            raise AwsError("UnknownOperationException", message)
        return self._actions[action](request)

    def _start_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        machine = self._machine(request)
        name, document = request.get("name"), request.get("input", "{}")
        if name is not None and (not isinstance(name, str) or _NAME.fullmatch(name) is None):
            raise AwsError("InvalidName", f"Invalid Name: '{name}'")
        if not isinstance(document, str) or len(document.encode()) > MAX_INPUT_BYTES:
            message = f"The input must be a text of JSON of at most {MAX_INPUT_BYTES} bytes"
            raise AwsError("InvalidExecutionInput", message)
        execution = self._machines.start(machine, name, document)
        return {"executionArn": execution.arn, "startDate": execution.started}

    def _stop_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        execution = self._execution(request)
        try:
            moment = self._machines.stop(execution.arn, request.get("error"), request.get("cause"))
        except InterruptedExecutionError:
            stopped = self._execution(request).stopped
            assert stopped is not None  # what cannot be stopped is over
            moment = stopped
        return {"stopDate": moment}

    def _describe_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        execution = self._execution(request)
        answer = {
            **_listed(execution),
            "input": execution.input,
            "inputDetails": {"included": True},
            "redriveStatus": "NOT_REDRIVABLE",
        }
        if execution.output is not None:
            answer |= {"output": execution.output, "outputDetails": {"included": True}}
        words = {"error": execution.error, "cause": execution.cause}
        return answer | {name: word for name, word in words.items() if word is not None}

    def _get_execution_history(self, request: dict[str, Any]) -> dict[str, Any]:
        events = self._machines.store.history(self._execution(request).arn)
        if request.get("reverseOrder", False):
            events.reverse()
        found, more = _page(events, request)
        with_data = request.get("includeExecutionData", True)
        return {"events": [event.to_api(with_data) for event in found], **more}

    def _list_executions(self, request: dict[str, Any]) -> dict[str, Any]:
        machine = self._machine(request)
        status = request.get("statusFilter")
        if status is not None and status not in STATUSES:
            raise AwsError("ValidationException", f"statusFilter must be one of {', '.join(STATUSES)}")
        found, more = _page(self._machines.store.listed(machine.arn, status), request)
        return {"executions": [_listed(execution) for execution in found], **more}

    def _list_state_machines(self, request: dict[str, Any]) -> dict[str, Any]:
        found, more = _page(list(self._machines.machines.values()), request)
        return {"stateMachines": [self._summary(machine) for machine in found], **more}

    def _describe_state_machine(self, request: dict[str, Any]) -> dict[str, Any]:
        machine = self._machine(request)
        answer = {"status": "ACTIVE", "definition": machine.text, "roleArn": machine.role_arn}
        return self._summary(machine) | answer

    def _describe_for_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        execution = self._execution(request)
        described = self._describe_state_machine({"stateMachineArn": execution.machine})
        wanted = ("stateMachineArn", "name", "definition", "roleArn")
        return {**{name: described[name] for name in wanted}, "updateDate": described["creationDate"]}

    def _summary(self, machine: StateMachine) -> dict[str, Any]:
        return {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "type": "STANDARD",
            "creationDate": self._started,
        }

    def _machine(self, request: dict[str, Any]) -> StateMachine:
        arn = request.get("stateMachineArn")
        machine = self._machines.machines.get(str(arn))
        if machine is None:
            known = ", ".join(self._machines.machines) or "none"
            message = f"State Machine Does Not Exist: '{arn}' (the local run has {known})"
            raise AwsError("StateMachineDoesNotExist", message)
        return machine

    def _execution(self, request: dict[str, Any]) -> Execution:
        arn = request.get("executionArn")
        execution = self._machines.store.find(str(arn))
        if execution is None:
            raise AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return execution


def _listed(execution: Execution) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.started,
        "redriveCount": 0,
    }
    return answer if execution.stopped is None else {**answer, "stopDate": execution.stopped}


def _page(items: list[Any], request: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    given = {"NextToken": request["nextToken"]} if request.get("nextToken") else {}
    size = request.get("maxResults") or 100
    found, more = page(
        items, {**given, "maxResults": size}, most=1000, error_code="InvalidToken", limit="maxResults"
    )
    return found, {"nextToken": more["NextToken"]} if more else {}
