"""The embedded metric format, as CloudWatch reads it."""

import json

import pytest

from lambdas.common.telemetry import embedded_metrics, write_line


def test_counts_become_metrics_of_the_namespace_and_its_dimensions() -> None:
    line = embedded_metrics(
        {"Accepted": 2}, namespace="Some", dimensions={"FunctionName": "f"}, timestamp_ms=1_795_000_000_000
    )
    assert line == {
        "_aws": {
            "Timestamp": 1_795_000_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Some",
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [{"Name": "Accepted", "Unit": "Count"}],
                }
            ],
        },
        "FunctionName": "f",
        "Accepted": 2,
    }


def test_line_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    write_line({"message": "two\nlines"})
    assert capsys.readouterr().out.count("\n") == 1
    write_line({"message": "two\nlines"})
    assert json.loads(capsys.readouterr().out) == {"message": "two\nlines"}
