"""The status as a user sees it: every record that was put is named with its outcome."""

from __future__ import annotations

from typing import Any

import pytest

from local_runtime.tables import print_status

COUNTERS = {
    "stored": 90,
    "dropped": 1,
    "expired": 4,
    "format-conversion-failed": 2,
    "format-conversion-failed:DataFormatConversion.ParseError": 2,
}


def status(**delivery: Any) -> dict[str, Any]:
    given = {
        "name": "clicks",
        "counters": COUNTERS,
        "waiting": 3,
        "last_error": None,
        "put": None,
        **delivery,
    }
    return {
        "apis": [],
        "streams": [],
        "deliveries": [{**given, **delivery}],
        "tables": [],
        "functions": ["clicks-ingest"],
        "without_effect": {"AWS::Logs::LogGroup": "logs are files"},
        "failure": None,
    }


def test_delivery_names_every_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    print_status(status(put={"records": 100, "bytes": 2000}))
    shown = capsys.readouterr().out
    assert "100 records, 2000 bytes put; 90 stored, 3 waiting, 1 dropped, 4 expired" in shown
    assert "2 format-conversion-failed:DataFormatConversion.ParseError" in shown


def test_delivery_from_a_stream_has_no_puts_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    print_status(status(counters={"stored": 1}, waiting=0))
    assert "1 stored, 0 waiting" in capsys.readouterr().out


def test_functions_and_types_without_an_effect_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    print_status(status())
    shown = capsys.readouterr().out
    assert "clicks-ingest" in shown
    assert "AWS::Logs::LogGroup" in shown
    assert "logs are files" in shown
