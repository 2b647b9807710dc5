"""The Data Firehose API: records put directly, and the delivery streams described.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError

Request = dict[str, Any]
Response = dict[str, Any]

DIRECT_PUT = "DirectPut"


class DirectPut(Protocol):
    """Where the records of one delivery stream go; what is accepted is durable when `put` returns."""

    def put(self, records: Sequence[bytes]) -> list[str]:
        """The record ids, in order.

        Raises:
            AwsError: InvalidArgumentException, beyond Firehose's limits.
        """
        ...


class FirehoseService:
    """A `Service`.

    Args:
        direct_puts: the delivery streams that producers put to, by name.
    """

    def __init__(self, assembly: Assembly, direct_puts: Mapping[str, DirectPut]) -> None:
        self._direct_puts = direct_puts
        self._streams = {
            item.physical_id: item for item in assembly.of_type("AWS::KinesisFirehose::DeliveryStream")
        }
        self._account = assembly.account
        self._actions: dict[str, Callable[[Request], Response]] = {
            "PutRecord": self._put_record,
            "PutRecordBatch": self._put_record_batch,
            "DescribeDeliveryStream": self._describe,
            "ListDeliveryStreams": self._list,
        }

    def __call__(self, action: str, request: Request) -> Response:
        answer = self._actions.get(action)
        if answer is None:
            known = ", ".join(sorted(self._actions))
            raise AwsError(
                "UnknownOperationException", f"Firehose {action} is not run here; these are: {known}"
            )
        return answer(request)

    def _put_record(self, request: Request) -> Response:
        target = self._target(request)
        record_ids = target.put([_data(request.get("Record"), "record")])
        return {"RecordId": record_ids[0], "Encrypted": False}

    def _put_record_batch(self, request: Request) -> Response:
        target = self._target(request)
        given = request.get("Records")
        if not isinstance(given, list):
            raise _validation("records", "Member must not be null")
        records = [_data(item, f"records.{place}.member") for place, item in enumerate(given, 1)]
        record_ids = target.put(records)
        return {
            "FailedPutCount": 0,
            "Encrypted": False,
            "RequestResponses": [{"RecordId": record_id} for record_id in record_ids],
        }

    def _target(self, request: Request) -> DirectPut:
        stream = self._stream(request)
        target = self._direct_puts.get(stream.physical_id)
        if target is None:
            raise AwsError(
                "InvalidArgumentException",
                f"This operation is not permitted on {_kind(stream)} delivery stream type: put the records "
                f"of {stream.physical_id} to its source stream.",
            )
        return target

    def _stream(self, request: Request) -> Resource:
        name = request.get("DeliveryStreamName")
        stream = self._streams.get(str(name))
        if stream is None:
            message = f"Firehose {name} under account {self._account} not found."
            raise AwsError("ResourceNotFoundException", message)
        return stream

    def _describe(self, request: Request) -> Response:
        return {"DeliveryStreamDescription": _description(self._stream(request))}

    def _list(self, request: Request) -> Response:
        after = request.get("ExclusiveStartDeliveryStreamName", "")
        if not isinstance(after, str):
            message = f"ExclusiveStartDeliveryStreamName must be a string (got {after!r})"
            raise AwsError("SerializationException", message)
        kind = request.get("DeliveryStreamType")
        names = [
            name
            for name, stream in sorted(self._streams.items())
            if name > after and kind in (None, _kind(stream))
        ]
        limit = request.get("Limit", 10)
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= 10_000:
            raise _validation("limit", f"Member must be from 1 to 10000 (got {limit!r})")
        return {"DeliveryStreamNames": names[:limit], "HasMoreDeliveryStreams": len(names) > limit}


def _kind(stream: Resource) -> str:
    return str(stream.properties.get("DeliveryStreamType", DIRECT_PUT))


def _description(stream: Resource) -> dict[str, Any]:
    given = stream.properties
    description: dict[str, Any] = {
        "DeliveryStreamName": stream.physical_id,
        "DeliveryStreamARN": stream.arn,
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamType": _kind(stream),
        "VersionId": "1",
        "Destinations": [_destination(given)],
        "HasMoreDestinations": False,
    }
    source: Mapping[str, Any] | None = given.get("KinesisStreamSourceConfiguration")
    if source is not None:
        description["Source"] = {
            "KinesisStreamSourceDescription": {
                "KinesisStreamARN": source["KinesisStreamARN"],
                "RoleARN": source["RoleARN"],
            }
        }
    return description


def _destination(given: Mapping[str, Any]) -> dict[str, Any]:
    """The template's configuration under the name that it has in a description."""
    destination: dict[str, Any] = {"DestinationId": "destinationId-000000000001"}
    for name, configuration in given.items():
        if name.endswith("DestinationConfiguration"):
            described = name.removesuffix("Configuration") + "Description"
            destination[described] = _api_names(configuration)
    return destination


_API_NAMES = {"S3Configuration": "S3DestinationDescription"}


def _api_names(value: Any) -> Any:
    """CloudFormation and the API write the same names, but for these."""
    if isinstance(value, Mapping):
        return {_API_NAMES.get(name, name): _api_names(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_api_names(item) for item in value]
    return value


def _data(record: Any, where: str) -> bytes:
    text = record.get("Data") if isinstance(record, Mapping) else None
    if not isinstance(text, str):
        raise _validation(f"{where}.data", "Member must not be null")
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AwsError("SerializationException", f"{where}.data is not base64") from None


def _validation(where: str, detail: str) -> AwsError:
    message = f"1 validation error detected: Value at '{where}' failed to satisfy constraint: {detail}"
    return AwsError("ValidationException", message)
