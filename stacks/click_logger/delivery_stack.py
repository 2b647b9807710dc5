"""The delivery stream: clicks through the consumer function into DynamoDB, and on to the bucket as Parquet.

https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.click_logger.config import ClickLogger, ClickLoggerConfig
from stacks.click_logger.names import (
    CONSUMER,
    DATABASE,
    DEAD_LETTER_FOLDER,
    DELIVERY_STREAM,
    ERROR_FOLDER,
    FOLDER,
    ITEM_TABLE,
    METRICS_NAMESPACE,
    PACKAGE,
    PARTITION,
    TABLE,
    Names,
)
from stacks.common.delivery_stream import Buffering, Transformation
from stacks.common.iam import allow
from stacks.common.log_group import LogSettings, add_log_group
from stacks.common.python_function import PythonFunction
from stacks.common.s3_delivery_stream import GlueTableName, S3DeliveryStream, S3Output
from stacks.common.stack import TaggedStack

CONSUMER_TIMEOUT_IN_SECONDS = 60
_DAY = f"{PARTITION}=!{{timestamp:yyyy-MM-dd}}/"


class ClickDeliveryStack(TaggedStack):
    """Consumer function, delivery stream and error log."""

    def __init__(
        self, scope: Construct, id: str, *, config: ClickLoggerConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Click logger: delivery stream", settings=config, env=env)
        names, log = Names(self, config), LogSettings(config.log_retention_in_days)
        settings = config.click_logger.delivery
        consumer = self._consumer(names, config.click_logger, log)
        stream = S3DeliveryStream(
            self,
            "DeliveryStream",
            name=DELIVERY_STREAM,
            output=S3Output(
                bucket_arn=names.bucket_arn,
                prefix=f"{FOLDER}{_DAY}",
                error_output_prefix=f"{ERROR_FOLDER}!{{firehose:error-output-type}}/{_DAY}",
            ),
            buffering=Buffering(settings.interval_in_seconds, settings.size_in_mbs),
            log_group=add_log_group(
                self, "Log", name=f"/aws/kinesisfirehose/{DELIVERY_STREAM}", settings=log
            ),
            table=GlueTableName(DATABASE, TABLE),
            transformation=Transformation(
                function_arn=names.consumer_arn,
                buffering=Buffering(settings.consumer_buffer_interval, settings.consumer_buffer_size),
                retries=settings.consumer_retries,
            ),
        )
        stream.add_resource_dependency(consumer)
        CfnOutput(self, "DeliveryStreamName", value=stream.ref)

    def _consumer(self, names: Names, settings: ClickLogger, log: LogSettings) -> PythonFunction:
        expiry = settings.items_expire_after_days
        return PythonFunction(
            self,
            "Consumer",
            name=CONSUMER,
            description="Keeps each click in DynamoDB on its way to the bucket",
            handler="lambdas.click_logger.consumer.handler.lambda_handler",
            paths=PACKAGE,
            environment={
                "TABLE_NAME": ITEM_TABLE,
                "DEAD_LETTER_BUCKET": names.bucket,
                "DEAD_LETTER_PREFIX": DEAD_LETTER_FOLDER,
                "METRICS_NAMESPACE": METRICS_NAMESPACE,
                "ITEMS_EXPIRE_AFTER_DAYS": "" if expiry is None else str(expiry),
            },
            layer_arns=[],
            memory_in_mb=512,
            timeout_in_seconds=CONSUMER_TIMEOUT_IN_SECONDS,
            log=log,
            permissions={
                "WriteItems": allow(["dynamodb:BatchWriteItem"], [names.item_table_arn]),
                "KeepDeadLetters": allow(
                    ["s3:PutObject"],
                    [names.dead_letters_arn],
                    wildcard="An object for each invocation that could not write all of its clicks.",
                ),
            },
        )
