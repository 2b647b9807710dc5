"""A regional REST API that pages of any origin may call: one stage, its access log, its own error answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import jsii
from aws_cdk import CfnOutput, Duration, RemovalPolicy
from aws_cdk.aws_apigateway import (
    AccessLogDestinationConfig,
    AccessLogFormat,
    CfnAccount,
    CfnRestApi,
    EndpointType,
    IAccessLogDestination,
    IResource,
    LogGroupLogDestination,
    Method,
    ResponseType,
    RestApi,
    StageOptions,
)
from aws_cdk.aws_iam import ManagedPolicy, PolicyDocument, Role, ServicePrincipal
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from stacks.common.acknowledgement import acknowledge
from stacks.common.log_group import LogSettings, add_log_group

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_apigateway import IStageRef


@dataclass(frozen=True)
class StreamAccessLog:
    """An access log that goes straight to a delivery stream, which needs no role of the account.

    The stream's name starts with `amazon-apigateway-`; `line` ends with a line feed.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-logging-to-kinesis.html
    """

    delivery_stream_arn: str
    line: str


AccessLog = Literal["create-account-role", "use-account-role", "off"] | StreamAccessLog

ANY_ORIGIN = "'*'"
# What a browser sends with JSON, and what the AWS SDK's signer adds.
_ALLOWED_HEADERS = [
    "Content-Type",
    "Authorization",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    "X-Amz-User-Agent",
]

# Every value is quoted: API Gateway writes "-" for a value that is missing.
_ACCESS_LOG_LINE = {
    "requestId": "$context.requestId",
    "extendedRequestId": "$context.extendedRequestId",
    "requestTime": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.authorizer.principalId",
    "httpMethod": "$context.httpMethod",
    "resourcePath": "$context.resourcePath",
    "status": "$context.status",
    "integrationStatus": "$context.integration.status",
    "errorType": "$context.error.responseType",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": "$context.integration.latency",
    "responseLength": "$context.responseLength",
}


class PublicRestApi(RestApi):
    """The API; who uses it adds resources and methods, and calls `allow_cors` for each resource."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        description: str,
        stage: str,
        throttling: tuple[int, int],
        tls_policy: str,
        access_log: AccessLog,
        log: LogSettings,
        policy: PolicyDocument | None,
    ) -> None:
        rate_limit, burst_limit = throttling
        super().__init__(
            scope,
            id,
            rest_api_name=name,
            description=description,
            endpoint_types=[EndpointType.REGIONAL],
            cloud_watch_role=False,
            policy=policy,
            deploy_options=StageOptions(
                stage_name=stage,
                throttling_rate_limit=rate_limit,
                throttling_burst_limit=burst_limit,
                metrics_enabled=True,
                tracing_enabled=True,
                access_log_destination=_access_log_destination(scope, access_log, log),
                access_log_format=_access_log_format(access_log),
            ),
        )
        if access_log == "create-account-role":
            self.deployment_stage.node.add_dependency(_account_log_role(scope))
        self._demand_tls(tls_policy)
        self._add_error_answers()
        acknowledge(
            self.deployment_stage,
            "APIG6",
            "Execution logs would hold what clients send. The access log has a line for every request.",
        )

    def name_endpoint(self) -> None:
        """Output `RestApiEndpoint`, without the final slash of the CDK's own: `$API//path` is no resource."""
        endpoint = self.node.find_child("Endpoint")
        assert isinstance(endpoint, CfnOutput)
        endpoint.override_logical_id("RestApiEndpoint")
        host = f"{self.rest_api_id}.execute-api.{self.stack.region}.{self.stack.url_suffix}"
        endpoint.value = f"https://{host}/{self.deployment_stage.stage_name}"

    def allow_cors(self, resource: IResource, methods: Sequence[str]) -> Method:
        """Answers the preflight request that browsers send before the resource's own methods."""
        return resource.add_cors_preflight(
            allow_origins=["*"],
            allow_methods=[*methods, "OPTIONS"],
            allow_headers=_ALLOWED_HEADERS,
            max_age=Duration.days(1),
        )

    def _demand_tls(self, security_policy: str) -> None:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html"""
        api = self.node.default_child
        assert isinstance(api, CfnRestApi)
        api.security_policy = security_policy
        if security_policy.startswith("SecurityPolicy_"):
            api.endpoint_access_mode = "STRICT"

    def _add_error_answers(self) -> None:
        """What API Gateway answers itself lacks the CORS header and says little, unless it is defined."""
        self._add_error_answer(
            "BadRequestBody", ResponseType.BAD_REQUEST_BODY, {"cause": "validationErrorString"}
        )
        self._add_error_answer("Default4xx", ResponseType.DEFAULT_4_XX, {})
        self._add_error_answer("Default5xx", ResponseType.DEFAULT_5_XX, {})

    def _add_error_answer(self, id: str, type: ResponseType, more: Mapping[str, str]) -> None:
        # `messageString` brings its own quotation marks.
        members = ['"message":$context.error.messageString']
        members += [f'"{member}":"$context.error.{variable}"' for member, variable in more.items()]
        self.add_gateway_response(
            id,
            type=type,
            response_headers={"Access-Control-Allow-Origin": ANY_ORIGIN},
            templates={"application/json": f"{{{','.join(members)}}}"},
        )


def _access_log_destination(
    scope: Construct, access_log: AccessLog, log: LogSettings
) -> IAccessLogDestination | None:
    if access_log == "off":
        return None
    if isinstance(access_log, StreamAccessLog):
        return _DeliveryStream(access_log.delivery_stream_arn)
    group = add_log_group(scope, "AccessLog", settings=log)
    return LogGroupLogDestination(LogGroup.from_log_group_name(scope, "AccessLogGroup", group.ref))


def _access_log_format(access_log: AccessLog) -> AccessLogFormat | None:
    if access_log == "off":
        return None
    if isinstance(access_log, StreamAccessLog):
        return AccessLogFormat.custom(access_log.line)
    return AccessLogFormat.custom(json.dumps(_ACCESS_LOG_LINE))


@jsii.implements(IAccessLogDestination)
class _DeliveryStream:
    """The CDK's own destination would import aws_cdk.aws_kinesisfirehose (docs/decisions/0005)."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def bind(self, stage: IStageRef) -> AccessLogDestinationConfig:
        return AccessLogDestinationConfig(destination_arn=self._arn)


def _account_log_role(scope: Construct) -> CfnAccount:
    """The one role of an account and region with which API Gateway writes to CloudWatch Logs.

    Other APIs come to rely on it, so that it outlives this stack (docs/decisions/0003).
    """
    role = Role(
        scope,
        "AccountLogRole",
        assumed_by=ServicePrincipal("apigateway.amazonaws.com"),
        description="Lets API Gateway write logs of every API of this account and region",
        managed_policies=[
            ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
        ],
    )
    acknowledge(
        role,
        "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
        "AWS's policy for this one purpose; the role serves every API of the account, future ones too.",
    )
    account = CfnAccount(scope, "Account", cloud_watch_role_arn=role.role_arn)
    role.apply_removal_policy(RemovalPolicy.RETAIN)
    account.apply_removal_policy(RemovalPolicy.RETAIN)
    return account
