"""The documented timestamp format, and everything that only looks like it."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.common.formats import UTC_SECOND, is_utc_second

DOCUMENTED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@pytest.mark.parametrize("text", ["2026-09-16T07:35:46Z", "0001-01-01T00:00:00Z", "2024-02-29T23:59:59Z"])
def test_documented_format_is_accepted(text: str) -> None:
    assert is_utc_second(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-16 07:35:46",
        "2026-09-16 07:35:46Z",
        "2026-09-16t07:35:46z",
        "2026-09-16T07:35:46z",
        "2026-9-6T7:5:6Z",
        "2026-09-16T07:35:46+00:00",
        "2026-09-16T07:35:46.000Z",
        "2026-09-16T07:35Z",
        "20260916T073546.000Z",
        "20260916T073546+0000",
        "2026-W37-5T07:35:46Z",
        "2026-09-16T073546.5Z",
        "2026-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-09-16T24:00:00Z",
        "2026-09-16T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-09-16T07:35:46Z",
        "2026-09-16T07:35:46Z\n",
        " 2026-09-16T07:35:46Z",
        "2026-09-16T07:35:46\0",
        "2026-09-16T07:35:46\ud800",
        "-026-09-16T07:35:46Z",
        "+026-09-16T07:35:46Z",
        "2026-09-16T+7:35:46Z",
        "",
    ],
)
def test_anything_else_is_rejected(text: str) -> None:
    assert not is_utc_second(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_second_of_the_calendar_is_accepted(moment: datetime) -> None:
    assert is_utc_second(moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z")


@given(
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z?", fullmatch=True)
    | st.text(max_size=22)
)
def test_check_agrees_with_strptime_on_texts_of_the_documented_shape(text: str) -> None:
    assert is_utc_second(text) == (bool(DOCUMENTED.fullmatch(text)) and _strptime_accepts(text))


def _strptime_accepts(text: str) -> bool:
    try:
        datetime.strptime(text, UTC_SECOND)
    except ValueError:
        return False
    return True
