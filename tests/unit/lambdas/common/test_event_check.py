"""The verdict on one payload: the contract's table case by case, and the closed set of reasons."""

import json
from typing import Any

import pytest

from lambdas.common.event_check import EventCheck
from lambdas.common.verdict import COMPLETE, Accepted, Reason, Rejected

OPTIONAL = ["referrer", "user_agent", "os"]
REQUIRED = ["user_id", "session_id", "event", "ip", "hostname", "timestamp", "uri"]


def encoded(document: object, **options: Any) -> bytes:
    return json.dumps(document, **options).encode()


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def test_valid_event_is_accepted_as_it_is(check: EventCheck, web_log: dict[str, Any]) -> None:
    assert check.verdict(encoded(web_log)) is COMPLETE


@pytest.mark.parametrize("name", OPTIONAL)
def test_null_in_an_optional_field_is_accepted_as_it_is(
    check: EventCheck, web_log: dict[str, Any], name: str
) -> None:
    assert check.verdict(encoded({**web_log, name: None})) is COMPLETE


@pytest.mark.parametrize("decide", ["verdict", "decide"])
def test_missing_optional_fields_are_to_be_filled_with_null(
    check: EventCheck, web_log: dict[str, Any], decide: str
) -> None:
    verdict = getattr(check, decide)(encoded(without(web_log, "os", "referrer")))
    assert verdict == Accepted(b',"referrer":null,"os":null')


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_required_field_is_rejected(check: EventCheck, web_log: dict[str, Any], name: str) -> None:
    assert check.verdict(encoded(without(web_log, name))) == Rejected(Reason.MISSING_FIELD)


@pytest.mark.parametrize("name", REQUIRED)
def test_renamed_required_field_is_rejected(check: EventCheck, web_log: dict[str, Any], name: str) -> None:
    renamed = {**without(web_log, name), name.upper(): web_log[name]}
    assert check.verdict(encoded(renamed)) == Rejected(Reason.MISSING_FIELD)


@pytest.mark.parametrize("name", REQUIRED)
def test_null_in_a_required_field_is_rejected(check: EventCheck, web_log: dict[str, Any], name: str) -> None:
    assert check.verdict(encoded({**web_log, name: None})) == Rejected(Reason.NULL_FIELD)


@pytest.mark.parametrize("value", [212234672, 1.5, True, [], ["a"], {}, {"a": "b"}])
@pytest.mark.parametrize("name", ["ip", "timestamp", "os"])
def test_wrong_type_is_rejected(check: EventCheck, web_log: dict[str, Any], name: str, value: object) -> None:
    assert check.verdict(encoded({**web_log, name: value})) == Rejected(Reason.WRONG_TYPE)


def test_timestamp_in_another_format_is_rejected(check: EventCheck, web_log: dict[str, Any]) -> None:
    payload = encoded({**web_log, "timestamp": "2022-09-16 07:35:46"})
    assert check.verdict(payload) == Rejected(Reason.BAD_TIMESTAMP)


def test_type_is_judged_before_the_timestamp(check: EventCheck, web_log: dict[str, Any]) -> None:
    payload = encoded({**web_log, "timestamp": "yesterday", "uri": 1})
    assert check.verdict(payload) == Rejected(Reason.WRONG_TYPE)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"no JSON",
        b"{",
        b"{}{}",
        b'{"user_id": "a",}',
        b"{'user_id': 'a'}",
        b"\xef\xbb\xbf{}",
        '{"user_id": "a"}'.encode("utf-16-le"),
        b'{"n": 01}',
        b'{"n": NaN}',
        b'{"n": -Infinity}',
        b'{"t": "\x01"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_text_that_is_no_json_is_rejected(check: EventCheck, payload: bytes) -> None:
    assert check.verdict(payload) == Rejected(Reason.NOT_JSON)


@pytest.mark.parametrize("payload", [b"[]", b"[{}]", b'"text"', b"1", b"null", b"true"])
def test_json_that_is_no_object_is_rejected(check: EventCheck, payload: bytes) -> None:
    assert check.verdict(payload) == Rejected(Reason.NOT_AN_OBJECT)


def test_empty_object_misses_its_fields(check: EventCheck) -> None:
    assert check.verdict(b"{}") == Rejected(Reason.MISSING_FIELD)


@pytest.mark.parametrize("name", ["uri", "an unknown field"])
@pytest.mark.parametrize("spoiled", [b"\xff", b"\xed\xa0\x80", b"\xc0\xaf"])
def test_bytes_that_are_no_utf8_are_rejected_in_any_field(
    check: EventCheck, web_log: dict[str, Any], name: str, spoiled: bytes
) -> None:
    payload = encoded({**web_log, name: "HERE"}).replace(b"HERE", spoiled)
    assert check.verdict(payload) == Rejected(Reason.NOT_UTF8)


def test_utf16_with_its_mark_is_rejected_as_not_utf8(check: EventCheck, web_log: dict[str, Any]) -> None:
    assert check.verdict(json.dumps(web_log).encode("utf-16")) == Rejected(Reason.NOT_UTF8)


@pytest.mark.parametrize("name", ["uri", "an unknown field"])
@pytest.mark.parametrize("half", ["\ud800", "a\udfff", "\ud83dx", "\ude00\ud83d"])
def test_half_a_surrogate_pair_is_rejected_because_no_table_stores_it(
    check: EventCheck, web_log: dict[str, Any], name: str, half: str
) -> None:
    assert check.verdict(encoded({**web_log, name: half})) == Rejected(Reason.NOT_UTF8)


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_text_beyond_ascii_is_accepted(
    check: EventCheck, web_log: dict[str, Any], ensure_ascii: bool
) -> None:
    document = {**web_log, "uri": "/목록/😀", "extra": "😀"}
    assert check.verdict(encoded(document, ensure_ascii=ensure_ascii)) is COMPLETE


@pytest.mark.parametrize("extra", ["1", "1e999", "1" * 5000, "[" * 100 + "]" * 100, '{"ip": 1}', "null"])
def test_unknown_fields_do_not_matter(check: EventCheck, web_log: dict[str, Any], extra: str) -> None:
    payload = encoded(web_log)[:-1] + b',"extra":' + extra.encode() + b"}"
    assert check.verdict(payload) is COMPLETE
    assert check.decide(payload) is COMPLETE


def test_member_that_fastavro_reads_as_a_hint_is_just_an_unknown_field(
    check: EventCheck, web_log: dict[str, Any]
) -> None:
    payload = encoded({**web_log, "-type": "SomethingElse"})
    assert check.verdict(payload) is COMPLETE
    assert check.decide(payload) is COMPLETE


def test_last_of_two_members_of_one_name_counts(check: EventCheck, web_log: dict[str, Any]) -> None:
    payload = encoded(web_log)
    assert check.verdict(b'{"ip": 5, ' + payload[1:]) is COMPLETE
    assert check.verdict(payload[:-1] + b', "ip": 5}') == Rejected(Reason.WRONG_TYPE)


def test_escaped_field_name_is_that_field(check: EventCheck, web_log: dict[str, Any]) -> None:
    payload = encoded(web_log).replace(b'"os"', b'"\\u006fs"')
    assert check.verdict(payload) is COMPLETE
    assert check.decide(payload) is COMPLETE


def test_white_space_around_the_document_is_accepted(check: EventCheck, web_log: dict[str, Any]) -> None:
    assert check.verdict(b"\r\n\t " + encoded(web_log, indent=2) + b"\r\n\t ") is COMPLETE
