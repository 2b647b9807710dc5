"""The query protocol: forms in, XML out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from local_runtime.errors import AwsError
from local_runtime.wire.query import QueryEndpoint, parse_form


def send(service: Any, body: bytes, query: bytes = b"") -> tuple[int, str]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def collect(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": query}
    asyncio.run(QueryEndpoint(service, "urn:test")(scope, receive, collect))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()


def test_dotted_names_are_structures_and_members_are_lists() -> None:
    fields = {
        "Action": "PutMetricData",
        "Version": "2010-08-01",
        "Namespace": "A",
        "MetricData.member.2.MetricName": "second",
        "MetricData.member.10.MetricName": "tenth",
        "MetricData.member.1.Dimensions.member.1.Name": "Stage",
        "Options.Deep.Flag": "true",
    }

    assert parse_form(fields) == {
        "Namespace": "A",
        "MetricData": [
            {"Dimensions": [{"Name": "Stage"}]},
            {"MetricName": "second"},
            {"MetricName": "tenth"},
        ],
        "Options": {"Deep": {"Flag": "true"}},
    }


def test_name_below_a_plain_value_is_malformed() -> None:
    with pytest.raises(AwsError, match="MalformedQueryString"):
        parse_form({"A": "1", "A.B": "2"})


def test_answer_is_xml_with_members_times_and_escapes() -> None:
    def service(action: str, request: dict[str, Any]) -> dict[str, Any]:
        when = datetime(2026, 11, 21, 10, 0, 0, 5000, tzinfo=UTC)
        return {
            "Text": f"{action} <{request['Name']}>",
            "At": when,
            "Items": [{"N": 1}, {"N": 2}],
            "No": None,
        }

    status, body = send(service, b"Action=Say&Version=1&Name=%26", b"Extra=1")

    assert status == 200
    assert body.startswith('<SayResponse xmlns="urn:test"><SayResult>')
    assert "<Text>Say &lt;&amp;&gt;</Text><At>2026-11-21T10:00:00.005Z</At>" in body
    assert "<Items><member><N>1</N></member><member><N>2</N></member></Items></SayResult>" in body
    assert "<No>" not in body


def test_errors_are_those_of_the_query_protocol() -> None:
    def service(action: str, request: dict[str, Any]) -> dict[str, Any]:
        if action == "Crash":
            raise RuntimeError("a bug")
        raise AwsError("Throttling", "slow & steady", 400)

    status, body = send(service, b"Action=X")
    assert status == 400
    assert "<Error><Type>Sender</Type><Code>Throttling</Code><Message>slow &amp; steady</Message>" in body

    status, body = send(service, b"Action=Crash")
    assert status == 500
    assert "<Code>InternalFailure</Code>" in body and "a bug" not in body

    status, body = send(service, b"")
    assert status == 400
    assert "<Code>MissingAction</Code>" in body
