"""The account's arithmetic, its time ranges, and how failed records are counted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from src.utils.aws.error_objects import ErrorObject
from src.utils.aws.errors import BadInputError
from src.utils.reconciling.account import Account, Failures
from src.utils.reconciling.cli import run_command_line
from src.utils.reconciling.failures import count_failures
from src.utils.reconciling.time_range import TimeRange, parse_range

NOW = datetime(2026, 11, 21, 10, 30, 20, tzinfo=UTC)
HOUR = TimeRange(datetime(2026, 11, 21, 9, 30, tzinfo=UTC), datetime(2026, 11, 21, 10, 31, tzinfo=UTC))
CLOSED = Account(
    accepted=1000,
    stored=940,
    stored_twice=0,
    erased=5,
    failures=Failures(rejected=50, undeliverable={"Iceberg.MissingColumnWithinRecord": 5}),
    possibly_in_flight=0,
    reasons={"missing_field": 50},
)


def test_account_closes_when_every_record_is_somewhere() -> None:
    assert CLOSED.closes
    assert (CLOSED.difference, CLOSED.in_flight) == (0, 0)


@pytest.mark.parametrize(("lost", "closes"), [(0, True), (1, False), (940, False)])
def test_account_does_not_close_when_a_row_is_gone(lost: int, closes: bool) -> None:
    account = replace(CLOSED, stored=940 - lost)
    assert (account.difference, account.closes) == (lost, closes)


def test_missing_records_are_in_flight_only_as_far_as_some_can_be() -> None:
    account = replace(CLOSED, stored=900, possibly_in_flight=30)
    assert (account.in_flight, account.difference, account.closes) == (30, 10, False)
    account = replace(CLOSED, stored=900, possibly_in_flight=400)
    assert (account.in_flight, account.difference, account.closes) == (40, 0, True)


def test_records_that_nobody_accepted_do_not_close() -> None:
    account = replace(CLOSED, accepted=999)
    assert (account.difference, account.closes) == (-1, False)


def test_rows_delivered_again_explain_an_excess_and_never_a_loss() -> None:
    excess = replace(CLOSED, stored=943, stored_twice=3)
    assert (excess.repeated, excess.closes) == (3, True)
    too_much = replace(CLOSED, stored=945, stored_twice=3)
    assert (too_much.difference, too_much.closes) == (-2, False)
    loss = replace(CLOSED, stored=939, stored_twice=3)
    assert (loss.repeated, loss.difference) == (0, 1)


def test_tolerance_is_for_both_directions() -> None:
    assert replace(CLOSED, accepted=1002, tolerance=2).closes
    assert replace(CLOSED, accepted=998, tolerance=2).closes
    assert not replace(CLOSED, accepted=1003, tolerance=2).closes


def test_unreadable_error_object_keeps_the_account_open() -> None:
    assert not replace(CLOSED, failures=replace(CLOSED.failures, unreadable_lines=1)).closes


def envelope(at: datetime, code: str) -> bytes:
    return json.dumps({"arrivalTimestamp": int(at.timestamp() * 1000), "errorCode": code, "x": 1}).encode()


def test_failures_count_by_arrival_and_code_wherever_the_object_is_now() -> None:
    inside, before = HOUR.start, HOUR.start - timedelta(milliseconds=1)
    rejected = envelope(inside, "Lambda.ProcessingFailedStatus")
    timed_out = envelope(inside, "Lambda.FunctionTimedOut")
    failures = count_failures(
        [
            (ErrorObject("error/processing-failed/a", NOW), [rejected, envelope(before, "x"), timed_out]),
            (ErrorObject("replayed/error/processing-failed/b.gz", NOW), [rejected, rejected]),
            (ErrorObject("unrecoverable/processing-failed/c", NOW), [rejected, envelope(HOUR.end, "x")]),
            (ErrorObject("error/iceberg-failed/d", NOW), [b"no json"]),
        ],
        HOUR,
    )
    assert failures == Failures(
        rejected=4,
        undeliverable={"Lambda.FunctionTimedOut": 1},
        replayed=2,
        unrecoverable=1,
        unreadable_lines=1,
    )


@pytest.mark.parametrize(
    ("start", "end", "last", "expected"),
    [
        (None, None, "1h", ("09:30", "10:31", 60)),
        (None, None, "90s", ("10:28", "10:31", 60)),
        ("2026-11-21T09:00:30Z", "2026-11-21T10:00:00Z", None, ("09:00", "10:00", 60)),
        ("2026-11-21T10:00:30+01:00", "2026-11-21T09:30", None, ("09:00", "09:30", 60)),
        ("2026-11-21T09:00:00Z", None, None, ("09:00", "10:31", 60)),
    ],
)
def test_range_is_widened_to_whole_minutes(
    start: str | None, end: str | None, last: str | None, expected: tuple[str, str, int]
) -> None:
    found = parse_range(start, end, last, NOW)
    assert (f"{found.start:%H:%M}", f"{found.end:%H:%M}", found.period) == expected


@pytest.mark.parametrize(("days", "period"), [(14, 60), (16, 300), (62, 300), (64, 3600), (454, 3600)])
def test_older_range_takes_the_periods_that_cloudwatch_still_has(days: int, period: int) -> None:
    found = parse_range(None, None, f"{days}d", NOW)
    assert found.period == period
    assert found.start.timestamp() % period == found.end.timestamp() % period == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "pass --last, for example --last 1h, or --from"),
        (("--last", "1x"), "--last must be a number and s, m, h or d"),
        (("--last", "0m"), "--last must be a number"),
        (("--last", "1h", "--from", "2026-11-21"), "--last cannot go with --from"),
        (("--from", "yesterday"), "--from must be ISO 8601"),
        (("--from", "2026-11-21T10:00", "--to", "2026-11-21T10:00"), "--from must be before --to"),
        (("--from", "1999-01-01"), "--from must be within the past 455 days"),
        (("--last", "1h", "--tolerance", "-1"), "--tolerance must be 0 or more"),
        (("--last", "1h", "--longest-delay", "90000"), "--longest-delay must be 0-86400 seconds"),
        (("--last", "1h", "--table", 'x"; drop table y'), "--table must be lower-case letters"),
    ],
)
def test_wrong_input_is_one_sentence(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_command_line(arguments)
    output = capsys.readouterr()
    assert (code, output.out) == (2, "")
    assert output.err.startswith(f"error: {message}")
    assert len(output.err.splitlines()) == 1


def test_range_of_a_missing_option_names_it() -> None:
    with pytest.raises(BadInputError, match="or --from and perhaps --to"):
        parse_range(None, "2026-11-21T10:00", None, NOW)


def test_service_that_does_not_answer_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert run_command_line(("--last", "1h")) == 2
    assert "Could not connect to the endpoint URL" in capsys.readouterr().err
