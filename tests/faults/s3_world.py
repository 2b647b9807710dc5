"""Direct PUT to a bucket over one state directory, with a fault at every joint."""

from __future__ import annotations

import binascii
import io
import json
import sqlite3
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow.parquet as pq

from local_runtime.assembly import Assembly, Resource
from local_runtime.deliveries import Buckets
from local_runtime.errors import AwsError
from local_runtime.firehose.buffer import covers
from local_runtime.firehose.config import Buffering, DeliveryStreamSettings, S3Output
from local_runtime.firehose.direct_put import RETENTION_SECONDS, SHARD_ID, DirectPut, DirectPutStore
from local_runtime.firehose.format_conversion import Converter
from local_runtime.firehose.ledger import Ledger
from local_runtime.firehose.s3 import S3Destination
from local_runtime.firehose.transform import Transformer
from local_runtime.lakehouse.durable_file import discard_unfinished
from local_runtime.lakehouse.object_store import ObjectStore
from local_runtime.services.firehose import FirehoseService
from tests.faults.events import serial_of
from tests.faults.function import FaultyFunction, Records
from tests.faults.machine import Machine, SteppedDelivery
from tests.faults.producer import Producer
from tests.faults.stream import FaultyService
from tests.faults.world import BUFFER_BYTES, CHUNK_BYTES, INTERVAL_SECONDS, KEYS, PARALLEL

NAME, BUCKET, DATA, ERRORS = "events", "lake", "raw/", "error/"
COLUMNS = ("user_id", "session_id", "hostname", "uri", "event_id")
REFUSED = ("cut off", "field missing", "no object")
"""The poisons that the processor refuses."""
_REGION, _ACCOUNT = "us-east-1", "123456789012"


@dataclass(frozen=True)
class S3Profile:
    """What kind of delivery stream a schedule runs."""

    parquet: bool
    """Records are converted by a Glue table; else they are lines of JSON."""
    processor: bool
    """A Lambda function looks at them first."""
    delimiter: bool
    """Firehose ends the lines; else the producer does."""


class Answer(NamedTuple):
    status: int
    body: bytes


class Accepted(NamedTuple):
    """A record that the delivery stream took, acknowledged or not."""

    serial: int
    data: bytes
    arrival: float


class WatchedDirectPut(DirectPut):
    """Notes what is in the store when `put` returns: the delivery removes it later."""

    def __init__(self, store: DirectPutStore, world: S3World) -> None:
        super().__init__(store, NAME, world.clock.wall)
        self._world = world

    def put(self, records: Sequence[bytes]) -> list[str]:
        ids = super().put(records)
        arrival = self._world.clock.wall()
        self._world.accepted += [Accepted(serial_of(data), data, arrival) for data in records]
        return ids


def processed(event: dict[str, Any]) -> Records:
    """A processor that refuses what is no whole event and marks the others."""
    return [_verdict(record) for record in event["records"]]


def _verdict(record: dict[str, Any]) -> dict[str, Any]:
    data = binascii.a2b_base64(record["data"])
    try:
        document = orjson.loads(data)
        marked = orjson.dumps({**document, "processed": document["user_id"]}) + data[len(data.rstrip()) :]
    except (ValueError, TypeError, KeyError):
        return {"recordId": record["recordId"], "result": "ProcessingFailed", "data": record["data"]}
    return {"recordId": record["recordId"], "result": "Ok", "data": b64encode(marked).decode()}


class S3World(Machine):
    """One state directory, the process that lives on it, and the producer outside."""

    def __init__(self, profile: S3Profile, state: Path) -> None:
        super().__init__(state)
        self.profile = profile
        self.accepted: list[Accepted] = []
        self.expired: Counter[int] = Counter()
        """Serial -> how many of its copies were given up."""
        self._assembly = _assembly(profile)
        (resource,) = self._assembly.of_type("AWS::KinesisFirehose::DeliveryStream")
        given = DeliveryStreamSettings.from_resource(resource)
        self.settings = replace(given, buffering=Buffering(BUFFER_BYTES, INTERVAL_SECONDS))
        if given.transform is not None:
            transform = replace(given.transform, buffering=Buffering(CHUNK_BYTES, 1))
            self.settings = replace(self.settings, transform=transform)
        self.function = FaultyFunction(processed)
        self.producer = Producer(self._call, KEYS, ordered=True)
        self._published: dict[str, bytes] = {}
        self._boot()

    def _boot(self) -> None:
        self.objects = ObjectStore(self._state / "s3")
        discard_unfinished(self.objects.temporaries)
        self.objects.create_bucket(BUCKET)
        self._store = DirectPutStore(self._state / "direct-put.db")
        self.direct = WatchedDirectPut(self._store, self)
        service = FirehoseService(self._assembly, {NAME: self.direct})
        self._service = FaultyService(service, self.stream_faults)
        self.ledger = Ledger(self._state / "firehose.db")
        self.delivery = self._delivery()

    def _delivery(self) -> SteppedDelivery:
        settings, output = self.settings, self.settings.destination
        assert isinstance(output, S3Output)
        converter = None
        if output.conversion is not None:
            converter = Converter.from_assembly(output.conversion, self._assembly)
        buckets = Buckets(lambda: self)  # a lakehouse has `objects`, and so has a world
        destination = S3Destination(output, buckets, NAME, converter)
        return SteppedDelivery(
            settings,
            source=self.direct,
            transformer=settings.transform
            and Transformer(settings, settings.transform, self.function, _REGION),
            destination=lambda: destination,
            objects=buckets,
            ledger=self.ledger,
            parallel=PARALLEL,
            clock=self.clock.wall,
            steady_clock=self.clock.steady,
            crash_point=self._crash_point,
        )

    def _call(self, path: str, body: Any) -> Answer:
        """What the producer means as a call of Kinesis, put to Firehose."""
        given = [body["Data"]] if path == "record" else [item["data"] for item in body["records"]]
        texts = [item if isinstance(item, str) else json.dumps(item) for item in given]
        end = "" if self.profile.delimiter else "\n"
        data = [{"Data": b64encode((text.rstrip("\n") + end).encode()).decode()} for text in texts]
        try:
            if path == "record":
                request = {"DeliveryStreamName": NAME, "Record": data[0]}
                ids = [self._service("PutRecord", request)["RecordId"]]
            else:
                request = {"DeliveryStreamName": NAME, "Records": data}
                answer = self._service("PutRecordBatch", request)
                assert answer["FailedPutCount"] == 0
                ids = [item["RecordId"] for item in answer["RequestResponses"]]
        except (AwsError, sqlite3.Error):
            return Answer(500, b"{}")
        places = [dict(zip(("ShardId", "SequenceNumber"), item.split(":"), strict=True)) for item in ids]
        document = places[0] if path == "record" else {"FailedRecordCount": 0, "Records": places}
        return Answer(200, orjson.dumps(document))

    def advance(self) -> None:
        """One step; whatever it does, no delivered object changes or goes away."""
        super().advance()
        found = {key: self.objects.get(BUCKET, key) for key in self.objects.list(BUCKET, DATA)}
        for key, body in self._published.items():
            assert found.get(key) == body, f"{key} was delivered and has changed"
        self._published = found

    def expire(self) -> None:
        """What the run does once a minute."""
        horizon = self.clock.wall() - RETENTION_SECONDS
        after = self.delivery.positions().get(SHARD_ID)
        waiting = self.direct.read(SHARD_ID, after, 10**6, 10**9)
        given_up = waiting[: self.delivery.expire()]
        assert all(record.arrival < horizon for record in given_up)
        self.expired.update(serial_of(record.data) for record in given_up)

    def close(self) -> None:
        self.ledger.close()
        self._store.close()

    @property
    def is_delivered(self) -> bool:
        return covers(self.delivery.positions(), self.direct.latest())

    def stored(self) -> list[bytes | dict[str, Any]]:
        """The lines or the rows of all delivered objects, in the order of their keys."""
        bodies = [self.objects.get(BUCKET, key) for key in self.objects.list(BUCKET, DATA)]
        if self.profile.parquet:
            return [row for body in bodies for row in pq.read_table(io.BytesIO(body)).to_pylist()]
        assert all(body.endswith(b"\n") for body in bodies), "an object is not whole"
        return [line for body in bodies for line in body.splitlines()]


def _assembly(profile: S3Profile) -> Assembly:
    processors: list[dict[str, Any]] = []
    if profile.processor:
        processors.append(_processor("Lambda", LambdaArn=f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:f"))
    if profile.delimiter:
        processors.append(_processor("AppendDelimiterToRecord", Delimiter="\\n"))
    conversion = {
        "Enabled": profile.parquet,
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
        "SchemaConfiguration": {"DatabaseName": "db", "TableName": "t"},
    }
    destination = {
        "BucketARN": f"arn:aws:s3:::{BUCKET}",
        "Prefix": DATA + "!{timestamp:yyyy/MM/dd/HH}/",
        "ErrorOutputPrefix": ERRORS + "!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "ProcessingConfiguration": {"Enabled": bool(processors), "Processors": processors},
        **({"DataFormatConversionConfiguration": conversion} if profile.parquet else {}),
    }
    columns = [{"Name": name, "Type": "string"} for name in COLUMNS]
    table = {
        "DatabaseName": "db",
        "TableInput": {"Name": "t", "StorageDescriptor": {"Columns": columns}},
    }
    stream_type = "AWS::KinesisFirehose::DeliveryStream"
    properties = {"ExtendedS3DestinationConfiguration": destination}
    resources = (
        Resource("S", "D", stream_type, properties, NAME, {"Arn": f"arn:aws:firehose:::{NAME}"}),
        Resource("S", "T", "AWS::Glue::Table", table, "t", {}),
    )
    return Assembly(Path(), "aws", _REGION, _ACCOUNT, resources, {}, {})


def _processor(kind: str, **parameters: str) -> dict[str, Any]:
    given = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Type": kind, "Parameters": given}
