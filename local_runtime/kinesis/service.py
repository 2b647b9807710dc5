"""The Kinesis API over the stream store, for the gateway's integrations and for AWS clients alike.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.kinesis import descriptions
from local_runtime.kinesis.limits import Admission, ShardLimits
from local_runtime.kinesis.model import Stream
from local_runtime.kinesis.puts import put_record, put_records
from local_runtime.kinesis.reads import get_records, get_shard_iterator
from local_runtime.kinesis.store import StreamStore
from local_runtime.kinesis.validation import stream_name

Request = dict[str, Any]
Response = dict[str, Any]


class KinesisService:
    """A `Service`: what producers and consumers call; streams themselves come from the templates."""

    def __init__(
        self,
        store: StreamStore,
        *,
        account: str = "123456789012",
        fault: Admission | None = None,
        enforce_limits: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._account = account
        self._clock = clock
        self._admissions = (
            *(() if fault is None else (fault,)),
            *((ShardLimits(account),) if enforce_limits else ()),
        )
        self._actions: dict[str, Callable[[Request], Response]] = {
            "PutRecord": lambda request: put_record(store, self._stream(request), request, self._admissions),
            "PutRecords": lambda request: put_records(
                store, self._stream(request), request, self._admissions
            ),
            "GetShardIterator": lambda request: get_shard_iterator(
                store, self._stream(request), request, self._clock()
            ),
            "GetRecords": lambda request: get_records(store, request, self._clock()),
            "ListStreams": lambda request: descriptions.list_streams(store.streams(), request),
            "DescribeStream": lambda request: descriptions.describe_stream(self._stream(request), request),
            "DescribeStreamSummary": lambda request: descriptions.describe_stream_summary(
                self._stream(request)
            ),
            "ListShards": self._list_shards,
            "ListStreamConsumers": lambda request: {"Consumers": []} if self._stream(request) else {},
            "ListTagsForStream": lambda request: descriptions.list_tags(self._stream(request)),
            "DescribeLimits": lambda request: descriptions.describe_limits(store.streams()),
        }

    def __call__(self, action: str, request: Request) -> Response:
        answer = self._actions.get(action)
        if answer is None:
            known = ", ".join(sorted(self._actions))
            raise AwsError(
                "UnknownOperationException", f"Kinesis {action} is not run here; these are: {known}"
            )
        return answer(request)

    def _stream(self, request: Request) -> Stream:
        return self._find(stream_name(request))

    def _find(self, name: str) -> Stream:
        stream = self._store.stream(name)
        if stream is None:
            raise AwsError(
                "ResourceNotFoundException", f"Stream {name} under account {self._account} not found."
            )
        return stream

    def _list_shards(self, request: Request) -> Response:
        from_token = descriptions.list_shards_stream(request)
        return descriptions.list_shards(
            self._stream(request) if from_token is None else self._find(from_token), request
        )
