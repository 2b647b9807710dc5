"""What a run shows on stderr, and its account as text."""

from array import array
from collections import Counter
from typing import Any

import pytest

from src.utils.fake_data import display
from src.utils.fake_data.settings import Settings
from src.utils.fake_data.tally import Tally, as_report, as_text


def finished() -> Tally:
    return Tally(
        sent=1200,
        accepted=1198,
        rejected=2,
        retried=30,
        requests=15,
        invalid_sent=12,
        invalid_accepted=Counter(missing_field=8, not_json=4),
        failures=Counter({"HTTP 400": 2}),
        latencies=array("d", [0.001, 0.002, 0.003]),
        started=0.0,
        ended=2.0,
        stopped_early="HTTP 400",
    )


def test_the_summary_names_every_number() -> None:
    assert as_text(finished()).splitlines() == [
        "sent 1,200 = accepted 1,198 + rejected 2 in 2.0 s (599 records/s)",
        "answers 15, records retried 30; latency p50 2.0 ms, p95 3.0 ms, p99 3.0 ms",
        "deliberately invalid 12, accepted by the API 12"
        " (the transform is to reject: missing_field 8, not_json 4)",
        "rejected 2: HTTP 400",
        "stopped early: HTTP 400",
    ]


def test_the_report_has_the_same_numbers() -> None:
    report = as_report(finished())
    assert (report["seconds"], report["records_per_second"]) == (2.0, 599.0)
    assert report["latency_ms"] == {"p50": 2.0, "p95": 3.0, "p99": 3.0}
    assert (report["invalid_sent"], report["invalid_accepted"]) == (12, 12)


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        (200, "OK", '[200 OK] { "a": 1 }'),
        (429, "", '[429 Too Many Requests] { "a": 1 }'),
        (599, None, '[599] { "a": 1 }'),
    ],
)
def test_a_response_is_one_line(
    status: int, reason: str | None, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    display.ResponseLines().answer(status, reason, b'{\n"a": 1\r\n}')
    assert capsys.readouterr().err == line + "\n"


def test_progress_in_a_log_file_is_a_line_every_five_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    lines = display.ProgressLines()
    for now in (101.0, 104.9, 105.1, 106.0, 110.2):  # noqa: B007  (the clock reads it)
        lines.tick(finished())
    assert (
        capsys.readouterr().err.splitlines()
        == [
            "sent 1,200, accepted 1,198, 599 records/s, p50 2.0 ms, p95 3.0 ms, p99 3.0 ms, "
            "retried 30, rejected 2"
        ]
        * 2
    )


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ({"plain": True}, display.ResponseLines),
        ({}, display.ProgressLines),
        ({"quiet": True}, display.Silent),
    ],
)
def test_what_is_shown_follows_the_flags(
    flags: dict[str, Any], kind: type[display.Silent], capsys: pytest.CaptureFixture[str]
) -> None:
    assert capsys.readouterr().err == ""  # captured: no terminal
    assert type(display.choose_display(Settings(dry_run=True, **flags))) is kind
