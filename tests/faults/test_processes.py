"""The same account with the delivery's own threads and the function in AWS's runtime client."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from local_runtime.firehose.transform import Invocation
from local_runtime.lambdas.configuration import FunctionConfiguration
from local_runtime.lambdas.environment import Surroundings
from local_runtime.lambdas.function import LambdaFunction
from tests.faults.account import Account
from tests.faults.faulty_transform import PLAN
from tests.faults.producer import Load
from tests.faults.world import Blueprint, Profile, World

ROOT = Path(__file__).parents[2]
TABLE = "web_log_iceberg"
PLANNED = ("throws", "", "is killed", "exits", "", "misses an id", "times out", "answers null", "throws")
DEATHS = ("throws", "is killed", "exits", "times out")
CODES = {
    "Lambda.FunctionError",
    "Lambda.FunctionTimedOut",
    "Lambda.MissingRecordId",
    "Lambda.JsonProcessingException",
}


class ProcessFunction:
    """A `TransformFunction` over processes: which records a fault meets is not known beforehand."""

    def __init__(self, function: LambdaFunction) -> None:
        self._function = function
        self.faults: deque[str | None] = deque()
        self.seen: Counter[str] = Counter()
        self.codes = {serial: set(CODES) for serial in range(1000)}
        self.dropped: set[int] = set()

    def invoke(self, payload: bytes) -> Invocation:
        invocation = self._function.invoke(payload)
        self.seen["failed" if invocation.function_error else "answered"] += 1
        return invocation


@pytest.fixture
def function(tmp_path: Path) -> Iterator[ProcessFunction]:
    plan = tmp_path / "plan"
    plan.write_text("\n".join(PLANNED))
    configuration = FunctionConfiguration(
        name="transform",
        arn="arn:aws:lambda:us-east-1:123456789012:function:transform",
        handler="tests.faults.faulty_transform.lambda_handler",
        runtime="python3.14",
        timeout_seconds=1,
        memory_mb=1024,
        environment={
            "ICEBERG_DATABASE_NAME": "web_log_iceberg_db",
            "ICEBERG_TABLE_NAME": TABLE,
            "ICEBERG_UNIQUE_KEYS": "event_id",
            "METRICS_NAMESPACE": "WebAnalytics",
            "ADD_EVENT_ID_AND_RECEIVED_AT": "true",
            "TRUNCATE_IP": "false",
            PLAN: str(plan),
        },
        layers=(),
        log_format="JSON",
        log_level=None,
        log_group="/functions/transform",
    )
    surroundings = Surroundings("us-east-1", ROOT, [], tmp_path / "bytecode", "http://127.0.0.1:1")
    function = LambdaFunction(configuration, surroundings, lambda line: None, concurrency=2)
    yield ProcessFunction(function)
    function.close()


def test_account_closes_over_processes_that_die_time_out_and_answer_nonsense(
    blueprint: Blueprint, function: ProcessFunction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_runtime.firehose.delivery.RETRY_SECONDS", (0.01,))
    own = replace(blueprint, new_function=lambda profile, tables: function)
    profile = Profile(unique_keys=True, two_tables=False, lakehouse=True, ordered=True)
    with closing(World(own, profile, tmp_path)) as world:
        lakehouse = world.lakehouse
        assert lakehouse is not None
        world.delivery.start()
        for _ in range(6):
            world.faulty_tables.repetitions += 1
            lakehouse.rival_commits += 1
            world.producer.put(Load("records", 10), 10, "wrong type")
            assert world.delivery.flush(30)
        world.delivery.request_stop()
        world.delivery.join()
        assert world.is_delivered
        Account(world).check()
        assert function.seen["failed"] == sum(fault in DEATHS for fault in PLANNED)
        assert lakehouse.seen.total() == 6
