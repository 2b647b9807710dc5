"""The function with which Firehose validates and routes each record, and its layer.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, Environment
from aws_cdk.aws_lambda import Architecture, Code, LayerVersion, Runtime
from aws_cdk.aws_s3 import Bucket
from constructs import Construct

from stacks.common.python_function import PythonFunction
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
        layer = LayerVersion(
            self,
            "FastavroLayer",
            code=self._layer_code(config.firehose_data_tranform_lambda),
            compatible_runtimes=[Runtime.PYTHON_3_14],
            compatible_architectures=[Architecture.ARM_64],
            description="fastavro and msgspec",
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
                "METRICS_NAMESPACE": "WebAnalytics",
            },
            layers=[layer],
            memory_in_mb=1024,
            timeout=Duration.minutes(1),
            log_retention_in_days=config.log_retention_in_days,
        )
        CfnOutput(self, "FirehoseDataProcFuncName", value=function.function_name)

    def _layer_code(self, settings: TransformLambda) -> Code:
        if settings.s3_bucket_name is None:
            return Code.from_asset(layer_package())
        bucket = Bucket.from_bucket_name(self, "LayerBucket", settings.s3_bucket_name)
        return Code.from_bucket(bucket, settings.s3_object_key)
