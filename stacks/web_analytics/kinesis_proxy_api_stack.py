"""The HTTP API `log-collector`: a proxy of four Kinesis actions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/integrating-api-with-aws-services-kinesis.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from aws_cdk.aws_apigateway import RequestValidator
from aws_cdk.aws_iam import ServicePrincipal
from constructs import Construct

from stacks.common.iam import InlineRole, allow
from stacks.common.rest_api import PublicRestApi
from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.kinesis_proxy import KinesisProxy
from stacks.web_analytics.names import Names
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
            name="log-collector",
            description="Takes web events for the Kinesis data stream",
            stage="v1",
            throttling=(settings.throttling_rate_limit, settings.throttling_burst_limit),
            access_log=settings.access_log,
            log_retention_in_days=config.log_retention_in_days,
        )
        self._add_methods(api, config)
        api.node.find_child("Endpoint").override_logical_id("RestApiEndpoint")  # type: ignore[attr-defined]
        CfnOutput(self, "KdsRestApiName", value=api.rest_api_name)

    def _add_methods(self, api: PublicRestApi, config: WebAnalyticsConfig) -> None:
        sign_reads = config.kinesis_proxy_api.authorization in ("reads", "all")
        sign_writes = config.kinesis_proxy_api.authorization == "all"
        validator = RequestValidator(self, "BodyValidator", rest_api=api, validate_request_body=True)
        proxy = KinesisProxy(self._role(config), validator)

        streams = api.root.add_resource("streams")
        stream = streams.add_resource("{stream-name}")
        record = stream.add_resource("record")
        records = stream.add_resource("records")
        for resource, method in ((streams, "GET"), (stream, "GET"), (record, "PUT"), (records, "PUT")):
            api.allow_cors(resource, [method])

        proxy.add_method(streams, "GET", "ListStreams", signed=sign_reads, request="list_streams.vtl")
        proxy.add_method(stream, "GET", "DescribeStream", signed=sign_reads, request="describe_stream.vtl")
        proxy.add_method(
            record,
            "PUT",
            "PutRecord",
            signed=sign_writes,
            request="put_record.vtl",
            model=add_put_record_model(api),
        )
        proxy.add_method(
            records,
            "PUT",
            "PutRecords",
            signed=sign_writes,
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
            statements={
                "UseTheStream": allow(
                    ["kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStream"],
                    [Names(self, config).stream_arn],
                ),
                # ListStreams knows no narrower resource.
                "ListStreams": allow(["kinesis:ListStreams"], ["*"]),
            },
        )
