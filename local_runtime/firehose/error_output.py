"""Failed records as Firehose keeps them: one JSON object a line under the error prefix.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination.html
https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-error-handling.html
"""

from __future__ import annotations

import gzip
import uuid
from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from local_runtime.firehose.config import ErrorOutput
from local_runtime.firehose.ledger import ErrorObject
from local_runtime.firehose.prefixes import expand_prefix
from local_runtime.firehose.records import FORMAT_CONVERSION_FAILED, Failure


def error_objects(
    output: ErrorOutput,
    delivery_stream: str,
    batch_id: uuid.UUID,
    failures: Sequence[Failure],
    now: float,
) -> list[ErrorObject]:
    """One object for each kind of failure; its key depends on the batch alone."""
    kinds: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        kinds[failure.error_output_type].append(failure)
    objects = []
    for kind, members in kinds.items():
        body = b"".join(orjson.dumps(_envelope(failure, now)) + b"\n" for failure in members)
        key = _key(output, delivery_stream, batch_id, kind, members)
        objects.append(
            ErrorObject(output.bucket, key, gzip.compress(body, mtime=0) if output.compressed else body)
        )
    return objects


def _key(
    output: ErrorOutput, delivery_stream: str, batch_id: uuid.UUID, kind: str, members: Sequence[Failure]
) -> str:
    object_id = uuid.uuid5(batch_id, kind)
    moment = datetime.fromtimestamp(min(failure.source.arrival for failure in members), output.zone)
    prefix = expand_prefix(output.prefix, moment, error_output_type=kind, object_id=object_id)
    return f"{prefix}{object_name(delivery_stream, moment, object_id)}" + (".gz" if output.compressed else "")


def object_name(delivery_stream: str, moment: datetime, object_id: uuid.UUID) -> str:
    """https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html"""
    return f"{delivery_stream}-1-{moment:%Y-%m-%d-%H-%M-%S}-{object_id}"


def _envelope(failure: Failure, now: float) -> dict[str, Any]:
    # The page on format conversion has other names than the pages on the other kinds.
    last = failure.error_output_type == FORMAT_CONVERSION_FAILED
    return {
        "attemptsMade": failure.attempts,
        "arrivalTimestamp": int(failure.source.arrival * 1000),
        "lastErrorCode" if last else "errorCode": failure.code,
        "lastErrorMessage" if last else "errorMessage": failure.message,
        "attemptEndingTimestamp": int(now * 1000),
        "rawData": b64encode(failure.raw).decode("ascii"),
        **failure.extra,
    }
