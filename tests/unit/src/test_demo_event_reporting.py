"""The demo of event_reporting says so when the mail is not what was put, or a failure is not mailed."""

from __future__ import annotations

from typing import Any

import pytest

from src.utils.demos.event_reporting import Event, _is_mailed, _mail_agrees

NOW: list[Event] = [
    {"id": "1", "userId": "anna", "format": "pdf", "timestamp": "2026-10-01T00:00:00Z"},
    {"id": "2", "userId": "anna", "timestamp": "2026-10-02T00:00:00Z"},
]
BEFORE: list[Event] = [{"id": "3", "userId": "ben", "format": "pdf", "timestamp": "2026-09-01T00:00:00Z"}]
MAIL = """\
Events               2   before              1     +100.0 %
Users                1   before              1       +0.0 %

Top 10 formats, of 1: events, share, change
  1. pdf                                                   1   50.0 %     +0.0 %
  2. (none)                                                1   50.0 %        new

Top 10 users, of 1: events, share, change
  1. anna                                                  2  100.0 %        new
"""
EMPTY = (
    "No event in this period: nothing happened, or nothing has arrived.\nIn the period before there were 1.\n"
)
REFUSED = "Why:        InvalidPeriodError: startDate must not be after endDate (got ...)"


def execution(*mails: str, status: str = "SUCCEEDED", path: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "status": status,
        "states": [{"state": state} for state in path],
        "messages": [{"message": mail} for mail in mails],
    }


def test_mail_of_what_was_put_agrees() -> None:
    assert _mail_agrees(execution(MAIL), [NOW, BEFORE])
    assert _mail_agrees(execution(EMPTY), [[], BEFORE])


@pytest.mark.parametrize(
    "report",
    [
        execution(),
        execution(MAIL, MAIL),
        execution(MAIL, status="FAILED"),
        execution(MAIL.replace("Events               2", "Events               3")),
        execution(MAIL.replace("before              1     +100", "before              0     +100")),
        execution(MAIL.replace("  2. (none)", "  2. html")),
        execution(
            MAIL.replace("  1. anna                                                  2", "  1. anna 1")
        ),
        execution(EMPTY),
    ],
)
def test_any_other_mail_does_not(report: dict[str, Any]) -> None:
    assert not _mail_agrees(report, [NOW, BEFORE])


def test_failure_is_as_wanted_only_when_it_is_mailed_with_its_reason() -> None:
    path = ("StartQuery", "ReportFailure", "Failed")
    assert _is_mailed(execution(REFUSED, status="FAILED", path=path))
    assert not _is_mailed(execution(status="FAILED", path=path))
    assert not _is_mailed(execution("Why: something else", status="FAILED", path=path))
    assert not _is_mailed(execution(REFUSED, status="SUCCEEDED", path=path))
    assert not _is_mailed(execution(REFUSED, status="FAILED", path=path[::2]))
