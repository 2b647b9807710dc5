"""Routing, authorization and validation of a request."""

from __future__ import annotations

from typing import Any

import pytest

MODEL = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["d"],
    "properties": {"d": {"type": "string", "maxLength": 5}, "n": {"enum": [1, 2]}},
    "additionalProperties": False,
}


@pytest.fixture
def validating(api: Any) -> Any:
    api.method |= {"RequestValidatorId": "Validator", "RequestModels": {"application/json": "Event"}}
    api.add("ApiGateway::RequestValidator", "Validator", ValidateRequestBody=True)
    api.add("ApiGateway::Model", "Model", Name="Event", Schema=MODEL)
    api.add(
        "ApiGateway::GatewayResponse",
        "BadBody",
        ResponseType="BAD_REQUEST_BODY",
        ResponseTemplates={
            "application/json": '{"why": "$context.error.validationErrorString"}',
        },
    )
    return api


def test_path_parameters_are_url_decoded(api: Any) -> None:
    api.statements[0]["Resource"] = "*"
    assert api.call({"d": "x"}, path="/streams/a%2Fb%20c").status == 200
    assert api.kinesis.requests == [("PutRecord", {"StreamName": "a/b c", "Data": "x"})]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/"),
        ("PUT", "/streams"),
        ("PUT", "/streams/a/b"),
        ("GET", "/streams/a"),
        ("OPTIONS", "/streams/a"),
    ],
)
def test_unknown_route_or_method_is_a_missing_token(api: Any, parsed: Any, method: str, path: str) -> None:
    response = api.call(method=method, path=path)
    assert response.status == 403
    assert response.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert parsed(response) == {"message": "Missing Authentication Token"}


def test_trailing_slash_is_ignored(api: Any) -> None:
    assert api.call({"d": "x"}, path="/streams/events/").status == 200


def test_any_method_and_proxy_path_take_the_rest(api: Any, make_resource: Any) -> None:
    api.extra.append(
        make_resource(
            "ApiGateway::Resource", "Rest", {"RestApiId": "Api", "ParentId": "root", "PathPart": "{rest+}"}
        )
    )
    api.extra.append(
        make_resource(
            "ApiGateway::Method",
            "Any",
            {
                "RestApiId": "Api",
                "ResourceId": "Rest",
                "HttpMethod": "ANY",
                "MethodResponses": [{"StatusCode": "200"}],
                "Integration": {
                    "Type": "MOCK",
                    "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                    "IntegrationResponses": [
                        {
                            "StatusCode": "200",
                            "ResponseTemplates": {"application/json": "$input.params('rest')"},
                        }
                    ],
                },
            },
        )
    )
    assert api.call(method="PATCH", path="/a/b%20c/d").body == b"a/b c/d"
    assert api.call(path="/streams/x/deeper").body == b"streams/x/deeper"


def test_iam_method_refuses_an_unsigned_request(api: Any) -> None:
    api.method["AuthorizationType"] = "AWS_IAM"
    unsigned = api.call({"d": "x"})
    assert (unsigned.status, unsigned.headers["x-amzn-errortype"]) == (
        403,
        "MissingAuthenticationTokenException",
    )
    assert api.call({"d": "x"}, authorization="Bearer x").status == 403
    assert api.call({"d": "x"}, authorization="AWS4-HMAC-SHA256 Credential=...").status == 200
    assert api.call({"d": "x"}, query={"X-Amz-Signature": "abc"}).status == 200


def test_missing_parameters_are_named_together(api: Any, parsed: Any) -> None:
    api.method |= {
        "RequestValidatorId": "Validator",
        "RequestParameters": {
            "method.request.querystring.page": True,
            "method.request.header.X-Tenant": True,
            "method.request.header.X-Maybe": False,
            "method.request.path.name": True,
        },
    }
    api.add("ApiGateway::RequestValidator", "Validator", ValidateRequestParameters=True)
    response = api.call({"d": "x"})
    assert response.status == 400
    assert parsed(response) == {"message": "Missing required request parameters: [page, X-Tenant]"}
    assert api.call({"d": "x"}, query={"page": "1"}, x_tenant="t").status == 200


def test_valid_body_passes(validating: Any) -> None:
    assert validating.call({"d": "x", "n": 1}).status == 200


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, '[object has missing required properties (["d"])]'),
        (None, '[object has missing required properties (["d"])]'),
        (
            {"d": 1},
            '[instance type (integer) does not match any allowed primitive type (allowed: ["string"])]',
        ),
        ({"d": "123456"}, '[string "123456" is too long (length: 6, maximum allowed: 5)]'),
        ({"d": "x", "z": 1}, '[object instance has properties which are not allowed by the schema: ["z"]]'),
        ({"d": "x", "n": 3}, "[instance value (3) not found in enum (possible values: [1,2])]"),
        (b'{"d": ', "[Could not parse request body into json: "),
        (b"\xff\xfe", "[Could not parse request body into json: "),
    ],
)
def test_invalid_body_is_refused_with_the_reason(
    validating: Any, parsed: Any, body: Any, problem: str
) -> None:
    response = validating.call(body)
    assert (response.status, response.headers["x-amzn-errortype"]) == (400, "BadRequestException")
    assert parsed(response)["why"].startswith(problem)
    assert validating.kinesis.requests == []


def test_long_values_are_cut_and_the_list_of_problems_ends(validating: Any, parsed: Any) -> None:
    why = parsed(validating.call({"d": "x" * 10_000, **{f"k{n:03}": 1 for n in range(500)}}))["why"]
    assert len(why) < 1000


def test_body_of_another_content_type_is_not_validated(validating: Any) -> None:
    """And so meets the integration's passthrough behaviour next."""
    assert validating.call({}, content_type="text/plain").status == 415


def test_content_type_parameters_do_not_matter(validating: Any) -> None:
    assert validating.call({"d": "x"}, content_type="Application/JSON; charset=utf-8").status == 200
    assert validating.call({}, content_type="application/json;charset=utf-8").status == 400


def test_models_may_refer_to_one_another(validating: Any) -> None:
    validating.method["RequestModels"] = {"application/json": "Batch"}
    url = "https://apigateway.amazonaws.com/restapis/Api/models/Event"
    schema = {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": url}}}}
    validating.add("ApiGateway::Model", "BatchModel", Name="Batch", Schema=schema)
    assert validating.call({"items": [{"d": "x"}], "d": "y"}).status == 200
    assert validating.call({"items": [{"d": 1}]}).status == 400
