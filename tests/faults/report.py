"""A world around the report: its real state machine and handlers, and services that fail when told to."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_runtime.assembly import Assembly
from local_runtime.errors import AwsError
from local_runtime.states.execution import Event, Execution, ExecutionStore
from local_runtime.states.interpreter import Interpreter
from local_runtime.states.machine import StateMachine
from local_runtime.states.tasks import Tasks

OCTOBER = {"startDate": "2026-10-01", "endDate": "2026-10-31"}
COLUMNS = ["section", "place", "name", "events", "events_before", "users", "users_before", "formats", "ids"]
TOTALS = ["total", "1", None, "1", "1", "1", "1", "1", "1"]


def client_error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code} as it was told"}}, operation)


class AlreadyExistsError(Exception):
    """`ExecutionAlreadyExists` of the client."""


@dataclass
class Service:
    """An AWS client's calls, counted; the faults of an operation are raised by its first calls, in order."""

    calls: Counter[str] = field(default_factory=Counter)
    faults: dict[str, list[Exception]] = field(default_factory=dict)

    def _called(self, operation: str) -> None:
        self.calls[operation] += 1
        if self.faults.get(operation):
            raise self.faults[operation].pop(0)

    def fail(self, operation: str, code: str, times: int) -> None:
        self.faults[operation] = [client_error(code, operation)] * times


@dataclass
class FakeAthena(Service):
    """One query, in the states of the script; it stays in the last one."""

    script: list[str] = field(default_factory=lambda: ["SUCCEEDED"])
    reason: str | None = None
    rows: list[list[str | None]] = field(default_factory=lambda: [TOTALS])
    tokens: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def start_query_execution(self, **request: Any) -> dict[str, str]:
        self.tokens.append(request["ClientRequestToken"])
        self._called("start")
        return {"QueryExecutionId": "query-1"}

    def get_query_execution(self, **request: str) -> dict[str, Any]:
        self._called("check")
        state = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        reason = {} if self.reason is None else {"StateChangeReason": self.reason}
        location = f"s3://results/{request['QueryExecutionId']}.csv"
        return {
            "QueryExecution": {
                "Status": {"State": state, **reason},
                "ResultConfiguration": {"OutputLocation": location},
            }
        }

    def get_query_results(self, **request: Any) -> dict[str, Any]:
        self._called("result")
        rows = [COLUMNS, *self.rows][: request["MaxResults"]]
        return {"ResultSet": {"Rows": [{"Data": [_datum(value) for value in row]} for row in rows]}}

    def stop(self, query_execution_id: str) -> None:
        self._called("stop")
        self.stopped.append(query_execution_id)


def _datum(value: str | None) -> dict[str, str]:
    return {} if value is None else {"VarCharValue": value}


@dataclass
class FakeSns(Service):
    """The topic, and what was published to it."""

    mails: list[dict[str, str]] = field(default_factory=list)

    def publish(self, **mail: str) -> dict[str, str]:
        self._called("publish")
        self.mails.append(mail)
        return {"MessageId": f"message-{len(self.mails)}"}


@dataclass(frozen=True)
class Answer:
    payload: bytes
    function_error: str | None
    request_id: str = "request-1"


@dataclass(frozen=True)
class InProcessFunction:
    """A handler, called as Lambda calls it: errors become the payload that Lambda makes of them."""

    arn: str
    handler: Callable[[Any, Any], Any]

    def invoke(self, payload: bytes) -> Answer:
        try:
            answer = self.handler(json.loads(payload), SimpleNamespace(aws_request_id="request-1"))
        except Exception as error:
            described = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
            return Answer(json.dumps(described).encode(), "Unhandled")
        return Answer(json.dumps(answer).encode(), None)


class ReportWorld:
    """Executions run to their end in the caller's thread; no wait takes any time, but each one counts."""

    def __init__(self, assembly: Assembly, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.athena, self.sns = FakeAthena(), FakeSns()
        self._store = ExecutionStore(folder / "states.db")
        self._threads = ThreadPoolExecutor(1)
        functions = dict(self._functions(assembly, monkeypatch))
        (resource,) = assembly.of_type("AWS::StepFunctions::StateMachine")
        self.machine = StateMachine.from_resource(resource, assembly)
        self._tasks = Tasks(functions, self._call_service)
        self._start_workflow = next(
            function for name, function in functions.items() if "start-workflow" in name
        )

    def _functions(
        self, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[tuple[str, InProcessFunction]]:
        clients = {"athena": self.athena, "sns": self.sns, "stepfunctions": self._states_client()}
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        for function in assembly.of_type("AWS::Lambda::Function"):
            module = import_module(function.properties["Handler"].removesuffix(".lambda_handler"))
            monkeypatch.setattr(module, "client", clients.__getitem__)
            variables: Mapping[str, str] = function.properties["Environment"]["Variables"]
            for name, value in variables.items():
                monkeypatch.setenv(name, value)
            if hasattr(module, "settings"):
                module.settings.cache_clear()
            yield function.physical_id, InProcessFunction(function.arn, module.lambda_handler)

    def _states_client(self) -> SimpleNamespace:
        def start_execution(**request: str) -> dict[str, str]:
            assert request["stateMachineArn"] == self.machine.arn
            return {"executionArn": self._run(request["name"], request["input"]).arn}

        exceptions = SimpleNamespace(ExecutionAlreadyExists=AlreadyExistsError)
        return SimpleNamespace(start_execution=start_execution, exceptions=exceptions)

    def _call_service(self, service: str, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        assert (service, action) == ("athena", "stopQueryExecution")
        try:
            self.athena.stop(parameters["QueryExecutionId"])
        except ClientError as error:
            raise AwsError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from None
        return {}

    def report(self, document: Any = OCTOBER) -> Execution:
        """The execution of the machine with this input, at its end."""
        return self._run("by-hand", json.dumps(document))

    def schedule(self, time: str = "2026-11-01T08:00:00Z") -> Answer:
        """EventBridge calls the function that starts the report."""
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "time": time}
        return self._start_workflow.invoke(json.dumps(event).encode())

    def _run(self, name: str, document: str) -> Execution:
        arn = f"{self.machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            execution, _ = self._store.create(
                arn, self.machine.arn, name, document, Event("ExecutionStarted", {"input": document})
            )
        except AwsError as error:
            raise AlreadyExistsError from error
        Interpreter(self.machine, execution, self._store, self._tasks, self._threads, 0.0).run()
        ended = self._store.find(arn)
        assert ended is not None and ended.is_over
        return ended

    @property
    def executions(self) -> list[Execution]:
        return self._store.listed(self.machine.arn, None)

    def path(self, execution: Execution) -> list[str]:
        """The states passed, in order."""
        entered = [
            event for event in self._store.history(execution.arn) if event.type.endswith("StateEntered")
        ]
        return [str(event.details["name"]) for event in entered]

    @property
    def mail(self) -> str:
        """The text of the one mail."""
        (mail,) = self.sns.mails
        assert len(mail["Subject"]) < 100
        assert re.fullmatch(r"[ -~]+", mail["Subject"])
        return mail["Message"]

    def close(self) -> None:
        self._threads.shutdown()
        self._store.close()
