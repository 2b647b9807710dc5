"""The HTTP API: what it accepts, how it answers, who may call it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from stacks.web_analytics.kinesis_proxy_api_stack import KinesisProxyApiStack

STACK = "WebAnalyticsKdsProxyApiGw"
METHOD = "AWS::ApiGateway::Method"
CORS = "method.response.header.Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def template(assembly: Any) -> Any:
    return assembly[STACK]


def routes(template: Any) -> dict[str, dict[str, Any]]:
    """`PUT /streams/{stream-name}/record` -> the method's properties."""
    resources = template.of_type("AWS::ApiGateway::Resource")

    def path(reference: Any) -> str:
        if "Fn::GetAtt" in reference:
            return ""
        properties = resources[reference["Ref"]]["Properties"]
        return f"{path(properties['ParentId'])}/{properties['PathPart']}"

    methods = [method["Properties"] for method in template.of_type(METHOD).values()]
    return {f"{method['HttpMethod']} {path(method['ResourceId'])}": method for method in methods}


def requests(template: Any) -> dict[str, dict[str, Any]]:
    return {route: method for route, method in routes(template).items() if not route.startswith("OPTIONS")}


def test_each_route_calls_its_action_of_kinesis(template: Any) -> None:
    actions = {
        route: method["Integration"]["Uri"]["Fn::Join"][1][-1] for route, method in requests(template).items()
    }
    assert actions == {
        "GET /streams": ":kinesis:action/ListStreams",
        "GET /streams/{stream-name}": ":kinesis:action/DescribeStream",
        "PUT /streams/{stream-name}/record": ":kinesis:action/PutRecord",
        "PUT /streams/{stream-name}/records": ":kinesis:action/PutRecords",
    }


def test_bodies_of_other_types_never_reach_kinesis(template: Any) -> None:
    for method in requests(template).values():
        integration = method["Integration"]
        assert integration["PassthroughBehavior"] == "NEVER"
        assert list(integration["RequestTemplates"]) == ["application/json"]
        assert integration["RequestParameters"] == {
            "integration.request.header.Content-Type": "'application/x-amz-json-1.1'"
        }


def test_bodies_are_validated_by_their_models(template: Any) -> None:
    (validator,) = template.of_type("AWS::ApiGateway::RequestValidator")
    assert template.properties("AWS::ApiGateway::RequestValidator")["ValidateRequestBody"] is True
    models = template.of_type("AWS::ApiGateway::Model")
    for route, method in requests(template).items():
        if route.startswith("PUT"):
            assert method["RequestValidatorId"] == {"Ref": validator}
            model = models[method["RequestModels"]["application/json"]["Ref"]]["Properties"]
            assert model["Name"] == method["Integration"]["Uri"]["Fn::Join"][1][-1].split("/")[-1]


def test_models_hold_the_limits_of_kinesis(template: Any) -> None:
    models = {
        model["Properties"]["Name"]: model["Properties"]["Schema"]
        for model in template.of_type("AWS::ApiGateway::Model").values()
    }
    key = {"type": "string", "minLength": 1, "maxLength": 256}
    assert models["PutRecord"]["properties"] == {"Data": {}, "PartitionKey": key}
    assert models["PutRecord"]["required"] == ["Data", "PartitionKey"]
    records = models["PutRecords"]["properties"]["records"]
    assert (records["minItems"], records["maxItems"]) == (1, 500)
    assert records["items"]["required"] == ["partition-key"]
    assert records["items"]["properties"]["partition-key"] == key
    assert records["items"]["properties"]["data"]["type"] == ["string", "null"]
    for schema in (*models.values(), records["items"]):
        assert schema["additionalProperties"] is False
    assert {schema["$schema"] for schema in models.values()} == {"http://json-schema.org/draft-04/schema#"}


def test_every_answer_may_be_read_by_pages_of_any_origin(template: Any) -> None:
    for method in routes(template).values():
        declared = {
            answer["StatusCode"]: answer["ResponseParameters"] for answer in method["MethodResponses"]
        }
        assert all(CORS in parameters for parameters in declared.values())
        for answer in method["Integration"]["IntegrationResponses"]:
            assert answer["ResponseParameters"][CORS] == "'*'"
            assert answer["StatusCode"] in declared
    errors = template.of_type("AWS::ApiGateway::GatewayResponse").values()
    assert {error["Properties"]["ResponseType"] for error in errors} == {
        "BAD_REQUEST_BODY",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
    }
    for error in errors:
        header = "gatewayresponse.header.Access-Control-Allow-Origin"
        assert error["Properties"]["ResponseParameters"] == {header: "'*'"}


def test_each_resource_answers_the_preflight_request(template: Any) -> None:
    all_routes = routes(template)
    for route in requests(template):
        method, path = route.split(" ")
        preflight = all_routes[f"OPTIONS {path}"]
        (answer,) = preflight["Integration"]["IntegrationResponses"]
        headers = answer["ResponseParameters"]
        assert preflight["AuthorizationType"] == "NONE"
        assert headers["method.response.header.Access-Control-Allow-Methods"] == f"'{method},OPTIONS'"
        assert headers["method.response.header.Access-Control-Max-Age"] == "'86400'"
        allowed = headers["method.response.header.Access-Control-Allow-Headers"].strip("'").split(",")
        assert {"Content-Type", "Authorization", "X-Amz-Content-Sha256", "X-Amz-User-Agent"} <= set(allowed)


def test_errors_of_kinesis_are_mapped_by_status(template: Any) -> None:
    for method in requests(template).values():
        answers = method["Integration"]["IntegrationResponses"]
        patterns = {answer["StatusCode"]: answer.get("SelectionPattern") for answer in answers}
        assert patterns == {"200": None, "400": r"4\d{2}", "500": r"5\d{2}"}
        assert re.fullmatch(patterns["400"], "400")


def test_statuses_that_a_template_sets_are_declared(template: Any) -> None:
    for method in requests(template).values():
        declared = {answer["StatusCode"] for answer in method["MethodResponses"]}
        templates = json.dumps(method["Integration"]["IntegrationResponses"])
        assert set(re.findall(r"responseOverride\.status = (\d+)", templates)) <= declared


def test_bad_request_says_what_is_wrong_with_the_body(template: Any) -> None:
    (answer,) = (
        response["Properties"]
        for response in template.of_type("AWS::ApiGateway::GatewayResponse").values()
        if response["Properties"]["ResponseType"] == "BAD_REQUEST_BODY"
    )
    text = answer["ResponseTemplates"]["application/json"]
    assert '"cause":"$context.error.validationErrorString"' in text


def test_stage_throttles_measures_and_logs(template: Any) -> None:
    stage = template.properties("AWS::ApiGateway::Stage")
    (settings,) = stage["MethodSettings"]
    assert stage["StageName"] == "v1"
    assert stage["TracingEnabled"] is True
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (1000, 2000)
    assert settings["MetricsEnabled"] is True
    assert settings["DataTraceEnabled"] is False
    line = json.loads(stage["AccessLogSetting"]["Format"])
    assert all(value.startswith("$context.") for value in line.values())
    assert template.properties("AWS::Logs::LogGroup") == {"RetentionInDays": 30}


def test_api_is_regional(template: Any) -> None:
    api = template.properties("AWS::ApiGateway::RestApi")
    assert api["Name"] == "log-collector"
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


def test_old_tls_is_refused_unless_asked_for(template: Any, synthesize: Any) -> None:
    api = template.properties("AWS::ApiGateway::RestApi")
    assert api["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_2021_06"
    assert api["EndpointAccessMode"] == "STRICT"
    old = synthesize(KinesisProxyApiStack, kinesis_proxy_api={"tls_policy": "TLS_1_0"})
    assert old.properties("AWS::ApiGateway::RestApi")["SecurityPolicy"] == "TLS_1_0"
    assert "EndpointAccessMode" not in old.properties("AWS::ApiGateway::RestApi")


def test_account_wide_log_role_outlives_the_stack(template: Any) -> None:
    account = template.resource("AWS::ApiGateway::Account")
    role = template.of_type("AWS::IAM::Role")[account["Properties"]["CloudWatchRoleArn"]["Fn::GetAtt"][0]]
    assert account["DeletionPolicy"] == role["DeletionPolicy"] == "Retain"
    assert "Account" in template.resource("AWS::ApiGateway::Stage")["DependsOn"]


@pytest.mark.parametrize(("access_log", "logs"), [("use-account-role", True), ("off", False)])
def test_account_wide_log_role_may_be_left_alone(synthesize: Any, access_log: str, logs: bool) -> None:
    template = synthesize(KinesisProxyApiStack, kinesis_proxy_api={"access_log": access_log})
    assert template.of_type("AWS::ApiGateway::Account") == {}
    assert len(template.of_type("AWS::IAM::Role")) == 1
    assert ("AccessLogSetting" in template.properties("AWS::ApiGateway::Stage")) is logs
    assert bool(template.of_type("AWS::Logs::LogGroup")) is logs


@pytest.mark.parametrize(
    ("authorization", "signed"),
    [("none", set()), ("reads", {"GET"}), ("all", {"GET", "PUT"})],
)
def test_callers_sign_what_the_setting_says(synthesize: Any, authorization: str, signed: set[str]) -> None:
    template = synthesize(KinesisProxyApiStack, kinesis_proxy_api={"authorization": authorization})
    for route, method in routes(template).items():
        expected = "AWS_IAM" if route.split(" ")[0] in signed else "NONE"
        assert method["AuthorizationType"] == expected, route


def test_there_is_no_resource_policy_and_no_web_acl_unless_asked_for(template: Any) -> None:
    assert "Policy" not in template.properties("AWS::ApiGateway::RestApi")
    assert {type for _, resource in template if "WAF" in (type := resource["Type"])} == set()


@pytest.mark.parametrize(
    ("authorization", "unsigned"),
    [("none", ["GET", "PUT", "OPTIONS"]), ("reads", ["PUT", "OPTIONS"]), ("all", ["OPTIONS"])],
)
def test_requests_from_other_addresses_are_denied(
    synthesize: Any, authorization: str, unsigned: list[str]
) -> None:
    """An allow for signed requests would let callers of the account in without a permission of theirs."""
    ranges = ["192.0.2.0/24", "2001:db8::/32"]
    settings = {"authorization": authorization, "allowed_source_ranges": ranges}
    template = synthesize(KinesisProxyApiStack, kinesis_proxy_api=settings)
    allow, deny = template.properties("AWS::ApiGateway::RestApi")["Policy"]["Statement"]
    allowed = allow["Resource"] if isinstance(allow["Resource"], list) else [allow["Resource"]]
    assert (allow["Effect"], set(allowed)) == (
        "Allow",
        {f"execute-api:/*/{method}/*" for method in unsigned},
    )
    assert (deny["Effect"], deny["Resource"], deny["Principal"]) == ("Deny", "execute-api:/*", {"AWS": "*"})
    assert deny["Condition"] == {"NotIpAddress": {"aws:SourceIp": ranges}}


def test_new_source_ranges_are_deployed(synthesize: Any) -> None:
    """A resource policy takes effect with a new deployment of the stage."""
    deployments = set()
    for ranges in (["192.0.2.0/24"], ["198.51.100.0/24"]):
        template = synthesize(KinesisProxyApiStack, kinesis_proxy_api={"allowed_source_ranges": ranges})
        deployments |= set(template.of_type("AWS::ApiGateway::Deployment"))
    assert len(deployments) == 2


def test_web_acl_answers_429_to_an_address_that_sends_too_much(synthesize: Any) -> None:
    template = synthesize(KinesisProxyApiStack, kinesis_proxy_api={"waf_rate_limit": 600})
    acl = template.properties("AWS::WAFv2::WebACL")
    (rule,) = acl["Rules"]
    assert (acl["Scope"], acl["DefaultAction"]) == ("REGIONAL", {"Allow": {}})
    assert rule["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": 600,
    }
    answer = rule["Action"]["Block"]["CustomResponse"]
    assert answer["ResponseCode"] == 429
    body = acl["CustomResponseBodies"][answer["CustomResponseBodyKey"]]
    assert body["ContentType"] == "APPLICATION_JSON"
    assert json.loads(body["Content"]) == {"message": "Too Many Requests"}
    for part in (acl, rule):
        assert part["VisibilityConfig"]["SampledRequestsEnabled"] is False
    association = template.properties("AWS::WAFv2::WebACLAssociation")
    (stage,) = template.of_type("AWS::ApiGateway::Stage")
    assert association["ResourceArn"]["Fn::Join"][1][-1] == {"Ref": stage}


def test_throttling_is_a_setting(synthesize: Any) -> None:
    limits = {"throttling_rate_limit": 5, "throttling_burst_limit": 7}
    template = synthesize(KinesisProxyApiStack, kinesis_proxy_api=limits)
    (settings,) = template.properties("AWS::ApiGateway::Stage")["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (5, 7)


def test_output_names_the_endpoint(template: Any) -> None:
    assert set(template.document["Outputs"]) == {"RestApiEndpoint", "KdsRestApiName"}


def test_paths_follow_the_endpoint_after_one_slash(template: Any) -> None:
    parts = template.document["Outputs"]["RestApiEndpoint"]["Value"]["Fn::Join"][1]
    (stage,) = template.of_type("AWS::ApiGateway::Stage")
    assert (parts[0], parts[-2:]) == ("https://", ["/", {"Ref": stage}])
