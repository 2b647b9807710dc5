"""What a stored record has beyond what the client sent: its id, its arrival, and less of its IP address."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from xxhash import xxh3_128_hexdigest

from lambdas.common.event_check import EventCheck
from lambdas.common.firehose import IncomingRecord
from lambdas.common.verdict import Reason
from lambdas.web_analytics.transform.enrichment import Enrichment
from lambdas.web_analytics.transform.explain import explain
from lambdas.web_analytics.transform.logic import Destination, transform

DESTINATION = Destination("db", "t", "insert")
IDS = Enrichment()
ARRIVAL = 1_789_544_146_007
ARRIVED = "2026-09-16T07:35:46.007Z"
Store = Callable[..., bytes]
Incoming = Callable[..., list[IncomingRecord]]


@pytest.fixture
def store(check: EventCheck, incoming: Incoming) -> Store:
    """The text that goes to the table for a payload."""

    def run(payload: bytes, enrichment: Enrichment = IDS, arrival: Any = ARRIVAL) -> bytes:
        (record,) = incoming(payload)
        record["approximateArrivalTimestamp"] = arrival
        (reply,) = transform([record], check, DESTINATION, enrichment).replies
        assert reply["result"] == "Ok"
        return base64.b64decode(reply["data"], validate=True)

    return run


def text_of(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


@pytest.mark.parametrize("end", [b"", b"\n", b" \r\n"])
@pytest.mark.parametrize("padding", range(3))
@pytest.mark.parametrize("start", ["{", "{ ", "{\n", " {"])
def test_id_and_arrival_stand_beside_the_clients_own_text(
    web_log: dict[str, Any], store: Store, start: str, end: bytes, padding: int
) -> None:
    text = start.encode() + text_of({**web_log, "price": 1.10, "pad": "x" * padding})[1:]
    members = f'"received_at":"{ARRIVED}","event_id":"{xxh3_128_hexdigest(text)}"'.encode()
    stored = store(text + end)
    behind_brace, behind_text = b"{" + members + b"," + text[1:] + end, text[:-1] + b"," + members + b"}"
    assert stored == (behind_brace if text.startswith((b'{"', b"{ ")) else behind_text)
    assert list(json.loads(stored)).count("event_id") == 1


def test_absent_fields_come_before_them(web_log: dict[str, Any], store: Store) -> None:
    del web_log["os"]
    assert list(json.loads(store(text_of(web_log))))[-3:] == ["os", "received_at", "event_id"]


def test_every_retry_has_the_same_id_and_another_event_another(web_log: dict[str, Any], store: Store) -> None:
    first = json.loads(store(text_of(web_log)))
    again = json.loads(store(text_of(web_log) + b"\n", arrival=ARRIVAL + 60_000))
    other = json.loads(store(text_of({**web_log, "uri": "/other"})))
    assert first["event_id"] == again["event_id"] != other["event_id"]


@pytest.mark.parametrize("own", ["0190a7c2-7e7b-7c3e-a1f4-2f6f4a6c1f11", "A/b+c=", "-_nano", "x" * 128])
def test_clients_own_id_is_kept(web_log: dict[str, Any], store: Store, own: str) -> None:
    text = text_of({**web_log, "event_id": own})
    assert store(text) == text[:-1] + f',"received_at":"{ARRIVED}"}}'.encode()


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ("", "bad_event_id"),
        ("a b", "bad_event_id"),
        ("x" * 129, "bad_event_id"),
        ("é", "bad_event_id"),
        (7, "wrong_type"),
    ],
)
def test_id_that_cannot_be_one_is_rejected(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming, own: object, reason: str
) -> None:
    outcome = transform(incoming(text_of({**web_log, "event_id": own})), check, DESTINATION, Enrichment())
    assert outcome.rejected == {Reason(reason): 1}


@pytest.mark.parametrize("sent", ["1999-01-01T00:00:00Z", None, {"$date": 0}, 10**30])
def test_received_at_of_a_client_is_replaced(web_log: dict[str, Any], store: Store, sent: object) -> None:
    stored = store(text_of({"received_at": sent, **web_log, "price": 1.10}))
    assert stored.count(b'"received_at"') == 1
    assert b'"price":1.1,' in stored
    assert json.loads(stored)["received_at"] == ARRIVED


def test_null_as_id_is_as_good_as_none(web_log: dict[str, Any], store: Store) -> None:
    stored = store(text_of({**web_log, "event_id": None}))
    assert stored.count(b'"event_id"') == 1
    assert len(json.loads(stored)["event_id"]) == 32


def test_own_id_survives_where_another_member_is_replaced(web_log: dict[str, Any], store: Store) -> None:
    stored = json.loads(store(text_of({**web_log, "event_id": "own", "received_at": 0})))
    assert (stored["event_id"], stored["received_at"]) == ("own", ARRIVED)


def test_record_without_an_arrival_has_a_null(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming
) -> None:
    (reply,) = transform(incoming(text_of(web_log)), check, DESTINATION, Enrichment()).replies
    assert json.loads(base64.b64decode(reply["data"]))["received_at"] is None


def test_replaced_member_beside_too_deep_a_nesting_is_rejected_alone(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming
) -> None:
    deep = text_of({**web_log, "received_at": 0})[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    outcome = transform(incoming(deep, text_of(web_log)), check, DESTINATION, Enrichment())
    assert (outcome.accepted, outcome.rejected) == (1, {Reason.NOT_JSON: 1})


def test_without_ids_a_record_is_stored_as_it_came(web_log: dict[str, Any], store: Store) -> None:
    text = text_of(web_log)
    assert store(text, Enrichment(add_ids=False)) == text


@pytest.mark.parametrize(
    ("ip", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("203.0.113.77, 10.0.0.1", "unknown"),
        ("", "unknown"),
    ],
)
@pytest.mark.parametrize("add_ids", [True, False])
def test_truncated_ip_is_all_that_is_stored_of_it(
    web_log: dict[str, Any], store: Store, ip: str, kept: str, add_ids: bool
) -> None:
    text = text_of({"ip": ip, **web_log, **{"ip": ip}})
    stored = store(text, Enrichment(add_ids=add_ids, truncate_ip=True))
    assert json.loads(stored)["ip"] == kept
    assert not ip or ip.encode() not in stored


def test_ids_of_two_visitors_in_one_network_do_not_tell_their_ips(
    web_log: dict[str, Any], store: Store
) -> None:
    truncating = Enrichment(truncate_ip=True)
    first, second = (
        json.loads(store(text_of({**web_log, "ip": ip}), truncating)) for ip in ("192.0.2.1", "192.0.2.2")
    )
    assert first["event_id"] == second["event_id"]


@pytest.mark.parametrize("enrichment", [Enrichment(), Enrichment(truncate_ip=True)])
def test_explanation_has_the_id_that_a_record_is_stored_with(
    check: EventCheck, web_log: dict[str, Any], incoming: Incoming, store: Store, enrichment: Enrichment
) -> None:
    payloads = [
        text_of(web_log),
        text_of({**web_log, "event_id": "own"}),
        text_of({**web_log, "received_at": 0}),
    ]
    explanations = explain(incoming(*payloads), check, enrichment)
    for payload, explanation in zip(payloads, explanations, strict=True):
        assert explanation["reason"] is None
        assert explanation["eventId"] == json.loads(store(payload, enrichment))["event_id"]


@pytest.mark.parametrize("enrichment", [Enrichment(), Enrichment(truncate_ip=True)])
@pytest.mark.parametrize("payload", [b"poison", b"[]", b"", b'{"ip": 7}', b'{"ip": "192.0.2.1"}', b"\xff"])
def test_rejected_record_has_a_reason_and_an_id_by_its_content(
    check: EventCheck, incoming: Incoming, enrichment: Enrichment, payload: bytes
) -> None:
    first, second = explain(incoming(payload, payload + b"\n"), check, enrichment)
    assert first["reason"] is not None
    assert first["eventId"] == second["eventId"]


def test_what_is_no_base64_has_no_id(check: EventCheck, incoming: Incoming) -> None:
    (record,) = incoming(b"x")
    record["data"] = "?"
    (explanation,) = explain([record], check, Enrichment())
    assert (explanation["reason"], explanation["eventId"]) == ("not_base64", None)
