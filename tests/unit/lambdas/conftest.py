"""A web event, the records that carry events, and the check of the deployed schema."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambdas.common.event_check import EventCheck
from lambdas.common.event_schema import EventSchema
from lambdas.common.firehose import IncomingRecord

SCHEMA = Path(__file__).parents[3] / "schemas" / "web_analytics" / "web_log.avsc"


@pytest.fixture(scope="session")
def check() -> EventCheck:
    return EventCheck(EventSchema.parse(SCHEMA.read_text(encoding="utf-8")))


@pytest.fixture
def web_log() -> dict[str, Any]:
    return {
        "user_id": "897-71-6925",
        "session_id": "12b4a3f0",
        "event": "view",
        "referrer": "https://www.example.com/?q=\"quoted\" & 'more'",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        "ip": "175.51.211.249",
        "hostname": "email-66.hernandez.example",
        "os": "Windows 11",
        "timestamp": "2026-09-16T07:35:46Z",
        "uri": "/list/1234",
    }


@pytest.fixture
def incoming() -> Callable[..., list[IncomingRecord]]:
    def make(*payloads: bytes) -> list[IncomingRecord]:
        return [
            {"recordId": f"4964{number:052d}", "data": base64.b64encode(payload).decode()}
            for number, payload in enumerate(payloads)
        ]

    return make
