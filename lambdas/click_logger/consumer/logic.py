"""Reads the records of a delivery as clicks, and says what Firehose is told of each.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
"""

import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lambdas.click_logger.click import ClickSchema, is_text
from lambdas.common.firehose import IncomingRecord, Reply

KEY = ("requestid", "contextid")
EXPIRY = "expiresat"
"""The attribute by which DynamoDB's time to live deletes items: seconds since 1970."""
LONGEST_ADDED = 64
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)

Click = Mapping[str, str]
Item = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Batch:
    """Each record's click, in the records' order; None for a record that holds none."""

    records: Sequence[IncomingRecord]
    clicks: Sequence[Click | None]

    @property
    def replies(self) -> list[Reply]:
        """Clicks go on as they came; Firehose puts the others under the error prefix, each alone."""
        return [
            {
                "recordId": record["recordId"],
                "result": "ProcessingFailed" if click is None else "Ok",
                "data": record["data"],
            }
            for record, click in zip(self.records, self.clicks, strict=True)
        ]

    @property
    def distinct(self) -> list[Click]:
        """One click a key, the last: a request to DynamoDB may not name an item twice."""
        return list({key_of(click): click for click in self.clicks if click is not None}.values())


def read_batch(records: Sequence[IncomingRecord], schema: ClickSchema) -> Batch:
    return Batch(records, [read_click(record["data"], schema) for record in records])


def read_click(data: str, schema: ClickSchema) -> Click | None:
    """The fields of the schema, if they are all there and neither DynamoDB nor Parquet would refuse them."""
    try:
        document = json.loads(binascii.a2b_base64(data, strict_mode=True))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    limits = {**schema.sent, **dict.fromkeys(schema.added, LONGEST_ADDED)}
    if not all(is_text(document.get(name), longest) for name, longest in limits.items()):
        return None
    if not _is_moment(document["createdtime"]):
        return None
    return {name: document[name] for name in limits}


def _is_moment(text: str) -> bool:
    if not _UTC.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def key_of(click: Click) -> tuple[str, ...]:
    return tuple(click[name] for name in KEY)


def item_of(click: Click, expire_after_days: int | None) -> Item:
    """The click as DynamoDB stores it: the same for every delivery of it."""
    item = {name: {"S": value} for name, value in click.items()}
    if expire_after_days is not None:
        created = datetime.fromisoformat(click["createdtime"])
        item[EXPIRY] = {"N": str(int(created.timestamp()) + expire_after_days * 86_400)}
    return item


def json_lines(documents: Iterable[Any]) -> bytes:
    return "".join(f"{json.dumps(document)}\n" for document in documents).encode()
