"""A batch of records in, a reply for each out: who is accepted, with which data, in how many bytes."""

import base64
import json
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest
from awslambdaric.lambda_runtime_marshaller import to_json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdas.common.event_check import EventCheck
from lambdas.common.firehose import RESPONSE_LIMIT, IncomingRecord, Reply
from lambdas.common.verdict import Reason
from lambdas.web_analytics.transform.enrichment import Enrichment
from lambdas.web_analytics.transform.logic import Destination, Outcome, transform

DESTINATION = Destination("web_log_iceberg_db", "web_log_iceberg", "insert")
AS_SENT = Enrichment(add_ids=False)
Incoming = Callable[..., list[IncomingRecord]]


def payload_of(reply: Reply) -> bytes:
    assert isinstance(reply["data"], str)
    return base64.b64decode(reply["data"], validate=True)


def test_accepted_record_is_echoed_with_its_destination(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming
) -> None:
    (record,) = incoming(json.dumps(web_log).encode() + b"\n")
    outcome = transform([record], check, DESTINATION, AS_SENT)
    assert outcome.replies == [
        {
            "recordId": record["recordId"],
            "result": "Ok",
            "data": record["data"],
            "metadata": {
                "otfMetadata": {
                    "destinationDatabaseName": "web_log_iceberg_db",
                    "destinationTableName": "web_log_iceberg",
                    "operation": "insert",
                }
            },
        }
    ]
    assert (outcome.accepted, outcome.rejected) == (1, Counter())


def test_unique_keys_make_it_an_update(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming
) -> None:
    outcome = transform(
        incoming(json.dumps(web_log).encode()), check, Destination("db", "t", "update"), AS_SENT
    )
    assert outcome.replies[0]["metadata"]["otfMetadata"]["operation"] == "update"


@pytest.mark.parametrize("end", [b"", b"\n", b" \r\n"])
def test_absent_optional_fields_are_added_as_null_behind_the_clients_own_text(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming, end: bytes
) -> None:
    del web_log["os"], web_log["user_agent"]
    text = json.dumps({**web_log, "price": 1.10}).encode()
    (reply,) = transform(incoming(text + end), check, DESTINATION, AS_SENT).replies
    assert payload_of(reply) == text[:-1] + b',"user_agent":null,"os":null}'
    assert json.loads(payload_of(reply)) == {**web_log, "price": 1.10, "user_agent": None, "os": None}


def test_poison_records_fail_alone_and_keep_their_data(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming
) -> None:
    good = json.dumps(web_log).encode()
    poison = [b"", b"\xff\xfe", b"no JSON", b"[" * 100_000, b"[1]", b"{}"]
    records = incoming(good, *poison, good)
    outcome = transform(records, check, DESTINATION, AS_SENT)
    assert [reply["result"] for reply in outcome.replies] == ["Ok", *["ProcessingFailed"] * 6, "Ok"]
    assert [reply["data"] for reply in outcome.replies] == [record["data"] for record in records]
    assert all("metadata" not in reply for reply in outcome.replies[1:-1])
    assert outcome.rejected == {
        Reason.NOT_JSON: 3,
        Reason.NOT_UTF8: 1,
        Reason.NOT_AN_OBJECT: 1,
        Reason.MISSING_FIELD: 1,
    }


@pytest.mark.parametrize("data", [None, 5, "YQ", "Y Q==", "ü", "\ud800", "not base64"])
def test_record_whose_data_is_no_base64_fails_alone(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming, data: object
) -> None:
    records = incoming(json.dumps(web_log).encode(), b"")
    cast(dict[str, object], records[1])["data"] = data
    outcome = transform(records, check, DESTINATION, AS_SENT)
    assert [reply["result"] for reply in outcome.replies] == ["Ok", "ProcessingFailed"]
    assert outcome.replies[1]["data"] == (data if isinstance(data, str) and data.isascii() else "")
    assert outcome.rejected == {Reason.NOT_BASE64: 1}


def test_record_without_data_fails_alone(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming
) -> None:
    records = incoming(json.dumps(web_log).encode(), b"")
    del cast(dict[str, object], records[1])["data"]
    outcome = transform(records, check, DESTINATION, AS_SENT)
    assert [reply["result"] for reply in outcome.replies] == ["Ok", "ProcessingFailed"]
    assert outcome.replies[1]["data"] == ""


def test_empty_batch_has_an_empty_answer(check: EventCheck) -> None:
    assert transform([], check, DESTINATION, AS_SENT) == Outcome([], Counter())


def test_every_record_id_comes_back_once_and_in_order(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming
) -> None:
    records = incoming(*[json.dumps(web_log).encode(), b"bad"] * 50)
    replies = transform(records, check, DESTINATION, AS_SENT).replies
    assert [reply["recordId"] for reply in replies] == [record["recordId"] for record in records]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 1_000_000), min_size=3, max_size=14), valid=st.booleans())
def test_response_never_passes_lambdas_limit(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming, sizes: list[int], valid: bool
) -> None:
    fields = web_log if valid else {}
    records = incoming(*(json.dumps({**fields, "uri": "x" * size}).encode() for size in sizes))
    outcome = transform(records, check, DESTINATION, AS_SENT)
    assert len(to_json({"records": outcome.replies}).encode()) <= RESPONSE_LIMIT
    assert [reply["recordId"] for reply in outcome.replies] == [record["recordId"] for record in records]
    assert all(payload_of(reply) or reply["result"] == "ProcessingFailed" for reply in outcome.replies)


def test_valid_record_that_finds_no_room_is_too_large_and_has_no_data(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming
) -> None:
    large = json.dumps({**web_log, "uri": "x" * 1_000_000}).encode()
    small = json.dumps(web_log).encode()
    outcome = transform(incoming(*[large] * 6, small), check, DESTINATION, AS_SENT)
    assert outcome.rejected == {Reason.TOO_LARGE: 2}
    assert [reply["result"] for reply in outcome.replies] == ["Ok"] * 4 + ["ProcessingFailed"] * 2 + ["Ok"]
    assert [reply["data"] for reply in outcome.replies[4:6]] == ["", ""]


def test_rejected_record_that_finds_no_room_keeps_its_reason(check: EventCheck, incoming: Incoming) -> None:
    outcome = transform(incoming(*[b"x" * 1_000_000] * 5), check, DESTINATION, AS_SENT)
    assert outcome.rejected == {Reason.NOT_JSON: 5}
    assert outcome.replies[4]["data"] == ""


def test_thousands_of_tiny_records_with_their_overhead_stay_below_the_limit(
    check: EventCheck, incoming: Incoming
) -> None:
    replies = transform(incoming(*[b"{}"] * 53_000), check, DESTINATION, AS_SENT).replies
    assert len(replies) == 53_000
    assert any(reply["data"] == "" for reply in replies)
    assert len(to_json({"records": replies})) <= RESPONSE_LIMIT
