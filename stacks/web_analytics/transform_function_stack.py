"""The function with which Firehose validates and routes each record, and its layer.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.assets import S3Object, add_zip_file
from stacks.common.log_group import LogSettings
from stacks.common.python_function import LambdaLayer, PythonFunction
from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import TransformLambda, WebAnalyticsConfig
from stacks.web_analytics.layer_package import layer_package
from stacks.web_analytics.names import (
    METRICS_NAMESPACE,
    TRANSFORM_FUNCTION,
    TRANSFORM_TIMEOUT_IN_SECONDS,
    Names,
)


class TransformFunctionStack(TaggedStack):
    """Function and layer."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Web analytics: transform function", settings=config, env=env)
        table = config.data_firehose_configuration.destination_iceberg_table_configuration
        transform = config.firehose_data_tranform_lambda
        package = self._layer_package(transform)
        layer = LambdaLayer(
            self, "FastavroLayer", package=package, description="fastavro, msgspec and xxhash"
        )
        function = PythonFunction(
            self,
            "TransformFunction",
            name=TRANSFORM_FUNCTION,
            description="Validates web events and names the table and the operation for each",
            handler="lambdas.web_analytics.transform.handler.lambda_handler",
            paths=["lambdas/__init__.py", "lambdas/common", "lambdas/web_analytics", "schemas/web_analytics"],
            environment={
                "ICEBERG_DATABASE_NAME": table.database_name,
                "ICEBERG_TABLE_NAME": table.table_name,
                "ICEBERG_UNIQUE_KEYS": ",".join(table.unique_keys),
                "METRICS_NAMESPACE": METRICS_NAMESPACE,
                "ADD_EVENT_ID_AND_RECEIVED_AT": _switch(transform.add_event_id_and_received_at),
                "TRUNCATE_IP": _switch(transform.truncate_ip),
            },
            layer_arns=[layer.ref],
            memory_in_mb=1024,
            timeout_in_seconds=TRANSFORM_TIMEOUT_IN_SECONDS,
            log=LogSettings(config.log_retention_in_days, Names(self, config).encryption_key_arn),
        )
        CfnOutput(self, "FirehoseDataProcFuncName", value=function.ref)

    def _layer_package(self, settings: TransformLambda) -> S3Object:
        if settings.s3_bucket_name is None:
            return add_zip_file(self, "LayerPackage", layer_package())
        return S3Object(settings.s3_bucket_name, settings.s3_object_key)


def _switch(on: bool) -> str:
    return "true" if on else "false"
