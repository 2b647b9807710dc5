"""Which records an answer of the API calls failed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.utils.fake_data.answers import ACCEPTED, read_answer

THROUGHPUT = "ProvisionedThroughputExceededException"
STORED = {"SequenceNumber": "4967", "ShardId": "shardId-000000000000"}


def body(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "text", [b"{}", b"", b"not json", b"[1]", body({"FailedRecordCount": 0, "Records": [STORED]})]
)
def test_a_200_that_names_no_failed_record_accepts_all(text: bytes) -> None:
    assert read_answer(200, text, 1) == ACCEPTED


@given(st.lists(st.booleans(), min_size=1, max_size=500), st.sampled_from([200, 207, 503]))
def test_exactly_the_entries_with_an_error_code_failed(failed: list[bool], status: int) -> None:
    records = [{"ErrorCode": THROUGHPUT} if fails else STORED for fails in failed]
    answer = read_answer(status, body({"FailedRecordCount": sum(failed), "Records": records}), len(failed))
    if any(failed):
        assert list(answer.failed) == [index for index, fails in enumerate(failed) if fails]
        assert list(answer.reasons) == [THROUGHPUT] * sum(failed)
        assert answer.may_retry
    elif status == 200:
        assert answer == ACCEPTED


@pytest.mark.parametrize(("status", "may_retry"), [(429, True), (500, True), (503, True), (504, True)])
def test_a_throttled_or_broken_request_may_be_retried_as_a_whole(status: int, may_retry: bool) -> None:
    answer = read_answer(status, b"", 3)
    assert (list(answer.failed), answer.may_retry) == ([0, 1, 2], may_retry)


@pytest.mark.parametrize("status", [201, 204, 301, 400, 403, 404, 413])
def test_any_other_status_fails_for_good(status: int) -> None:
    answer = read_answer(status, b'{"__type": "ResourceNotFoundException", "message": "no such stream"}', 2)
    assert not answer.may_retry
    assert list(answer.reasons) == [f"HTTP {status} ResourceNotFoundException: no such stream"] * 2


@pytest.mark.parametrize("records", [None, [], [STORED], [STORED, STORED]])
def test_failed_records_that_the_list_does_not_name_fail_the_whole_batch(records: Any) -> None:
    answer = read_answer(503, body({"FailedRecordCount": 1, "Records": records}), 2)
    assert list(answer.failed) == [0, 1]
    assert not answer.may_retry
