"""Lambda integrations that are no proxies: mapped events, errors chosen by their message."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def mapped(api: Any) -> Any:
    api.call_function("AWS")
    api.integration["IntegrationResponses"] = [
        {"StatusCode": "200"},
        {
            "StatusCode": "400",
            "SelectionPattern": r"\[BadRequest\] (.|\n)*",
            "ResponseTemplates": {"application/json": "{\"why\": $input.json('$.errorMessage')}"},
        },
    ]
    return api


def test_template_makes_the_event_and_the_answer_passes_through(mapped: Any, parsed: Any) -> None:
    mapped.function.answer = {"n": 1}
    response = mapped.call({"d": "x"})
    assert mapped.function.events == [{"StreamName": "events", "Data": "x"}]
    assert (response.status, parsed(response)) == (200, {"n": 1})


def test_error_message_chooses_the_response(mapped: Any, parsed: Any) -> None:
    mapped.function.error = "[BadRequest] no\nsuch thing"
    response = mapped.call({"d": "x"})
    assert (response.status, parsed(response)) == (400, {"why": "[BadRequest] no\nsuch thing"})


def test_error_that_no_pattern_knows_gets_the_default_response(mapped: Any, parsed: Any) -> None:
    """As on AWS, where this surprises people: a failure with status 200."""
    mapped.function.error = "boom"
    response = mapped.call({"d": "x"})
    assert (response.status, parsed(response)["errorMessage"]) == (200, "boom")


def test_success_gets_the_default_response_whatever_the_patterns(mapped: Any) -> None:
    mapped.integration["IntegrationResponses"][1]["SelectionPattern"] = ".*"
    assert mapped.call({"d": "x"}).status == 200


def test_event_invocation_does_not_wait(mapped: Any) -> None:
    mapped.integration["RequestParameters"] = {
        "integration.request.header.X-Amz-Invocation-Type": "'Event'",
    }
    mapped.function.error = "[BadRequest] too late"
    response = mapped.call({"d": "x"})
    assert (response.status, response.body) == (200, b"")


def test_timeout_and_missing_permission_are_gateway_errors(mapped: Any) -> None:
    mapped.function.answer = TimeoutError()
    assert mapped.call({"d": "x"}).status == 504
    mapped.extra.clear()
    assert mapped.call({"d": "x"}).status == 500
