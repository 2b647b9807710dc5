"""Records, deliberately bad ones, and request bodies."""

import json
from collections import Counter

import pytest

from src.utils.fake_data.invalid import ANY_FLAWS, WEB_LOG_FLAWS
from src.utils.fake_data.payloads import Record, RecordSource, record_body, records_body
from src.utils.fake_data.templates import TEMPLATES

NOW = 1_795_253_400.0


def make_source(
    *, template: str = "web_log", count: int = 1000, ratio: float = 0.0, json_only: bool = False
) -> RecordSource:
    return RecordSource(
        TEMPLATES[template],
        seed=5,
        clock=lambda: NOW,
        max_count=count,
        invalid_ratio=ratio,
        json_only=json_only,
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_same_seed_gives_the_same_bytes(template: str) -> None:
    assert list(make_source(template=template, ratio=0.1)) == list(make_source(template=template, ratio=0.1))


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_record_is_one_json_object_without_a_newline(template: str) -> None:
    records = list(make_source(template=template))
    assert len(records) == 1000
    assert all(isinstance(json.loads(record.data), dict) and b"\n" not in record.data for record in records)
    assert all(record.partition_key and record.flaw is None for record in records)


def test_the_ratio_changes_which_events_are_spoilt_never_the_events() -> None:
    clean, spoilt = make_source().take(1000), make_source(ratio=0.2).take(1000)
    assert [record.partition_key for record in clean] == [record.partition_key for record in spoilt]
    kept = [(a, b) for a, b in zip(clean, spoilt, strict=True) if b.flaw is None]
    assert 700 < len(kept) < 900
    assert all(a == b for a, b in kept)


def test_all_kinds_of_bad_record_come_in_turn() -> None:
    flaws = Counter(record.flaw for record in make_source(ratio=1, count=len(WEB_LOG_FLAWS) * 10))
    assert flaws == Counter(flaw.reason for flaw in WEB_LOG_FLAWS for _ in range(10))


def test_put_record_gets_only_bad_records_that_json_can_hold() -> None:
    records = list(make_source(ratio=1, json_only=True))
    assert all(record.flaw != "not_json" for record in records)
    for record in records:
        json.loads(record.data)


@pytest.mark.parametrize("flaw", ANY_FLAWS, ids=lambda flaw: flaw.reason)
def test_a_template_without_a_schema_still_has_bad_records(flaw: object) -> None:
    assert flaw in TEMPLATES["app_event"].flaws


def test_a_batch_is_as_long_as_asked_until_the_last() -> None:
    source = make_source(count=7)
    assert [len(source.take(3)) for _ in range(4)] == [3, 3, 1, 0]


def test_record_body_holds_the_event_as_a_json_value() -> None:
    record = Record(b'{"uri":"/\xc3\xa9\\"\\n"}', 'key"1', None)
    assert json.loads(record_body([record])) == {"Data": {"uri": '/é"\n'}, "PartitionKey": 'key"1'}


def test_records_body_holds_each_event_as_text_that_ends_in_a_newline() -> None:
    records = [Record(b'{"uri":"/\xc3\xa9\\"\\n"}', "a", None), Record(b'{"uri":', "b", "not_json")]
    assert json.loads(records_body(records)) == {
        "records": [
            {"data": '{"uri":"/é\\"\\n"}\n', "partition-key": "a"},
            {"data": '{"uri":\n', "partition-key": "b"},
        ]
    }


def test_app_events_have_a_nested_event_with_a_price_from_the_cart_on() -> None:
    events = [json.loads(record.data) for record in make_source(template="app_event", count=5000)]
    steps = [event["event"] for event in events]
    assert {step["type"] for step in steps} == {"open", "search", "view", "add_to_cart", "checkout"}
    assert all((step["amount"] > 0) == (step["type"] in ("add_to_cart", "checkout")) for step in steps)
    assert all(step["product"] for step in steps if step["type"] == "checkout")
