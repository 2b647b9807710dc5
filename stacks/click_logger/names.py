"""The names by which the stacks know one another's resources (docs/decisions/0001).

Those of the API, the delivery stream and the DynamoDB table are what users see; SQL names database and table.
"""

from __future__ import annotations

from aws_cdk import Stack

from stacks.click_logger.config import ClickLoggerConfig
from stacks.common.pseudo_parameters import partition

API = "click-logger-api"
API_STAGE = "dev"
PATH = "clicklogger"
DELIVERY_STREAM = "click-logger-firehose-delivery-stream"
ITEM_TABLE = "click-logger-table"
CALLER_INDEX = "ContextCallerIndex"
DATABASE = "click_logger_db"
TABLE = "click_log"
PARTITION = "data"
SCHEMA = "click_logger/click.avsc"

FOLDER = "clicklog/"
ERROR_FOLDER = "clicklog_error/"
DEAD_LETTER_FOLDER = "clicklog_dead_letters/"
"""Clicks that did not get into the DynamoDB table; `src/utils/redrive_clicks.py` puts them there."""

AUTHORIZER = "click-logger-authorizer"
INGEST = "click-logger-ingest"
CONSUMER = "click-logger-consumer"
TOKENS_SECRET = "click-logger/tokens"  # noqa: S105
FIRST_CALLER = "first-caller"
METRICS_NAMESPACE = "ClickLogger"
PACKAGE = ("lambdas/__init__.py", "lambdas/common", "lambdas/click_logger", "schemas/click_logger")


class Names:
    """Physical names and ARNs, as a given stack spells them."""

    def __init__(self, stack: Stack, config: ClickLoggerConfig) -> None:
        self._region, self._account = stack.region, stack.account
        default_bucket = f"click-logger-{self._region}-{self._account}"
        given = config.click_logger.s3_bucket_name
        self.bucket = default_bucket if given is None else given
        self.bucket_arn = f"arn:{partition()}:s3:::{self.bucket}"
        self.location = f"s3://{self.bucket}/{FOLDER}"
        self.dead_letters_arn = f"{self.bucket_arn}/{DEAD_LETTER_FOLDER}*"
        self.item_table_arn = self._arn("dynamodb", f"table/{ITEM_TABLE}")
        self.consumer_arn = self._arn("lambda", f"function:{CONSUMER}")
        self.delivery_stream_arn = self._arn("firehose", f"deliverystream/{DELIVERY_STREAM}")

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{partition()}:{service}:{self._region}:{self._account}:{resource}"
