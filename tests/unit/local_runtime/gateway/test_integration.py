"""The integration: mapping of requests and responses, service errors, the role's permissions."""

from __future__ import annotations

from typing import Any

import pytest

from local_runtime.errors import AwsError


@pytest.mark.parametrize(
    ("passthrough", "templates", "content_type", "status"),
    [
        ("NEVER", {"application/json": "{}"}, "text/plain", 415),
        ("NEVER", {}, "application/json", 415),
        ("WHEN_NO_TEMPLATES", {"application/json": "{}"}, "text/plain", 415),
        ("WHEN_NO_TEMPLATES", {}, "application/json", 200),
        ("WHEN_NO_MATCH", {"text/plain": "{}"}, "application/json", 200),
        ("WHEN_NO_MATCH", {"text/plain": "{}"}, "text/plain", 404),
    ],
)
def test_passthrough_behavior(
    api: Any, passthrough: str, templates: dict[str, str], content_type: str, status: int
) -> None:
    api.integration |= {"PassthroughBehavior": passthrough, "RequestTemplates": templates}
    api.integration["IntegrationResponses"] = [{"StatusCode": "200"}]
    api.integration["IntegrationResponses"] += [{"StatusCode": "404", "SelectionPattern": "404"}]
    api.method["MethodResponses"] += [{"StatusCode": "404"}]
    assert api.call({"StreamName": "events"}, content_type=content_type).status == status


def test_mapped_content_type_lets_any_client_type_reach_the_service(api: Any) -> None:
    api.integration["RequestTemplates"] = {"text/plain": '{"StreamName": "events"}'}
    assert api.call(b"x", content_type="text/plain").status == 400
    api.integration["RequestParameters"] = {
        "integration.request.header.Content-Type": "'application/x-amz-json-1.1'"
    }
    assert api.call(b"x", content_type="text/plain").status == 200


def test_body_that_the_template_cannot_parse_is_a_bad_request(api: Any, parsed: Any) -> None:
    response = api.call(b"{oops")
    assert response.status == 400
    assert parsed(response)["message"].startswith("Could not parse request body into json")


def test_template_that_renders_no_json_is_a_serialization_error_of_the_service(api: Any, parsed: Any) -> None:
    api.integration["RequestTemplates"] = {"application/json": '{"StreamName": "events'}
    response = api.call({})
    assert (response.status, parsed(response)["__type"]) == (400, "SerializationException")


def test_template_that_java_would_throw_from_is_a_configuration_error(api: Any, parsed: Any) -> None:
    api.integration["RequestTemplates"] = {"application/json": "#set($x = 'a')$x.substring(9)"}
    response = api.call({})
    assert (response.status, parsed(response)) == (500, {"message": "Internal server error"})


@pytest.mark.parametrize("stream", ["other", "events-2"])
def test_stream_outside_the_role_is_denied_before_it_is_looked_up(api: Any, parsed: Any, stream: str) -> None:
    response = api.call({"d": "x"}, path=f"/streams/{stream}")
    assert (response.status, parsed(response)["__type"]) == (400, "AccessDeniedException")
    assert f"kinesis:PutRecord on resource: arn:aws:kinesis:us-east-1:123456789012:stream/{stream}" in str(
        parsed(response)["message"]
    )
    assert api.kinesis.requests == []


def test_service_error_has_its_type_and_status(api: Any, parsed: Any) -> None:
    api.kinesis.answer = AwsError("LimitExceededException", "too much", 400)
    response = api.call({"d": "x"})
    assert (response.status, parsed(response)) == (
        400,
        {"__type": "LimitExceededException", "message": "too much"},
    )


def test_failure_of_the_service_is_an_internal_failure_without_traceback(
    api: Any, parsed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    api.method["MethodResponses"] += [{"StatusCode": "500"}]
    api.integration["IntegrationResponses"] += [{"StatusCode": "500", "SelectionPattern": "5\\d{2}"}]
    api.kinesis.answer = RuntimeError("disk on fire")
    response = api.call({"d": "x"})
    assert (response.status, parsed(response)["__type"]) == (500, "InternalFailure")
    assert b"disk" not in response.body
    assert "disk on fire" in caplog.text


def test_selection_pattern_must_match_the_whole_status(api: Any) -> None:
    api.integration["IntegrationResponses"] = [
        {"StatusCode": "400", "SelectionPattern": "20"},
        {"StatusCode": "200"},
    ]
    assert api.call({"d": "x"}).status == 200


@pytest.mark.parametrize(
    "responses", [[], [{"StatusCode": "400", "SelectionPattern": "4.."}], [{"StatusCode": "201"}]]
)
def test_no_fitting_response_is_a_configuration_error(
    api: Any, parsed: Any, responses: list[dict[str, str]]
) -> None:
    """None matches, or the chosen one has no method response (201)."""
    api.integration["IntegrationResponses"] = responses
    response = api.call({"d": "x"})
    assert (response.status, parsed(response)) == (500, {"message": "Internal server error"})


def test_response_is_mapped_by_template_parameters_and_overrides(api: Any, parsed: Any) -> None:
    api.kinesis.answer = {"FailedRecordCount": 1, "Message": "account 123456789012"}
    header = "method.response.header."
    declared = {f"{header}X-{name}": True for name in ("Star", "Name", "Type", "Id")}
    api.method["MethodResponses"] = [{"StatusCode": "200", "ResponseParameters": declared}]
    api.integration["IntegrationResponses"] = [
        {
            "StatusCode": "200",
            "ResponseParameters": {
                f"{header}X-Star": "'*'",
                f"{header}X-Name": "integration.response.body.FailedRecordCount",
                f"{header}X-Type": "integration.response.header.Content-Type",
                f"{header}X-Id": "context.requestId",
            },
            "ResponseTemplates": {
                "application/json": "#if($input.path('$.FailedRecordCount') > 0)"
                "#set($context.responseOverride.status = 503)"
                "#set($context.responseOverride.header.Retry-After = 5)#end"
                "{\"failed\": $input.json('$.FailedRecordCount')}"
            },
        }
    ]
    response = api.call({"d": "x"})
    assert (response.status, parsed(response)) == (503, {"failed": 1})
    headers = response.headers
    assert (headers["x-star"], headers["x-name"], headers["x-type"], headers["retry-after"]) == (
        "*",
        "1",
        "application/x-amz-json-1.1",
        "5",
    )
    assert headers["x-id"] == headers["x-amzn-requestid"]


@pytest.mark.parametrize("status", ["'abc'", "99", "600", "true"])
def test_override_that_is_no_status_is_ignored(api: Any, status: str) -> None:
    template = f"#set($context.responseOverride.status = {status}){{}}"
    api.integration["IntegrationResponses"][0]["ResponseTemplates"] = {"application/json": template}
    assert api.call({"d": "x"}).status == 200


def test_preflight_is_answered_by_a_mock_integration_as_the_cdk_writes_it(api: Any) -> None:
    origin = "method.response.header.Access-Control-Allow-Origin"
    api.add(
        "ApiGateway::Method",
        "Options",
        ResourceId="Stream",
        HttpMethod="OPTIONS",
        MethodResponses=[{"StatusCode": "204", "ResponseParameters": {origin: True}}],
        Integration={
            "Type": "MOCK",
            "RequestTemplates": {"application/json": "{ statusCode: 200 }"},
            "IntegrationResponses": [{"StatusCode": "204", "ResponseParameters": {origin: "'*'"}}],
        },
    )
    response = api.call(method="OPTIONS")
    assert (response.status, response.body) == (204, b"")
    assert response.headers["access-control-allow-origin"] == "*"


def test_mock_without_a_status_code_is_a_configuration_error(api: Any) -> None:
    api.integration |= {"Type": "MOCK", "RequestTemplates": {"application/json": "{}"}}
    assert api.call({}).status == 500


def test_access_log_has_a_line_a_request_with_dashes_for_what_is_missing(api: Any) -> None:
    api.stage["AccessLogSetting"] = {
        "Format": '{"id": "$context.requestId", "path": "$context.resourcePath", '
        '"status": "$context.status", '
        '"error": "$context.error.responseType", "user": "$context.authorizer.claims[\'sub\']", '
        '"bytes": "$context.responseLength", "integration": "$context.integration.status"}'
    }
    api.call({"d": "x"}, x_amzn_requestid="abcd-1234")
    api.call(path="/nowhere")
    assert api.log[0] == (
        '{"id": "abcd-1234", "path": "/streams/{name}", "status": "200", "error": "-", "user": "-", '
        '"bytes": "11", "integration": "200"}'
    )
    assert '"path": "-", "status": "403", "error": "MISSING_AUTHENTICATION_TOKEN"' in api.log[1]


def test_stage_variables_reach_the_template(api: Any) -> None:
    api.stage["Variables"] = {"stream": "events"}
    api.integration["RequestTemplates"] = {"application/json": '{"StreamName": "$stageVariables.stream"}'}
    api.call({})
    assert api.kinesis.requests == [("PutRecord", {"StreamName": "events"})]


def test_gateway_response_falls_back_to_the_default_of_its_class(api: Any, parsed: Any) -> None:
    api.add(
        "ApiGateway::GatewayResponse",
        "Default4xx",
        ResponseType="DEFAULT_4XX",
        ResponseParameters={"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
        ResponseTemplates={
            "application/json": '{"kind": "$context.error.responseType", '
            '"message": $context.error.messageString}'
        },
    )
    api.add("ApiGateway::GatewayResponse", "Media", ResponseType="UNSUPPORTED_MEDIA_TYPE", StatusCode="406")
    missing = api.call(path="/nowhere")
    assert (missing.status, missing.headers["access-control-allow-origin"]) == (403, "*")
    assert parsed(missing) == {
        "kind": "MISSING_AUTHENTICATION_TOKEN",
        "message": "Missing Authentication Token",
    }
    assert api.call(b"x", content_type="text/plain").status == 406


def test_batch_for_firehose_counts_what_was_accepted(api: Any, parsed: Any) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def firehose(action: str, request: dict[str, Any]) -> dict[str, Any]:
        asked.append((action, request))
        return {"FailedPutCount": 1, "RequestResponses": [{"RecordId": "1"}, {"ErrorCode": "x"}]}

    api.integration["Uri"] = "arn:aws:apigateway:us-east-1:firehose:action/PutRecordBatch"
    api.integration["RequestTemplates"] = {
        "application/json": '{"DeliveryStreamName": "clicks", "Records": [{"Data": ""}, {"Data": ""}]}'
    }
    api.statements[0] |= {
        "Action": "firehose:PutRecordBatch",
        "Resource": "arn:aws:firehose:us-east-1:123456789012:deliverystream/clicks",
    }
    api.options["services"] = {"firehose": firehose}
    api.start()
    assert parsed(api.call({}))["FailedPutCount"] == 1
    assert asked[0][0] == "PutRecordBatch"
    assert api.running.counters["log-api"].records == 1
