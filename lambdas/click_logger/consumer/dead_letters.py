"""Items that DynamoDB did not take, kept as one object of JSON lines for an invocation.

`src/utils/redrive_clicks.py` puts them into the table and deletes the object.
"""

from collections.abc import Sequence
from typing import Any

from lambdas.click_logger.consumer.click_table import Unwritten
from lambdas.click_logger.consumer.logic import json_lines


class DeadLetters:
    """`client` is S3's; the prefix ends with a slash."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def keep(self, unwritten: Sequence[Unwritten], invocation_id: str) -> str:
        """The key. When Firehose calls again with the batch, the object of that call replaces this one."""
        key = f"{self._prefix}{invocation_id}.json"
        lines = ({"reason": lost.reason, "item": lost.item} for lost in unwritten)
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=json_lines(lines), ContentType="application/json"
        )
        return key
