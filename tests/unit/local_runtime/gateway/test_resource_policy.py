"""Resource policies, alone and beside each kind of authorization."""

from __future__ import annotations

from typing import Any

import pytest

INSIDE, OUTSIDE = "192.0.2.7", "203.0.113.9"
RANGE = {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"]}}
NOT_IN_RANGE = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}


def status(api: Any, source_ip: str, **headers: str) -> int:
    api.source_ip = source_ip
    return int(api.call({"d": "x"}, **headers).status)


@pytest.mark.parametrize(
    ("source_ip", "expected"), [(INSIDE, 200), (OUTSIDE, 403), ("2001:db8::1", 200), ("2001:db9::1", 403)]
)
def test_allowed_range(api: Any, source_ip: str, expected: int) -> None:
    api.policy(RANGE)
    assert status(api, source_ip) == expected


def test_deny_outside_a_range_beats_allow(api: Any) -> None:
    api.policy({})
    api.policy(NOT_IN_RANGE, Effect="Deny")
    assert [status(api, INSIDE), status(api, OUTSIDE)] == [200, 403]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("execute-api:/v1/PUT/streams/*", 200),
        ("execute-api:/v1/GET/*", 403),
        ("arn:aws:execute-api:us-east-1:123456789012:Api/*/PUT/*", 200),
        ("arn:aws:execute-api:us-east-1:123456789012:Other/*", 403),
    ],
)
def test_policy_names_stages_methods_and_paths(api: Any, resource: str, expected: int) -> None:
    api.policy({}, Resource=resource)
    assert status(api, INSIDE) == expected


def test_refusal_names_the_resource_without_the_account(api: Any, parsed: Any) -> None:
    api.policy(RANGE)
    response = api.call({"d": "x"})
    assert response.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert parsed(response)["Message"] == (
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: "
        "arn:aws:execute-api:us-east-1:********9012:Api/v1/PUT/streams/events"
    )


def test_signed_caller_needs_no_allow_but_a_deny_counts(api: Any) -> None:
    api.method["AuthorizationType"] = "AWS_IAM"
    api.policy(RANGE)
    signature = "AWS4-HMAC-SHA256 Credential=..."
    assert status(api, OUTSIDE, authorization=signature) == 200
    api.policy(NOT_IN_RANGE, Effect="Deny")
    assert status(api, OUTSIDE, authorization=signature) == 403
    assert status(api, INSIDE) == 403


@pytest.mark.parametrize(
    ("effect", "source_ip", "expected"),
    [("Allow", OUTSIDE, 200), ("Deny", INSIDE, 403), (None, INSIDE, 200), (None, OUTSIDE, 403)],
)
def test_authorizer_or_policy_must_allow_and_neither_deny(
    api: Any, effect: str | None, source_ip: str, expected: int
) -> None:
    api.policy(RANGE)
    api.permit("*")
    api.authorize(IdentitySource="method.request.header.Authorization")
    statements = [] if effect is None else [{"Effect": effect, "Action": "*", "Resource": "*"}]
    api.function.answer = {"principalId": "p", "policyDocument": {"Statement": statements}}
    assert status(api, source_ip, authorization="a") == expected


def test_explicit_deny_comes_before_the_authorizer(api: Any) -> None:
    api.policy(RANGE, Effect="Deny")
    api.permit("*")
    api.authorize(IdentitySource="method.request.header.Authorization")
    assert status(api, INSIDE, authorization="a") == 403
    assert api.function.events == []
