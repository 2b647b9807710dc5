"""The transform function as Lambda calls it: the answer, and the two lines that it leaves in the log."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.web_analytics.transform import handler

EVENT_FILE = Path(__file__).parents[4] / "events" / "firehose_web_logs.json"
CONTEXT = SimpleNamespace(aws_request_id="request-1", function_name="transform")


@pytest.fixture
def event() -> Any:
    return json.loads(EVENT_FILE.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ICEBERG_DATABASE_NAME", "web_log_iceberg_db")
    monkeypatch.setenv("ICEBERG_TABLE_NAME", "web_log_iceberg")
    monkeypatch.setenv("METRICS_NAMESPACE", "WebAnalytics")
    monkeypatch.setenv("ADD_EVENT_ID_AND_RECEIVED_AT", "true")
    monkeypatch.setenv("TRUNCATE_IP", "false")
    monkeypatch.delenv("ICEBERG_UNIQUE_KEYS", raising=False)
    forget()
    yield
    forget()


def forget() -> None:
    handler.settings.cache_clear()
    handler.event_check.cache_clear()


def test_answer_is_json_with_a_reply_for_each_record(event: Any) -> None:
    response = json.loads(json.dumps(handler.lambda_handler(event, CONTEXT)))
    assert [reply["recordId"] for reply in response["records"]] == [
        record["recordId"] for record in event["records"]
    ]
    assert [reply["result"] for reply in response["records"]] == [
        "Ok",
        "Ok",
        "ProcessingFailed",
        "ProcessingFailed",
    ]


def test_invocation_leaves_one_log_line_and_one_metric_line(
    event: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    handler.lambda_handler(event, CONTEXT)
    log, metrics = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert log == {
        "level": "WARN",
        "message": "batch transformed",
        "requestId": "request-1",
        "accepted": 2,
        "rejected": 2,
        "reasons": {"not_json": 1, "wrong_type": 1},
    }
    counts = {"Accepted": 2, "Rejected": 2, "Rejected.not_json": 1, "Rejected.wrong_type": 1}
    assert metrics.items() >= {**counts, "FunctionName": "transform"}.items()
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "WebAnalytics"
    assert [metric["Name"] for metric in directive["Metrics"]] == list(counts)


def test_batch_without_rejections_says_so(event: Any, capsys: pytest.CaptureFixture[str]) -> None:
    del event["records"][2:]
    handler.lambda_handler(event, CONTEXT)
    log, metrics = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (log["level"], log["rejected"], log["reasons"]) == ("INFO", 0, {})
    assert metrics["Rejected"] == 0


def test_nothing_that_a_client_sent_is_logged(event: Any, capsys: pytest.CaptureFixture[str]) -> None:
    handler.lambda_handler(event, CONTEXT)
    output = capsys.readouterr().out
    for text in ("897-71", "175.51", "212234672", "poison", "Mozilla"):
        assert text not in output
