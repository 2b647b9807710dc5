"""PutRecord and PutRecords.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.kinesis.limits import Admission, Rejection
from local_runtime.kinesis.model import HASH_KEYS, Shard, Stream
from local_runtime.kinesis.store import StreamStore
from local_runtime.kinesis.validation import Violations, blob, invalid_argument, serialization_error, utf8

MAX_RECORDS = 500
MAX_REQUEST_BYTES = 10 * 1024 * 1024
MAX_PARTITION_KEY = 256
_HASH_KEY = re.compile(r"0|[1-9]\d{0,38}", re.ASCII)

Entry = tuple[Shard, str, bytes]
Sized = tuple[Entry, int]
"""An entry with the bytes that it counts for: its data and the UTF-8 of its partition key."""


def put_record(
    store: StreamStore, stream: Stream, request: dict[str, Any], admissions: Sequence[Admission]
) -> dict[str, Any]:
    violations = Violations()
    found = _entry(stream, request, "", violations)
    violations.check()
    assert found is not None
    rejection = _rejection(stream, found, admissions)
    if rejection is not None:
        raise AwsError(rejection.code, rejection.message, 500 if rejection.code == "InternalFailure" else 400)
    entry = found[0]
    [number] = _append(store, stream, [entry])
    return {
        "ShardId": entry[0].shard_id,
        "SequenceNumber": number,
        "EncryptionType": stream.definition.encryption,
    }


def put_records(
    store: StreamStore, stream: Stream, request: dict[str, Any], admissions: Sequence[Admission]
) -> dict[str, Any]:
    sized = _entries(stream, _record_list(request.get("Records")))
    rejections = [_rejection(stream, found, admissions) for found in sized]
    admitted = [entry for (entry, _), rejection in zip(sized, rejections, strict=True) if rejection is None]
    numbers = iter(_append(store, stream, admitted) if admitted else ())
    return {
        "FailedRecordCount": len(sized) - len(admitted),
        "Records": [
            {"SequenceNumber": next(numbers), "ShardId": entry[0].shard_id}
            if rejection is None
            else {"ErrorCode": rejection.code, "ErrorMessage": rejection.message}
            for (entry, _), rejection in zip(sized, rejections, strict=True)
        ],
        "EncryptionType": stream.definition.encryption,
    }


def _record_list(records: object) -> list[object]:
    if records is not None and not isinstance(records, list):
        raise serialization_error("Records", "a list", records)
    violations = Violations()
    if records is None:
        violations.add("records", None, "Member must not be null")
    elif not records:
        violations.add("records", "[]", "Member must have length greater than or equal to 1")
    elif len(records) > MAX_RECORDS:
        shown = f"[{len(records)} records]"
        violations.add("records", shown, f"Member must have length less than or equal to {MAX_RECORDS}")
    violations.check()
    assert records is not None
    return records


def _entries(stream: Stream, records: list[object]) -> list[Sized]:
    violations = Violations()
    found = [
        _entry(stream, item, f"records.{place}.member.", violations) for place, item in enumerate(records, 1)
    ]
    violations.check()
    entries = [entry for entry in found if entry is not None]
    total = sum(size for _, size in entries)
    if total > MAX_REQUEST_BYTES:
        raise invalid_argument(
            f"Records size of {total} bytes exceeds the limit of {MAX_REQUEST_BYTES} bytes."
        )
    return entries


def _entry(stream: Stream, item: object, where: str, violations: Violations) -> Sized | None:
    """One record's shard, key and data; None, its reason added to the violations, when it breaks a limit."""
    if not isinstance(item, dict):
        raise serialization_error(where.rstrip("."), "an object", item)
    key = item.get("PartitionKey")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_PARTITION_KEY:
        violations.text(f"{where}partitionKey", key, MAX_PARTITION_KEY)
        return None
    if item.get("Data") is None:
        violations.add(f"{where}data", None, "Member must not be null")
        return None
    data = blob(f"{where}data", item["Data"])
    key_bytes = utf8(f"{where}partitionKey", key)
    size = len(data) + len(key_bytes)
    most = stream.definition.max_record_kib * 1024
    if size > most:
        shown = f"[{size} bytes with the partition key]"
        violations.add(f"{where}data", shown, f"Member must have length less than or equal to {most}")
        return None
    explicit = item.get("ExplicitHashKey")
    shard = stream.shard_for(key_bytes) if explicit is None else _explicit_shard(stream, explicit, where)
    return (shard, key, data), size


def _explicit_shard(stream: Stream, hash_key: object, where: str) -> Shard:
    violations = Violations()
    value = violations.text(f"{where}explicitHashKey", hash_key, 39, _HASH_KEY)
    violations.check()
    if int(value) >= HASH_KEYS:
        raise invalid_argument(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {value}"
        )
    return stream.shard_for_hash_key(int(value))


def _rejection(stream: Stream, found: Sized, admissions: Sequence[Admission]) -> Rejection | None:
    (shard, _, _), size = found
    for admit in admissions:
        rejection = admit(stream.name, shard.shard_id, size)
        if rejection is not None:
            return rejection
    return None


def _append(store: StreamStore, stream: Stream, entries: Sequence[Entry]) -> list[str]:
    try:
        return store.append(stream.name, entries)
    except sqlite3.Error as error:
        raise AwsError("InternalFailure", f"The records could not be stored: {error}", 500) from error
