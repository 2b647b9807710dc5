"""A wrong flag is one sentence that names the flag, the value and what is allowed."""

from typing import Any

import pytest

from src.utils.fake_data.settings import BadInputError, Settings

SOUND: dict[str, Any] = {
    "api_url": "http://127.0.0.1:4566/log-collector/v1",
    "stream_name": "PUT-Firehose-aEhWz",
}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 501}, r"--batch-size must be 1-500, the limit of PutRecords \(got 501\)"),
        ({"batch_size": 0}, r"--batch-size must be 1-500.*\(got 0\)"),
        (
            {"api_method": "record", "batch_size": 2},
            r"--batch-size must be 1 with --api-method record \(got 2\)",
        ),
        ({"api_method": "put"}, r"--api-method must be one of record, records \(got 'put'\)"),
        ({"invalid_ratio": -0.1}, r"--invalid-ratio must be 0-1 \(got -0.1\)"),
        ({"invalid_ratio": float("nan")}, r"--invalid-ratio must be 0-1 \(got nan\)"),
        ({"template": "weblog"}, r"--template must be one of web_log, app_event \(got 'weblog'\)"),
        ({"max_count": 0}, r"--max-count must be at least 1 \(got 0\)"),
        ({"rate": 0}, r"--rate must be greater than 0 and finite \(got 0\)"),
        ({"rate": float("inf")}, r"--rate must be greater than 0 and finite \(got inf\)"),
        ({"duration": -1}, r"--duration must be greater than 0.*\(got -1\)"),
        ({"concurrency": 0}, r"--concurrency must be 1-256 \(got 0\)"),
        ({"max_retries": 21}, r"--max-retries must be 0-20 \(got 21\)"),
        ({"report": "xml"}, r"--report must be one of text, json \(got 'xml'\)"),
        ({"base_time": "2026-11-21"}, r"--base-time must be a UTC time like .*\(got '2026-11-21'\)"),
        ({"api_url": None}, r"--api-url is needed to send"),
        ({"stream_name": None}, r"--stream-name is needed to send"),
        ({"stream_name": "a/b"}, r"--stream-name must be 1-128 letters.*\(got 'a/b'\)"),
        ({"dry_run": True, "max_count": None}, r"--dry-run needs --max-count"),
        ({"dry_run": True, "report": "json"}, r"--report json has no meaning with --dry-run"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        Settings(**(SOUND | wrong))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "foo",
        "127.0.0.1:4566",
        "ftp://host/v1",
        "http://",
        "http://host:99999/v1",
        "http://host/v 1",
        "http://h/v1?a=b",
    ],
)
def test_a_url_that_cannot_be_the_api_is_refused(url: str) -> None:
    with pytest.raises(BadInputError, match="--api-url must be an http or https URL"):
        Settings(**(SOUND | {"api_url": url}))


def test_a_dry_run_needs_no_target() -> None:
    assert Settings(dry_run=True).max_count == 10


def test_a_slash_at_the_end_of_the_url_makes_no_difference() -> None:
    plain, slashed = Settings(**SOUND), Settings(**(SOUND | {"api_url": SOUND["api_url"] + "/"}))
    assert plain.put_url == slashed.put_url
    assert plain.put_url == "http://127.0.0.1:4566/log-collector/v1/streams/PUT-Firehose-aEhWz/records"


def test_the_base_time_stands_for_now() -> None:
    assert Settings(dry_run=True, base_time="2026-11-21T09:30:00Z").clock() == 1_795_253_400
