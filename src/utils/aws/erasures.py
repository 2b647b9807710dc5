"""What an erasure leaves behind: how many rows it deleted, by the minute in which they came; never whose.

Without it an account of the past would miss the rows.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

PREFIX = "erasures/"


def write_erasure(s3: Any, bucket: str, table: str, rows_by_minute: Mapping[int, int], now: datetime) -> str:
    """Keep an erasure's account; its key.

    Args:
        rows_by_minute: seconds since 1970 -> rows that came in that minute.
    """
    key = f"{PREFIX}{now:%Y-%m-%dT%H-%M-%S}-{uuid.uuid4()}.json"
    rows = [[minute, count] for minute, count in sorted(rows_by_minute.items())]
    body = json.dumps({"erasedAt": now.isoformat(), "table": table, "rows": rows})
    s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType="application/json")
    return key


def erased_rows(s3: Any, bucket: str, table: str, start: datetime, end: datetime) -> int:
    """Rows of a range that erasures have deleted since."""
    first, until = start.timestamp(), end.timestamp()
    total = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX):
        for item in page.get("Contents", ()):
            document = json.loads(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
            if document["table"] == table:
                total += sum(count for minute, count in document["rows"] if first <= minute < until)
    return total
