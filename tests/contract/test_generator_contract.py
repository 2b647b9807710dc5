"""The generator's events and bad records are what the schema and the transform say they are."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import fastavro
import pytest
from fastavro.validation import validate

from lambdas.common.event_check import EventCheck
from lambdas.common.event_schema import EventSchema
from lambdas.common.verdict import COMPLETE, Reason, Rejected
from src.utils.fake_data.invalid import WEB_LOG_FLAWS
from src.utils.fake_data.kdg.template import TextTemplate
from src.utils.fake_data.payloads import Record, RecordSource
from src.utils.fake_data.templates import TEMPLATES

SCHEMA_TEXT = (Path(__file__).resolve().parents[2] / "schemas/web_analytics/web_log.avsc").read_text()
SCHEMA: dict[str, Any] = json.loads(SCHEMA_TEXT)
CLIENTS = [field for field in SCHEMA["fields"] if "pipeline" not in field]
EVENTS_OF_CONTRACT = {"visit", "view", "list", "like", "cart", "purchase"}


def records(count: int, invalid_ratio: float = 0.0) -> list[Record]:
    template = TEMPLATES["web_log"]
    source = RecordSource(
        template, seed=11, clock=lambda: 1_795_253_400, max_count=count, invalid_ratio=invalid_ratio
    )
    return list(source)


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return [json.loads(record.data) for record in records(3000)]


@pytest.fixture(scope="module")
def check() -> EventCheck:
    return EventCheck(EventSchema.parse(SCHEMA_TEXT))


def test_an_event_has_the_fields_of_the_schema_in_their_order(events: list[dict[str, Any]]) -> None:
    names = [field["name"] for field in CLIENTS]
    assert all(list(event) == names for event in events)


def test_every_valid_event_passes_fastavro(events: list[dict[str, Any]]) -> None:
    schema = fastavro.parse_schema(SCHEMA)
    assert all(validate(event, schema, raise_errors=False) for event in events)


def test_every_timestamp_has_the_format_of_the_schema(events: list[dict[str, Any]]) -> None:
    (text_format,) = [field["format"] for field in CLIENTS if "format" in field]
    for event in events:
        parsed = datetime.strptime(event["timestamp"], text_format)
        assert parsed.strftime(text_format) == event["timestamp"]


def test_all_event_types_of_the_contract_occur(events: list[dict[str, Any]]) -> None:
    assert {event["event"] for event in events} == EVENTS_OF_CONTRACT


def test_the_optional_fields_are_sometimes_null(events: list[dict[str, Any]]) -> None:
    null = {name for event in events for name, value in event.items() if value is None}
    assert null == {field["name"] for field in CLIENTS if "null" in field["type"]}


def test_the_transform_accepts_every_valid_record(check: EventCheck) -> None:
    assert all(check.verdict(record.data) == COMPLETE for record in records(2000))


def test_the_transform_rejects_every_bad_record_for_the_reason_that_was_counted(check: EventCheck) -> None:
    for record in records(2000, invalid_ratio=1.0):
        assert record.flaw is not None
        for payload in (record.data, record.data + b"\n"):  # PutRecord and PutRecords
            assert check.verdict(payload) == Rejected(Reason(record.flaw)), payload


def test_bad_records_cover_every_reason_that_the_api_can_carry() -> None:
    # the body of a PUT is JSON text: no other encoding gets through it, and no record in it is large;
    # an event of the generator leaves its id to the pipeline
    out_of_reach = {Reason.NOT_BASE64, Reason.NOT_UTF8, Reason.TOO_LARGE, Reason.BAD_EVENT_ID}
    assert {flaw.reason for flaw in WEB_LOG_FLAWS} == set(Reason) - out_of_reach


def test_app_events_have_the_fields_of_the_contract() -> None:
    source = RecordSource(TEMPLATES["app_event"], seed=1, clock=lambda: 0, max_count=500)
    for record in source:
        event = json.loads(record.data)
        assert list(event) == ["customerId", "ipAddress", "countryCode", "gender", "trafficOrigin", "event"]
        assert list(event["event"]) == ["type", "product", "amount"]


def app_event_fields() -> tuple[list[str], list[str]]:
    path = Path(__file__).resolve().parents[2] / "schemas/app_analytics/app_event.avsc"
    fields = json.loads(path.read_text())["fields"]
    return [field["name"] for field in fields], [field["name"] for field in fields[-1]["type"]["fields"]]


@pytest.mark.parametrize("template", ["app_event", "docs/examples/app_event.template.txt"])
def test_app_events_of_both_templates_fit_the_schema(template: str) -> None:
    root = Path(__file__).resolve().parents[2]
    schema = fastavro.parse_schema(json.loads((root / "schemas/app_analytics/app_event.avsc").read_text()))
    made = TEMPLATES[template] if template in TEMPLATES else TextTemplate.read(str(root / template))
    top, nested = app_event_fields()
    for record in RecordSource(made, seed=1, clock=lambda: 0, max_count=500):
        event = json.loads(record.data)
        assert (list(event), list(event["event"])) == (top, nested)
        assert validate(event, schema, raise_errors=False)
