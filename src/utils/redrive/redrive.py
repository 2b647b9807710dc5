"""Dead letters are items that the consumer could not write; an object of them goes when all are in the table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class Tally:
    objects: int = 0
    written: int = 0
    already_there: int = 0
    refused: int = 0
    """Items that DynamoDB says are wrong: they stay in their objects."""


@dataclass(frozen=True)
class Redrive:
    """`s3` and `dynamodb` are clients."""

    s3: Any
    bucket: str
    prefix: str
    dynamodb: Any
    table: str

    def keys(self) -> Iterator[str]:
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix):
            yield from (item["Key"] for item in page.get("Contents", ()))

    def run(self, tally: Tally) -> None:
        """Each item once: one that came in the meantime stays as it is. It may be ended and run again."""
        for key in self.keys():
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            refused = [item for item in _items(body) if not self._put(item, tally)]
            tally.objects += 1
            tally.refused += len(refused)
            if not refused:
                self.s3.delete_object(Bucket=self.bucket, Key=key)

    def _put(self, item: Any, tally: Tally) -> bool:
        errors = self.dynamodb.exceptions
        try:
            self.dynamodb.put_item(
                TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(requestid)"
            )
        except errors.ConditionalCheckFailedException:
            tally.already_there += 1
        except errors.ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise
            return False
        else:
            tally.written += 1
        return True


def _items(body: bytes) -> Iterator[Any]:
    return (json.loads(line)["item"] for line in body.splitlines())
