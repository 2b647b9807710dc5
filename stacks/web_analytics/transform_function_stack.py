"""The function with which Firehose validates and routes each record, and its layer.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.assets import S3Object, add_zip_file
from stacks.common.python_function import LambdaLayer, PythonFunction
from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import TransformLambda, WebAnalyticsConfig
from stacks.web_analytics.layer_package import layer_package
from stacks.web_analytics.names import TRANSFORM_FUNCTION


class TransformFunctionStack(TaggedStack):
    """Function and layer."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Web analytics: transform function", settings=config, env=env)
        table = config.data_firehose_configuration.destination_iceberg_table_configuration
        package = self._layer_package(config.firehose_data_tranform_lambda)
        layer = LambdaLayer(self, "FastavroLayer", package=package, description="fastavro and msgspec")
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
                "METRICS_NAMESPACE": "WebAnalytics",
            },
            layer_arns=[layer.ref],
            memory_in_mb=1024,
            timeout_in_seconds=60,
            log_retention_in_days=config.log_retention_in_days,
        )
        CfnOutput(self, "FirehoseDataProcFuncName", value=function.ref)

    def _layer_package(self, settings: TransformLambda) -> S3Object:
        if settings.s3_bucket_name is None:
            return add_zip_file(self, "LayerPackage", layer_package())
        return S3Object(settings.s3_bucket_name, settings.s3_object_key)
