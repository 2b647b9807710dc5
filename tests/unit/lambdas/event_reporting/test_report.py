"""The mail with the report: what it says, that it reads well, and that nobody's data can bend it."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.event_reporting.send_report.logic import report
from lambdas.event_reporting.send_report.result import FIRST_ROWS, Result, read_result
from lambdas.event_reporting.send_report.text import Mail, change, execution_page, printable, s3_page

NAMES = ("section", "place", "name", "events", "events_before", "users", "users_before", "formats", "ids")
QUERY = {
    "queryExecutionId": "q-1",
    "startDate": "2026-10-01",
    "endDate": "2026-10-31",
    "startDateBefore": "2026-09-01",
    "endDateBefore": "2026-09-30",
    "outputLocation": "s3://results-dev/results/q-1.csv",
}


def api_row(*values: object) -> dict[str, Any]:
    return {"Data": [{} if value is None else {"VarCharValue": str(value)} for value in values]}


def result(*rows: tuple[object, ...]) -> Result:
    return read_result([api_row(*NAMES), *(api_row(*row) for row in rows)])


def mail(*rows: tuple[object, ...], region: str = "eu-west-1") -> Mail:
    return report(QUERY, result(*rows), region=region, expire_after_days=90)


FULL = (
    ("total", 1, None, 12_345, 11_000, 1_234, 1_300, 3, 12_300),
    ("format", 1, "pdf", 10_000, 8_000, 1_000, 900, 1, 9_990),
    ("format", 2, None, 2_000, 0, 900, 0, 0, 2_000),
    ("format", 3, "html", 345, 1_500, 90, 300, 1, 345),
    ("format", 4, "gone", 0, 1_500, 0, 300, 0, 0),
    ("user", 1, "anna", 7_000, 7_000, 1, 1, 3, 7_000),
    ("user", 2, "ben", 345, 0, 1, 0, 1, 345),
)

EXPECTED = """\
Event report: 2026-10-01 to 2026-10-31 (UTC)
Compared with: 2026-09-01 to 2026-09-30

Events          12,345   before         11,000      +12.2 %
Users            1,234   before          1,300       -5.1 %
45 of the events have no id, or the id of another event in the period.

Top 10 formats, of 3: events, share, change
  1. pdf                                              10,000   81.0 %    +25.0 %
  2. (none)                                            2,000   16.2 %        new
  3. html                                                345    2.8 %    -77.0 %

Top 10 users, of 1,234: events, share, change
  1. anna                                              7,000   56.7 %     +0.0 %
  2. ben                                                 345    2.8 %        new

All formats and all users, for 90 days, for those who may sign in to the account:
https://eu-west-1.console.aws.amazon.com/s3/object/results-dev?region=eu-west-1&prefix=results/q-1.csv
s3://results-dev/results/q-1.csv
"""


def test_mail_tells_period_totals_change_and_the_top_of_the_lists() -> None:
    assert mail(*FULL).text == EXPECTED
    assert mail(*FULL).subject == "Event report 2026-10-01 to 2026-10-31: 12,345 events (+12.2 %)"


def test_period_without_events_says_what_that_may_mean() -> None:
    empty = mail(("total", 1, None, 0, 11_000, 0, 1_300, 0, 0), ("format", 1, "pdf", 0, 8, 0, 1, 0, 0))
    assert "No event in this period: nothing happened, or nothing has arrived." in empty.text
    assert "A day whose files are missing looks the same as a day without events" in empty.text
    assert "In the period before there were 11,000." in empty.text
    assert "pdf" not in empty.text
    assert empty.subject == "Event report 2026-10-01 to 2026-10-31: 0 events"


def test_first_period_has_nothing_to_be_compared_with() -> None:
    first = mail(("total", 1, None, 5, 0, 2, 0, 1, 5), ("format", 1, "pdf", 5, 0, 2, 0, 1, 5))
    assert "new" in first.text
    assert first.subject == "Event report 2026-10-01 to 2026-10-31: 5 events"
    assert "have no id" not in first.text


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [(0, 0, "-"), (5, 0, "new"), (0, 5, "-100.0 %"), (5, 5, "+0.0 %"), (15, 10, "+50.0 %")],
)
def test_change_is_in_percent_where_there_is_something_to_compare_with(
    now: int, before: int, words: str
) -> None:
    assert change(now, before) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pdf", "pdf"),
        ("línea 日本", "línea 日本"),
        ("a\r\nSubject: b", r"a\u{d}\u{a}Subject: b"),
        ("\x1b[31mred", r"\u{1b}[31mred"),
        ("\u202efdp", r"\u{202e}fdp"),
        ("a\u2028b", r"a\u{2028}b"),
        ("x" * 41, "x" * 39 + "…"),
        ("\n" * 40, r"\u{a}" * 7 + r"\u{a" + "…"),
    ],
)
def test_names_stay_on_their_line_whatever_is_in_them(text: str, shown: str) -> None:
    assert printable(text, 40) == shown
    assert len(shown) <= 40


def test_mail_of_hostile_names_fits_and_keeps_its_lines() -> None:
    hostile = "\u202e\n\r\x00http://evil.example/" * 5_000
    rows = [("total", 1, None, 10**12, 1, 10**9, 1, 10**9, 0)]
    rows += [
        (kind, place, hostile, 10**11, 1, 1, 1, 1, 1) for kind in ("format", "user") for place in range(10)
    ]
    sent = mail(*rows)
    assert len(sent.text.encode()) < 16 * 1024  # SNS takes 256 KiB
    assert len(sent.text.splitlines()) == len(mail(*FULL).text.splitlines()) + 15
    assert max(len(line) for line in sent.text.splitlines()) <= 130
    assert len(sent.subject) < 100
    assert sent.subject.isascii()


def test_first_rows_hold_the_totals_and_both_lists() -> None:
    assert FIRST_ROWS == 22


@pytest.mark.parametrize("rows", [(), FULL[1:], (FULL[0], FULL[0])])
def test_result_without_one_row_of_totals_is_an_error(rows: tuple[tuple[object, ...], ...]) -> None:
    with pytest.raises(ValueError, match="must have one row of totals"):
        result(*rows)


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("eu-west-1", "https://eu-west-1.console.aws.amazon.com/"),
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
    ],
)
def test_links_lead_to_the_console_of_the_region(region: str, console: str) -> None:
    assert s3_page("s3://b/results/a b.csv", region) == (
        f"{console}s3/object/b?region={region}&prefix=results/a%20b.csv"
    )
    assert execution_page("arn:x", region).startswith(f"{console}states/home?region={region}#")
