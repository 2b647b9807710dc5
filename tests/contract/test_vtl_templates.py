"""Every mapping template renders what it is made for to valid JSON, and no client can add to what it says."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local_runtime.vtl import Input, Payload, Template, Util

STACKS = Path(__file__).parents[2] / "stacks"
WEB = "web_analytics/mapping_templates"

TRICKY = 'x","ExplicitHashKey":"0 \' \\ \\\' / $context.requestId #set($x = 1) #end é 😀 \u2028 \x7f \n\t'
EVENT = json.dumps({"user_id": "1", "event": "visit", "note": TRICKY}) + "\n"
KINESIS_ERRORS = [
    {"__type": "ProvisionedThroughputExceededException", "message": TRICKY},
    {"__type": "com.amazonaws.kinesis.v20131202#ResourceNotFoundException", "message": "Stream x"},
    {"__type": 'Strange"Exception'},
    {"message": "no type"},
    {},
]
SAMPLES: dict[str, list[Any]] = {
    f"{WEB}/list_streams.vtl": [None, {}],
    f"{WEB}/describe_stream.vtl": [None, {}],
    f"{WEB}/put_record.vtl": [
        {"Data": {"a": [1, 1.5, None, True, TRICKY]}, "PartitionKey": TRICKY},
        {"Data": "text", "PartitionKey": "1"},
        {},
    ],
    f"{WEB}/put_records.vtl": [
        {"records": [{"data": EVENT, "partition-key": TRICKY}] * 3},
        {"records": [{"data": {"an": "object"}}, {}, None, "text"]},
        {"records": []},
        {},
    ],
    f"{WEB}/put_records_response.vtl": [
        {
            "FailedRecordCount": 0,
            "EncryptionType": "KMS",
            "Records": [{"SequenceNumber": "4" * 56, "ShardId": "shardId-000000000000"}] * 3,
        },
        {
            "FailedRecordCount": 1,
            "EncryptionType": "NONE",
            "Records": [
                {"SequenceNumber": "49", "ShardId": "shardId-000000000001"},
                {"ErrorCode": "InternalFailure", "ErrorMessage": TRICKY},
            ],
        },
    ],
    f"{WEB}/client_error.vtl": KINESIS_ERRORS,
    f"{WEB}/server_error.vtl": KINESIS_ERRORS,
}


def render(file: str, body: Any, stream_name: str = "PUT-Firehose-aEhWz") -> tuple[Any, dict[str, Any]]:
    """The rendered JSON, and `$context` afterwards."""
    context: dict[str, Any] = {"responseOverride": {"header": {}}, "requestId": TRICKY}
    data = b"" if body is None else json.dumps(body).encode()
    params = {"path": {"stream-name": stream_name}, "querystring": {}, "header": {}}
    text = Template((STACKS / file).read_text(encoding="utf-8"), file).render(
        {"input": Input(Payload(data), params), "util": Util(), "context": context}
    )
    return json.loads(text), context["responseOverride"]


def test_every_template_has_samples_and_every_sample_a_template() -> None:
    files = {path.relative_to(STACKS).as_posix() for path in STACKS.glob("**/mapping_templates/*.vtl")}
    assert files == set(SAMPLES)


@pytest.mark.parametrize("file", SAMPLES)
def test_samples_render_to_json(file: str) -> None:
    for body in SAMPLES[file]:
        for stream_name in ("PUT-Firehose-aEhWz", TRICKY):
            render(file, body, stream_name)


def test_put_records_keeps_every_character_of_data_and_key() -> None:
    request, _ = render(f"{WEB}/put_records.vtl", SAMPLES[f"{WEB}/put_records.vtl"][0], TRICKY)
    assert request["StreamName"] == TRICKY
    assert [base64.b64decode(record["Data"]).decode() for record in request["Records"]] == [EVENT] * 3
    assert {record["PartitionKey"] for record in request["Records"]} == {TRICKY}


def test_put_record_data_is_its_json_and_a_newline() -> None:
    data = {"a": [1, 1.5, None, True, TRICKY]}
    request, _ = render(f"{WEB}/put_record.vtl", {"Data": data, "PartitionKey": "k"})
    text = base64.b64decode(request["Data"]).decode()
    assert text.endswith("\n")
    assert json.loads(text) == data


def test_failed_records_are_no_success_and_their_messages_stay_here() -> None:
    file = f"{WEB}/put_records_response.vtl"
    answers = [render(file, body) for body in SAMPLES[file]]
    assert [override.get("status") for _, override in answers] == [None, 503]
    assert answers[1][0] == {
        "FailedRecordCount": 1,
        "EncryptionType": "NONE",
        "Records": [
            {"SequenceNumber": "49", "ShardId": "shardId-000000000001"},
            {"ErrorCode": "InternalFailure"},
        ],
    }


def test_kinesis_messages_are_not_echoed() -> None:
    for body in KINESIS_ERRORS:
        answer, _ = render(f"{WEB}/client_error.vtl", body)
        assert TRICKY not in answer["message"]
        assert answer["__type"] == body.get("__type", "")


TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"'\\/$#{}[]:,\n"), max_size=40)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(key=ANY_JSON, data=ANY_JSON, stream_name=TEXT)
@example(key=TRICKY, data=TRICKY, stream_name=TRICKY)
def test_no_body_adds_a_member_to_a_put_record_request(key: Any, data: Any, stream_name: str) -> None:
    request, override = render(f"{WEB}/put_record.vtl", {"Data": data, "PartitionKey": key}, stream_name)
    assert list(request) == ["StreamName", "Data", "PartitionKey"]
    assert request["StreamName"] == stream_name
    if isinstance(key, str):
        assert request["PartitionKey"] == key
    assert override == {"header": {}}


@settings(max_examples=200, deadline=None)
@given(
    records=st.lists(st.fixed_dictionaries({"data": ANY_JSON, "partition-key": ANY_JSON}), max_size=4),
    stream_name=TEXT,
)
def test_no_body_adds_a_member_to_a_put_records_request(records: Any, stream_name: str) -> None:
    request, override = render(f"{WEB}/put_records.vtl", {"records": records}, stream_name)
    assert list(request) == ["StreamName", "Records"]
    assert request["StreamName"] == stream_name
    assert [list(record) for record in request["Records"]] == [["Data", "PartitionKey"]] * len(records)
    for sent, record in zip(records, request["Records"], strict=True):
        if isinstance(sent["data"], str):
            assert base64.b64decode(record["Data"]).decode() == sent["data"]
        if isinstance(sent["partition-key"], str):
            assert record["PartitionKey"] == sent["partition-key"]
    assert override == {"header": {}}


@settings(max_examples=100, deadline=None)
@given(body=ANY_JSON)
def test_whatever_the_body_a_request_has_the_members_of_its_template(body: Any) -> None:
    assert list(render(f"{WEB}/put_record.vtl", body)[0]) == ["StreamName", "Data", "PartitionKey"]
    assert list(render(f"{WEB}/put_records.vtl", body)[0]) == ["StreamName", "Records"]
    assert list(render(f"{WEB}/describe_stream.vtl", body)[0]) == ["StreamName"]
    assert render(f"{WEB}/list_streams.vtl", body)[0] == {}
