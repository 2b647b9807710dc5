"""Differential tests: the quick check says what fastavro says, and fastavro what a plain reference says."""

import json
import math
import re
from datetime import datetime
from typing import Any

from fastavro.validation import validate
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambdas.common.event_check import EventCheck
from lambdas.common.verdict import Accepted
from tests.unit.lambdas.conftest import SCHEMA

AVRO_SCHEMA = json.loads(SCHEMA.read_text(encoding="utf-8"))
NAMES = [field["name"] for field in AVRO_SCHEMA["fields"]]
DOCUMENTED_EVENT_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
DOCUMENTED_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")

any_text = st.text(st.characters(exclude_categories=()), max_size=8)
timestamps = st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat() + "Z")
odd_timestamps = st.sampled_from(
    ["2026-9-6T7:5:6Z", "2026-02-30T00:00:00Z", "2026-09-16T07:35:46z", "now", ""]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """An event, and a few things done to it."""
    event: dict[str, Any] = {name: draw(st.text(max_size=8)) for name in NAMES}
    event["timestamp"] = draw(timestamps | odd_timestamps)
    event["event_id"] = draw(st.sampled_from(["0190-abc", "A/b+c=", "", "a b"]) | st.none() | any_text)
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=2)):
        event.pop(name, None)
    changed = st.dictionaries(st.sampled_from(NAMES) | any_text, json_values, max_size=2)
    return event | draw(changed | st.just({}))


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """A document's text, now and then with bytes changed, cut off or added."""
    ensure_ascii = draw(st.booleans())
    text = json.dumps(draw(documents()), ensure_ascii=ensure_ascii, indent=draw(st.sampled_from([None, 1])))
    payload = text.encode("utf-8", "surrogatepass") + draw(st.sampled_from([b"", b"\n"]))
    if draw(st.integers(0, 3)):
        return payload
    start, end = sorted((draw(st.integers(0, len(payload))), draw(st.integers(0, len(payload)))))
    return payload[:start] + draw(st.binary(max_size=3)) + payload[min(end, start + 2) :]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=payloads())
@example(payload=b"")
@example(payload=b'{"user_id": "\\ud83d\\u0041"}')
def test_quick_check_and_fastavro_give_the_same_verdict(check: EventCheck, payload: bytes) -> None:
    assert check.verdict(payload) == check.decide(payload)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=payloads())
def test_record_is_accepted_where_the_plain_reference_accepts_it(check: EventCheck, payload: bytes) -> None:
    assert isinstance(check.verdict(payload), Accepted) == plain_reference_accepts(payload)


def plain_reference_accepts(payload: bytes) -> bool:
    try:
        document = json.loads(payload.decode(), parse_constant=refuse, parse_int=no_matter_how_long)
        json.dumps(document, ensure_ascii=False).encode()
        document.pop("-type", None)
        document.pop("received_at", None)
        validate(document, AVRO_SCHEMA)
        datetime.strptime(document["timestamp"], "%Y-%m-%dT%H:%M:%SZ")
    except Exception:
        return False
    event_id = document.get("event_id")
    documented = event_id is None or DOCUMENTED_EVENT_ID.fullmatch(event_id)
    return bool(documented and DOCUMENTED_TIMESTAMP.fullmatch(document["timestamp"]))


def refuse(constant: str) -> None:
    raise ValueError(constant)


def no_matter_how_long(digits: str) -> float:
    return math.nan
