"""TOKEN and REQUEST authorizers: when the function is asked, and what its policy lets through."""

from __future__ import annotations

from typing import Any

import pytest

API = "arn:aws:execute-api:us-east-1:123456789012:Api"
TOKEN = "method.request.header.Authorization"


def policy(effect: str = "Allow", resource: Any = "*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "user-1", "policyDocument": document, **more}


@pytest.fixture
def guarded(api: Any) -> Any:
    """Tests call `guarded.authorize(...)` with what their authorizer needs."""
    api.permit(f"{API}/authorizers/Auth")
    api.function.answer = policy()
    return api


def token(api: Any, **properties: Any) -> Any:
    api.authorize(Type="TOKEN", IdentitySource=TOKEN, **properties)
    return api.start()


def request(api: Any, *sources: str, **properties: Any) -> Any:
    api.authorize(Type="REQUEST", IdentitySource=",".join(sources), **properties)
    return api.start()


def test_token_goes_to_the_function_with_the_method(guarded: Any) -> None:
    assert token(guarded).call({"d": "x"}, authorization="ALLOW=ORDERAPP").status == 200
    assert guarded.function.events == [
        {
            "type": "TOKEN",
            "authorizationToken": "ALLOW=ORDERAPP",
            "methodArn": f"{API}/v1/PUT/streams/events",
        }
    ]


def test_request_without_token_is_unauthorized_and_the_function_is_not_asked(
    guarded: Any, parsed: Any
) -> None:
    response = token(guarded, AuthorizerResultTtlInSeconds=0).call({"d": "x"})
    assert (response.status, parsed(response)) == (401, {"message": "Unauthorized"})
    assert response.headers["x-amzn-errortype"] == "UnauthorizedException"
    assert guarded.function.events == guarded.kinesis.requests == []


def test_token_that_the_expression_does_not_match_is_unauthorized(guarded: Any) -> None:
    token(guarded, IdentityValidationExpression="^ALLOW=[A-Z]+$")
    assert guarded.call({"d": "x"}, authorization="nonsense").status == 401
    assert guarded.function.events == []
    assert guarded.call({"d": "x"}, authorization="ALLOW=ME").status == 200


def test_result_is_kept_by_token_for_its_time(guarded: Any) -> None:
    token(guarded)
    for given in ("a", "a", "b", "a"):
        assert guarded.call({"d": "x"}, authorization=given).status == 200
    assert [event["authorizationToken"] for event in guarded.function.events] == ["a", "b"]
    guarded.now += 299
    guarded.call({"d": "x"}, authorization="a")
    assert len(guarded.function.events) == 2
    guarded.now += 1
    guarded.call({"d": "x"}, authorization="a")
    assert len(guarded.function.events) == 3


def test_without_a_time_to_live_every_request_asks(guarded: Any) -> None:
    token(guarded, AuthorizerResultTtlInSeconds=0)
    for _ in range(3):
        guarded.call({"d": "x"}, authorization="a")
    assert len(guarded.function.events) == 3


def test_kept_policy_is_applied_to_other_paths(guarded: Any) -> None:
    """The trap of a policy for `event.methodArn` alone."""
    guarded.statements[0]["Resource"] = "*"
    guarded.function.answer = policy(resource=f"{API}/v1/PUT/streams/events")
    token(guarded)
    assert guarded.call({"d": "x"}, authorization="a").status == 200
    assert guarded.call({"d": "x"}, path="/streams/other", authorization="a").status == 403
    assert len(guarded.function.events) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (policy(resource=f"{API}/*/PUT/streams/*"), 200),
        (policy(resource=[f"{API}/v1/GET/*", f"{API}/v?/PUT/*"]), 200),
        (policy(resource=f"{API}/v1/GET/*"), 403),
        (policy("Deny"), 403),
    ],
)
def test_policy_decides(guarded: Any, parsed: Any, answer: Any, status: int) -> None:
    guarded.function.answer = answer
    response = token(guarded).call({"d": "x"}, authorization="a")
    assert response.status == status
    if status == 403:
        assert response.headers["x-amzn-errortype"] == "AccessDeniedException"
        assert parsed(response)["Message"].startswith("User is not authorized to access this resource")


def test_deny_beats_allow(guarded: Any) -> None:
    both = policy()
    both["policyDocument"]["Statement"] += policy("Deny", f"{API}/*/PUT/*")["policyDocument"]["Statement"]
    guarded.function.answer = both
    assert token(guarded).call({"d": "x"}, authorization="a").status == 403


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ("Unauthorized", 401, "UnauthorizedException"),
        ("Unauthorized: expired", 500, "AuthorizerFailureException"),
        ("boom", 500, "AuthorizerFailureException"),
    ],
)
def test_failure_of_the_function(guarded: Any, parsed: Any, error: str, status: int, kind: str) -> None:
    guarded.function.error = error
    response = token(guarded).call({"d": "x"}, authorization="a")
    assert (response.status, response.headers["x-amzn-errortype"]) == (status, kind)
    assert parsed(response) == {"message": "Unauthorized" if status == 401 else None}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "Allow",
        b"no JSON",
        {"principalId": "x"},
        {"policyDocument": policy()["policyDocument"]},
        {"principalId": "x", "policyDocument": {}},
        {"principalId": "x", "policyDocument": {"Statement": ["Allow"]}},
        policy("Permit"),
        policy(resource=5),
        policy(context={"nested": {"a": 1}}),
        policy(context=["a"]),
    ],
)
def test_answer_that_is_no_policy_is_a_configuration_error(guarded: Any, parsed: Any, answer: Any) -> None:
    guarded.function.answer = answer
    response = token(guarded).call({"d": "x"}, authorization="a")
    assert (response.status, parsed(response)) == (500, {"message": None})
    assert response.headers["x-amzn-errortype"] == "AuthorizerConfigurationException"


def test_authorizer_that_may_not_be_called_is_a_configuration_error(
    api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    response = token(api).call({"d": "x"}, authorization="a")
    assert response.headers["x-amzn-errortype"] == "AuthorizerConfigurationException"
    assert f"{API}/authorizers/Auth" in caplog.text


def test_context_reaches_templates_and_the_access_log_as_texts(guarded: Any) -> None:
    guarded.function.answer = policy(context={"tenant": "t1", "admin": True, "level": 3, "none": None})
    guarded.integration["RequestTemplates"] = {
        "application/json": '{"StreamName": "events", "Data": "$context.authorizer.principalId '
        '$context.authorizer.tenant $context.authorizer.admin $context.authorizer.level"}'
    }
    guarded.stage["AccessLogSetting"] = {"Format": "$context.authorizer.principalId $context.requestId"}
    assert token(guarded).call({}, authorization="a").status == 200
    assert guarded.kinesis.requests[0][1]["Data"] == "user-1 t1 true 3"
    assert guarded.log[0].startswith("user-1 ")


def test_request_authorizer_sees_the_whole_request(guarded: Any) -> None:
    request(guarded, "method.request.header.X-Key", "method.request.querystring.page")
    guarded.call({"d": "x"}, query={"page": "1"}, x_key="k")
    (event,) = guarded.function.events
    assert (event["type"], event["methodArn"]) == ("REQUEST", f"{API}/v1/PUT/streams/events")
    assert (event["headers"]["X-Key"], event["queryStringParameters"]) == ("k", {"page": "1"})
    assert event["pathParameters"] == {"name": "events"}
    assert event["requestContext"]["resourcePath"] == "/streams/{name}"
    assert "body" not in event


def test_request_authorizer_keeps_by_all_identity_sources(guarded: Any) -> None:
    guarded.stage["Variables"] = {"tier": "gold"}
    request(
        guarded,
        "method.request.header.X-Key",
        "method.request.querystring.page",
        "stageVariables.tier",
        "context.identity.sourceIp",
    )
    for key, page in (("k", "1"), ("k", "1"), ("k", "2"), ("l", "1")):
        assert guarded.call({"d": "x"}, query={"page": page}, x_key=key).status == 200
    assert len(guarded.function.events) == 3


def test_missing_identity_source_is_unauthorized_only_where_results_are_kept(guarded: Any) -> None:
    request(guarded, "method.request.header.X-Key")
    assert guarded.call({"d": "x"}).status == 401
    assert guarded.call({"d": "x"}, x_key="").status == 401
    assert guarded.function.events == []


def test_request_authorizer_without_keeping_is_always_asked(guarded: Any) -> None:
    request(guarded, AuthorizerResultTtlInSeconds=0)
    assert guarded.call({"d": "x"}).status == 200
    assert guarded.call({"d": "x"}).status == 200
    assert len(guarded.function.events) == 2


def test_authorizers_policy_reaches_a_proxy_event(guarded: Any) -> None:
    guarded.call_function()
    guarded.function.answer = {**policy(context={"tenant": "t1"})}
    token(guarded).call({}, authorization="a")
    authorizer = guarded.function.events[1]["requestContext"]["authorizer"]
    assert (authorizer["principalId"], authorizer["tenant"]) == ("user-1", "t1")
