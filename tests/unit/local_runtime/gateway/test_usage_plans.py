"""API keys, usage plans, stage throttling: how often one may call."""

from __future__ import annotations

from typing import Any

import pytest

from local_runtime.gateway.usage_plan import period


@pytest.fixture
def keyed(api: Any) -> Any:
    """A method that wants a key, and a plan with one key; tests add to `plan`."""
    api.method["ApiKeyRequired"] = True
    api.add("ApiGateway::ApiKey", "Key", Value="secret", Enabled=True)
    api.add("ApiGateway::UsagePlanKey", "Link", KeyId="Key", KeyType="API_KEY", UsagePlanId="Plan")
    api.add("ApiGateway::UsagePlan", "Plan", ApiStages=[{"ApiId": "Api", "Stage": "v1"}])
    api.plan = api.extra[-1].properties
    return api


def statuses(api: Any, count: int, **headers: str) -> list[int]:
    return [api.call({"d": "x"}, **{"x_api_key": "secret", **headers}).status for _ in range(count)]


def test_key_of_the_plan_opens_the_method(keyed: Any) -> None:
    keyed.stage["AccessLogSetting"] = {"Format": "$context.identity.apiKeyId $context.requestId"}
    assert keyed.call({"d": "x"}, x_api_key="secret").status == 200
    assert keyed.log[0].startswith("Key ")


@pytest.mark.parametrize("headers", [{}, {"x_api_key": "wrong"}, {"x_api_key": ""}])
def test_without_a_good_key_it_is_forbidden(keyed: Any, parsed: Any, headers: dict[str, str]) -> None:
    response = keyed.call({"d": "x"}, **headers)
    assert (response.status, parsed(response)) == (403, {"message": "Forbidden"})
    assert response.headers["x-amzn-errortype"] == "ForbiddenException"
    assert keyed.kinesis.requests == []


def test_disabled_key_and_key_of_another_stage_are_forbidden(keyed: Any) -> None:
    keyed.add("ApiGateway::ApiKey", "Off", Value="off")
    keyed.add("ApiGateway::UsagePlanKey", "L2", KeyId="Off", KeyType="API_KEY", UsagePlanId="Plan")
    assert keyed.call({"d": "x"}, x_api_key="off").status == 403
    keyed.plan["ApiStages"] = [{"ApiId": "Api", "Stage": "v2"}]
    assert keyed.call({"d": "x"}, x_api_key="secret").status == 403


def test_key_may_come_from_the_authorizer(keyed: Any) -> None:
    keyed.api["ApiKeySourceType"] = "AUTHORIZER"
    keyed.permit("*")
    keyed.authorize(IdentitySource="method.request.header.Authorization")
    allow = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    keyed.function.answer = {"principalId": "p", "policyDocument": allow, "usageIdentifierKey": "secret"}
    assert keyed.call({"d": "x"}, authorization="a").status == 200
    del keyed.function.answer["usageIdentifierKey"]
    assert keyed.call({"d": "x"}, authorization="a", x_api_key="secret").status == 403


def test_plan_throttles_by_its_rate_and_burst(keyed: Any, parsed: Any) -> None:
    keyed.plan["Throttle"] = {"RateLimit": 1, "BurstLimit": 2}
    keyed.start()
    assert statuses(keyed, 3) == [200, 200, 429]
    assert parsed(keyed.call({"d": "x"}, x_api_key="secret")) == {"message": "Too Many Requests"}
    keyed.now += 1
    assert statuses(keyed, 2) == [200, 429]


def test_throttle_of_a_method_in_the_plan_replaces_the_plans(keyed: Any) -> None:
    keyed.plan["Throttle"] = {"RateLimit": 100, "BurstLimit": 100}
    own = {"/streams/{name}/PUT": {"RateLimit": 1, "BurstLimit": 1}}
    keyed.plan["ApiStages"] = [{"ApiId": "Api", "Stage": "v1", "Throttle": own}]
    keyed.start()
    assert statuses(keyed, 2) == [200, 429]


def test_quota_ends_until_the_next_period(keyed: Any, parsed: Any) -> None:
    keyed.plan["Quota"] = {"Limit": 3, "Period": "DAY", "Offset": 1}
    keyed.start()
    assert statuses(keyed, 3) == [200, 200, 429]
    response = keyed.call({"d": "x"}, x_api_key="secret")
    assert parsed(response) == {"message": "Limit Exceeded"}
    assert response.headers["x-amzn-errortype"] == "LimitExceededException"
    keyed.now += 86_400
    assert statuses(keyed, 4) == [200, 200, 200, 429]


def test_periods_of_quotas() -> None:
    sunday = 1_700_352_000.0  # 2023-11-19
    assert period("DAY", sunday) == "2023-11-19"
    assert period("MONTH", sunday) == "2023-11"
    assert period("WEEK", sunday) != period("WEEK", sunday - 1)
    assert period("WEEK", sunday) == period("WEEK", sunday + 6 * 86_400)


STAGE_WIDE = {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingRateLimit": 2, "ThrottlingBurstLimit": 2}
OF_METHOD = {
    "ResourcePath": "/~1streams~1{name}",
    "HttpMethod": "PUT",
    "ThrottlingRateLimit": 1,
    "ThrottlingBurstLimit": 1,
}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [([STAGE_WIDE], [200, 200, 429]), ([STAGE_WIDE, OF_METHOD], [200, 429, 429]), ([], [200, 200, 200])],
)
def test_stage_throttles_when_the_run_is_asked_to(
    api: Any, settings: list[dict[str, Any]], expected: list[int]
) -> None:
    api.stage["MethodSettings"] = settings
    api.options["throttle"] = True
    assert statuses(api.start(), 3) == expected


def test_stage_does_not_throttle_unasked(api: Any) -> None:
    api.stage["MethodSettings"] = [STAGE_WIDE]
    assert statuses(api.start(), 10) == [200] * 10
