"""The HTTP API `log-collector`: a proxy of four Kinesis actions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/integrating-api-with-aws-services-kinesis.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from aws_cdk.aws_apigateway import RequestValidator
from aws_cdk.aws_iam import PolicyDocument, ServicePrincipal
from constructs import Construct

from stacks.common.acknowledgement import acknowledge
from stacks.common.encryption import use_key_for_stream
from stacks.common.iam import InlineRole, Permission, allow
from stacks.common.log_group import LogSettings
from stacks.common.rest_api import PublicRestApi
from stacks.common.source_policy import source_policy
from stacks.common.stack import TaggedStack
from stacks.common.web_acl import add_rate_limit
from stacks.web_analytics.config import KinesisProxyApi, WebAnalyticsConfig
from stacks.web_analytics.kinesis_proxy import KinesisProxy
from stacks.web_analytics.names import API, API_STAGE, Names
from stacks.web_analytics.request_models import add_put_record_model, add_put_records_model


class KinesisProxyApiStack(TaggedStack):
    """API, its models and the role with which it calls Kinesis."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="Web analytics: HTTP API of the stream", settings=config, env=env
        )
        settings = config.kinesis_proxy_api
        api = PublicRestApi(
            self,
            "RestApi",
            name=API,
            description="Takes web events for the Kinesis data stream",
            stage=API_STAGE,
            throttling=(settings.throttling_rate_limit, settings.throttling_burst_limit),
            access_log=settings.access_log,
            tls_policy=settings.tls_policy,
            log=LogSettings(config.log_retention_in_days, Names(self, config).encryption_key_arn),
            policy=_source_policy(settings),
        )
        self._limit_rates(api, settings)
        _acknowledge_authorization(api, settings)
        self._add_methods(api, config)
        api.name_endpoint()
        CfnOutput(self, "KdsRestApiName", value=api.rest_api_name)

    def _limit_rates(self, api: PublicRestApi, settings: KinesisProxyApi) -> None:
        stage, limit = api.deployment_stage, settings.waf_rate_limit
        if limit is None:
            acknowledge(
                stage,
                "APIG3",
                "A web ACL costs by the request. The stage throttles all callers together; "
                "kinesis_proxy_api.waf_rate_limit puts a limit on each address.",
            )
            return
        add_rate_limit(self, "WebAcl", name="web-analytics", stage_arn=stage.stage_arn, limit=limit)

    def _add_methods(self, api: PublicRestApi, config: WebAnalyticsConfig) -> None:
        validator = RequestValidator(
            self,
            "BodyValidator",
            rest_api=api,
            validate_request_body=True,
            validate_request_parameters=True,
        )
        proxy = KinesisProxy(self._role(config), validator, config.kinesis_proxy_api.signed_methods)

        streams = api.root.add_resource("streams")
        stream = streams.add_resource("{stream-name}")
        record = stream.add_resource("record")
        records = stream.add_resource("records")
        for resource, method in ((streams, "GET"), (stream, "GET"), (record, "PUT"), (records, "PUT")):
            api.allow_cors(resource, [method])

        proxy.add_method(streams, "GET", "ListStreams", request="list_streams.vtl")
        proxy.add_method(stream, "GET", "DescribeStream", request="describe_stream.vtl")
        proxy.add_method(
            record,
            "PUT",
            "PutRecord",
            request="put_record.vtl",
            model=add_put_record_model(api),
        )
        proxy.add_method(
            records,
            "PUT",
            "PutRecords",
            request="put_records.vtl",
            response="put_records_response.vtl",
            model=add_put_records_model(api),
        )

    def _role(self, config: WebAnalyticsConfig) -> InlineRole:
        return InlineRole(
            self,
            "KinesisRole",
            assumed_by=ServicePrincipal("apigateway.amazonaws.com"),
            description="Lets the log-collector API write to and describe its stream",
            permissions={
                "UseTheStream": allow(
                    ["kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStream"],
                    [Names(self, config).stream_arn],
                ),
                "ListStreams": allow(
                    ["kinesis:ListStreams"], ["*"], wildcard="ListStreams knows no narrower resource."
                ),
                **_use_key(Names(self, config)),
            },
        )


def _acknowledge_authorization(api: PublicRestApi, settings: KinesisProxyApi) -> None:
    acknowledge(
        api,
        "COG4",
        "Visitors' browsers and servers send events; neither has a user of a Cognito pool to sign in with.",
    )
    if settings.authorization != "all":
        acknowledge(
            api,
            "APIG4",
            "Browsers that send events have nothing to sign with. kinesis_proxy_api.authorization demands "
            "IAM signatures of readers or everybody, allowed_source_ranges the addresses of a few networks.",
        )


def _source_policy(settings: KinesisProxyApi) -> PolicyDocument | None:
    if not settings.allowed_source_ranges:
        return None
    methods = [method for method in ("GET", "PUT", "OPTIONS") if method not in settings.signed_methods]
    return source_policy(settings.allowed_source_ranges, unsigned_methods=methods)


def _use_key(names: Names) -> dict[str, Permission]:
    key = names.encryption_key_arn
    if key is None:
        return {}
    of_stream = {"stream_arn": names.stream_arn, "region": names.region}
    return {"UseKeyOfStream": use_key_for_stream(key, ["kms:GenerateDataKey"], **of_stream)}
