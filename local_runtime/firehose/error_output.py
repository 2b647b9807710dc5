"""Failed records as Firehose keeps them: one JSON object a line under the error prefix.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination.html
"""

from __future__ import annotations

import gzip
import uuid
from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from local_runtime.firehose.config import ErrorOutput
from local_runtime.firehose.prefixes import expand_prefix
from local_runtime.firehose.records import Failure


class ObjectWriter(Protocol):
    def put(self, bucket: str, key: str, data: bytes) -> None: ...


def write_failures(
    objects: ObjectWriter,
    output: ErrorOutput,
    delivery_stream: str,
    batch_id: uuid.UUID,
    failures: Sequence[Failure],
    now: float,
) -> list[str]:
    """Write one object for each kind of failure; return their keys.

    The keys depend on the batch alone, so that a batch delivered again after a crash writes over its own
    objects and no failure is kept twice.
    """
    kinds: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        kinds[failure.error_output_type].append(failure)
    keys = []
    for kind, members in kinds.items():
        key = _key(output, delivery_stream, batch_id, kind, members)
        body = b"".join(orjson.dumps(_envelope(failure, now)) + b"\n" for failure in members)
        objects.put(output.bucket, key, gzip.compress(body, mtime=0) if output.compressed else body)
        keys.append(key)
    return keys


def _key(
    output: ErrorOutput, delivery_stream: str, batch_id: uuid.UUID, kind: str, members: Sequence[Failure]
) -> str:
    object_id = uuid.uuid5(batch_id, kind)
    arrival = min(failure.source.arrival for failure in members)
    prefix = expand_prefix(output.prefix, arrival, error_output_type=kind, object_id=object_id)
    stamp = datetime.fromtimestamp(arrival, UTC).strftime("%Y-%m-%d-%H-%M-%S")
    return f"{prefix}{delivery_stream}-1-{stamp}-{object_id}" + (".gz" if output.compressed else "")


def _envelope(failure: Failure, now: float) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "attemptsMade": failure.attempts,
        "arrivalTimestamp": int(failure.source.arrival * 1000),
        "errorCode": failure.code,
        "errorMessage": failure.message,
        "attemptEndingTimestamp": int(now * 1000),
        "rawData": b64encode(failure.raw).decode("ascii"),
    }
    if failure.lambda_arn is not None:
        envelope["lambdaArn"] = failure.lambda_arn
    return envelope
