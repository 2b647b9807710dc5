"""The API of the synthesized templates in front of the run's own Kinesis store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly import Assembly
from local_runtime.gateway.context import Request, Response
from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.service import KinesisService
from local_runtime.kinesis.store import StreamStore
from tests.gateways import gateway_over

STREAM = "PUT-Firehose-aEhWz"
TRICKY = 'k","ExplicitHashKey":"0 \' \\ é 😀'
Call = Callable[..., Response]


@pytest.fixture
def store(assembly: Assembly, tmp_path: Path) -> Iterator[StreamStore]:
    store = StreamStore(tmp_path / "kinesis.db", clock=lambda: 1_700_000_000.0)
    for resource in assembly.of_type("AWS::Kinesis::Stream"):
        store.ensure_stream(StreamDefinition.from_resource(resource))
    yield store
    store.close()


@pytest.fixture
def call(assembly: Assembly, store: StreamStore) -> Call:
    service = KinesisService(store, enforce_limits=True, clock=lambda: 1_700_000_000.0)
    gateway = gateway_over(assembly, {"kinesis": service})
    api = gateway.apis["log-collector"]

    def run(method: str, path: str, body: Any = None, **headers: str) -> Response:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return gateway.handle(api, api.stages["v1"], Request(method, path, {}, given, data, "127.0.0.1"))

    return run


def batch(count: int, key: str | None = None) -> dict[str, Any]:
    records = [{"data": f"{n}\n", "partition-key": str(n) if key is None else key} for n in range(count)]
    return {"records": records}


def answer(response: Response) -> Any:
    return json.loads(response.body)


def test_streams_are_listed_and_described(call: Call) -> None:
    assert answer(call("GET", "/streams"))["StreamNames"] == [STREAM]
    assert answer(call("GET", f"/streams/{STREAM}"))["StreamDescription"]["StreamStatus"] == "ACTIVE"


def test_put_record_answers_where_the_record_is(call: Call) -> None:
    response = call("PUT", f"/streams/{STREAM}/record", {"Data": {"a": TRICKY}, "PartitionKey": TRICKY})
    assert response.status == 200
    assert set(answer(response)) >= {"SequenceNumber", "ShardId", "EncryptionType"}


def test_put_records_answers_for_each_record(call: Call) -> None:
    response = call("PUT", f"/streams/{STREAM}/records", batch(500))
    assert (response.status, answer(response)["FailedRecordCount"]) == (200, 0)
    assert len(answer(response)["Records"]) == 500


def test_records_that_the_stream_refused_make_the_answer_no_success(call: Call) -> None:
    statuses = [call("PUT", f"/streams/{STREAM}/records", batch(500, "same shard")).status for _ in range(2)]
    response = call("PUT", f"/streams/{STREAM}/records", batch(500, "same shard"))
    assert statuses == [200, 200]
    assert response.status == 503
    failed = [record for record in answer(response)["Records"] if "ErrorCode" in record]
    assert answer(response)["FailedRecordCount"] == len(failed) > 0
    assert all(list(record) == ["ErrorCode"] for record in failed)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/streams/other", None, 403),
        ("PUT", "/streams/other/record", {"Data": 1, "PartitionKey": "k"}, 403),
        ("PUT", f"/streams/{STREAM}/record", {"Data": 1}, 400),
        ("PUT", f"/streams/{STREAM}/record", b"{oops", 400),
        ("PUT", f"/streams/{STREAM}/record", {"Data": 1, "PartitionKey": "k", "StreamARN": "x"}, 400),
        ("PUT", f"/streams/{STREAM}/records", batch(501), 400),
        ("PUT", f"/streams/{STREAM}/records", batch(0), 400),
        ("POST", f"/streams/{STREAM}/records", batch(1), 403),
        ("GET", "/nowhere", None, 403),
    ],
)
def test_bad_requests_get_a_status_a_reason_and_the_cors_header(
    call: Call, method: str, path: str, body: Any, status: int
) -> None:
    response = call(method, path, body)
    assert response.status == status
    assert answer(response)["message"]
    assert response.headers["access-control-allow-origin"] == "*"
    assert b"123456789012" not in response.body


def test_another_content_type_is_refused(call: Call) -> None:
    response = call("PUT", f"/streams/{STREAM}/records", batch(1), content_type="text/plain")
    assert response.status == 415


@pytest.mark.parametrize("path", ["/streams", f"/streams/{STREAM}", f"/streams/{STREAM}/records"])
def test_browsers_may_ask_first(call: Call, path: str) -> None:
    response = call("OPTIONS", path)
    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert "OPTIONS" in response.headers["access-control-allow-methods"]
