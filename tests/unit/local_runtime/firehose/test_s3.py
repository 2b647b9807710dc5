"""The S3 destination: objects named by their batch, as text, gzip or Parquet by a Glue table's columns."""

from __future__ import annotations

import gzip
import io
import json
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest

from local_runtime.assembly import Assembly, Resource
from local_runtime.errors import LocalRuntimeError
from local_runtime.firehose.config import DeliveryStreamSettings, FormatConversion, S3Output
from local_runtime.firehose.error_output import error_objects
from local_runtime.firehose.format_conversion import Converter
from local_runtime.firehose.hive_types import arrow_type
from local_runtime.firehose.ledger import Batch
from local_runtime.firehose.records import Failure, Row, SourceRecord
from local_runtime.firehose.s3 import S3Destination, S3Object

ARRIVAL = 1_700_000_000.0
COLUMNS = [
    ("id", "string"),
    ("userId", "string"),
    ("amount", "decimal(9,2)"),
    ("count", "int"),
    ("ok", "boolean"),
    ("day", "date"),
    ("timestamp", "timestamp"),
    ("item", "struct<name:string,tags:array<string>>"),
    ("extra", "map<string,bigint>"),
]


class Objects(dict[str, bytes]):
    def put(self, bucket: str, key: str, data: bytes) -> None:
        self[f"{bucket}/{key}"] = data

    def exists(self, bucket: str, key: str) -> bool:
        return f"{bucket}/{key}" in self


def rows(*documents: bytes) -> list[Row]:
    return [
        Row(SourceRecord("direct-put", f"{index:020d}", "", data, ARRIVAL + index), data, "", "", "insert")
        for index, data in enumerate(documents)
    ]


def deliver(target: S3Destination, parts: Sequence[Sequence[Row]]) -> tuple[S3Object, list[Failure]]:
    prepared = [target.prepare(part) for part in parts]
    sealed = target.seal(uuid.UUID(int=7), prepared)
    batch = Batch(uuid.UUID(int=7), {}, {}, {}, sealed.targets)
    target.commit(batch, sealed)
    assert all(target.has(batch, name) for name in batch.targets)
    return sealed, [failure for part in prepared for failure in part.failures]


def output(**changes: Any) -> S3Output:
    given: dict[str, Any] = {
        "bucket": "logs",
        "prefix": "raw/",
        "compression": "UNCOMPRESSED",
        "file_extension": "",
        "delimiter": b"",
        "conversion": None,
    }
    return S3Output(**{**given, **changes})


def test_records_are_concatenated_as_given_under_the_hour() -> None:
    objects = Objects()
    deliver(S3Destination(output(), objects, "stream"), [rows(b'{"a":1}\n', b"text"), rows(b"more")])
    ((key, body),) = objects.items()
    assert key.startswith("logs/raw/2023/11/14/22/stream-1-2023-11-14-22-13-20-")
    assert body == b'{"a":1}\ntextmore'


def test_delimiter_extension_and_gzip() -> None:
    objects = Objects()
    settings = output(
        delimiter=b"\n", compression="GZIP", file_extension=".gz", prefix="y=!{timestamp:yyyy}/"
    )
    deliver(S3Destination(settings, objects, "stream"), [rows(b"one", b"two")])
    ((key, body),) = objects.items()
    assert key.startswith("logs/y=2023/stream-1-")
    assert key.endswith(".gz")
    assert gzip.decompress(body) == b"one\ntwo\n"


def test_second_delivery_of_a_batch_writes_the_same_object() -> None:
    objects = Objects()
    target = S3Destination(output(compression="GZIP"), objects, "stream")
    first, _ = deliver(target, [rows(b"one")])
    second, _ = deliver(target, [rows(b"one")])
    assert first == second
    assert len(objects) == 1
    assert target.load(target.dump(first)) == first


def test_batch_without_rows_puts_nothing() -> None:
    objects = Objects()
    sealed, _ = deliver(S3Destination(output(), objects, "stream"), [rows()])
    assert (sealed.targets, objects) == ([], {})


def test_custom_time_zone_is_that_of_the_prefix_and_of_the_name() -> None:
    settings = settings_of(
        CustomTimeZone="Asia/Tokyo",
        Prefix="raw/",
        ErrorOutputPrefix="errors/",
        DataFormatConversionConfiguration={"Enabled": False},
    )
    assert isinstance(settings.destination, S3Output)
    objects = Objects()
    deliver(S3Destination(settings.destination, objects, "stream"), [rows(b"one")])
    ((key, _),) = objects.items()
    assert key.startswith("logs/raw/2023/11/15/07/stream-1-2023-11-15-07-13-20-")
    failure = Failure(rows(b"x")[0].source, "processing-failed", "code", "message", b"x")
    (item,) = error_objects(settings.error_output, "stream", uuid.UUID(int=7), [failure], ARRIVAL)
    assert item.key.startswith("errors/2023/11/15/07/stream-1-2023-11-15-07-13-20-")


def test_errors_without_a_prefix_of_their_own_lie_apart_from_the_data() -> None:
    settings = settings_of(Prefix="raw/", ErrorOutputPrefix="")
    failure = Failure(rows(b"x")[0].source, "processing-failed", "code", "message", b"x")
    (item,) = error_objects(settings.error_output, "stream", uuid.UUID(int=7), [failure], ARRIVAL)
    assert item.key.startswith("raw/processing-failed/2023/11/14/22/stream-1-")


def test_error_output_type_is_refused_in_the_prefix_of_data() -> None:
    target = S3Destination(output(prefix="!{firehose:error-output-type}/"), Objects(), "stream")
    with pytest.raises(LocalRuntimeError, match="which only error prefixes may have"):
        deliver(target, [rows(b"one")])


# -- record-format conversion

CONVERSION = FormatConversion(
    "db", "t", "123456789012", "us-east-1", "role", "LATEST", True, {}, False, "SNAPPY"
)


def assembly(columns: Sequence[tuple[str, str]] = COLUMNS) -> Assembly:
    described = [{"Name": name, "Type": kind} for name, kind in columns]
    properties = {
        "DatabaseName": "db",
        "TableInput": {"Name": "t", "StorageDescriptor": {"Columns": described}},
    }
    table = Resource("Stack", "Table", "AWS::Glue::Table", properties, "t", {})

    class Tables:
        region = "us-east-1"

        def of_type(self, kind: str) -> list[Resource]:
            return [table] if kind == table.type else []

    return Tables()  # type: ignore[return-value]


def convert(
    *documents: bytes, settings: FormatConversion = CONVERSION
) -> tuple[list[dict[str, Any]], list[Failure]]:
    objects = Objects()
    converter = Converter.from_assembly(settings, assembly())
    _, failures = deliver(
        S3Destination(output(conversion=settings, file_extension=".parquet"), objects, "s", converter),
        [rows(*documents)],
    )
    if not objects:
        return [], failures
    ((key, body),) = objects.items()
    assert key.endswith(".parquet")
    file = pq.ParquetFile(io.BytesIO(body))
    assert file.metadata.row_group(0).column(0).compression == "SNAPPY"
    return file.read().to_pylist(), failures


def test_json_becomes_rows_by_the_glue_tables_columns() -> None:
    document = {
        "ID": "1",
        "USERID": 7,
        "amount": "1.50",
        "count": "3",
        "ok": "TRUE",
        "day": "2026-11-21",
        "timestamp": "2026-11-21T10:00:00.25Z",
        "item": {"Name": "x", "tags": ["a", None]},
        "extra": {"n": 1},
        "unknown": 1,
    }
    (row,), failures = convert(json.dumps(document).encode())
    assert failures == []
    assert row == {
        "id": "1",
        "userid": "7",
        "amount": Decimal("1.50"),
        "count": 3,
        "ok": True,
        "day": date(2026, 11, 21),
        "timestamp": datetime(2026, 11, 21, 10, 0, 0, 250_000),
        "item": {"name": "x", "tags": ["a", None]},
        "extra": [("n", 1)],
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2017-02-07T15:13:01Z", datetime(2017, 2, 7, 15, 13, 1)),
        ("2017-2-7 15:13:01.14", datetime(2017, 2, 7, 15, 13, 1, 140_000)),
        (1518033528, datetime(2018, 2, 7, 19, 58, 48)),
        (1518033528123, datetime(2018, 2, 7, 19, 58, 48, 123_000)),
        (1518033528.5, datetime(2018, 2, 7, 19, 58, 48, 500_000)),
    ],
)
def test_timestamps_of_the_openx_serde(value: Any, expected: datetime) -> None:
    (row,), _ = convert(json.dumps({"timestamp": value}).encode())
    assert row["timestamp"] == expected


def test_concatenated_objects_of_one_record_are_rows_of_their_own() -> None:
    found, failures = convert(b'{"id":"1"}{"id":"2"}\n {"id":"3"}')
    assert [row["id"] for row in found] == ["1", "2", "3"]
    assert failures == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"not json", "DataFormatConversion.ParseError"),
        (b"", "DataFormatConversion.ParseError"),
        (b'[{"id":"1"}]', "DataFormatConversion.ParseError"),
        (b'{"id":"1"}{', "DataFormatConversion.ParseError"),
        (b"\xff", "DataFormatConversion.ParseError"),
        (b'{"count":"many"}', "DataFormatConversion.MalformedData"),
        (b'{"count":1.5}', "DataFormatConversion.MalformedData"),
        (b'{"count":4294967296}', "DataFormatConversion.MalformedData"),
        (b'{"timestamp":"soon"}', "DataFormatConversion.MalformedData"),
        (b'{"item":"x"}', "DataFormatConversion.MalformedData"),
        (b'{"id":"1"}{"ok":3}', "DataFormatConversion.MalformedData"),
    ],
)
def test_record_that_does_not_fit_goes_to_format_conversion_failed(document: bytes, code: str) -> None:
    found, (failure,) = convert(b'{"id":"good"}', document)
    assert [row["id"] for row in found] == ["good"]
    assert (failure.error_output_type, failure.code, failure.raw) == (
        "format-conversion-failed",
        code,
        document,
    )


def test_error_envelope_of_format_conversion_names_the_glue_table() -> None:
    _, failures = convert(b"not json")
    resource = Resource(
        "S", "D", "AWS::KinesisFirehose::DeliveryStream", PROPERTIES, "stream", {"Arn": "arn"}
    )
    settings = DeliveryStreamSettings.from_resource(resource)
    (item,) = error_objects(settings.error_output, "stream", uuid.UUID(int=7), failures, ARRIVAL)
    assert item.key.startswith("errors/format-conversion-failed/2023/stream-1-")
    envelope = json.loads(item.body)
    assert envelope["lastErrorCode"] == "DataFormatConversion.ParseError"
    assert envelope["sequenceNumber"] == f"{0:020d}"
    assert envelope["dataCatalogTable"] == {
        "catalogId": "123456789012",
        "databaseName": "db",
        "tableName": "t",
        "region": "us-east-1",
        "versionId": "LATEST",
        "roleArn": "role",
    }


PROPERTIES: dict[str, Any] = {
    "DeliveryStreamType": "DirectPut",
    "ExtendedS3DestinationConfiguration": {
        "BucketARN": "arn:aws:s3:::logs",
        "Prefix": "clicklog/data=!{timestamp:yyyy-MM-dd}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/!{timestamp:yyyy}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "DataFormatConversionConfiguration": {
            "Enabled": True,
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "SNAPPY"}}},
            "SchemaConfiguration": {"DatabaseName": "db", "TableName": "t", "Region": "us-east-1"},
        },
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                {
                    "Type": "AppendDelimiterToRecord",
                    "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
                }
            ],
        },
    },
}


def settings_of(**changes: Any) -> DeliveryStreamSettings:
    s3 = {**PROPERTIES["ExtendedS3DestinationConfiguration"], **changes}
    properties = {**PROPERTIES, "ExtendedS3DestinationConfiguration": s3}
    resource = Resource(
        "S", "D", "AWS::KinesisFirehose::DeliveryStream", properties, "stream", {"Arn": "arn"}
    )
    return DeliveryStreamSettings.from_resource(resource)


def test_settings_of_an_s3_destination_are_read_from_the_template() -> None:
    settings = settings_of()
    assert settings.source_stream_arn is None
    assert isinstance(settings.destination, S3Output)
    assert settings.destination.file_extension == ".parquet"
    assert settings.destination.delimiter == b"\n"
    assert settings.buffering.size_bytes == 64 * 1024 * 1024


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"CompressionFormat": "Snappy"}, "CompressionFormat must be UNCOMPRESSED or GZIP"),
        ({"CompressionFormat": "GZIP"}, "CompressionFormat must be UNCOMPRESSED with DataFormatConversion"),
        ({"BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60}}, "must be at least 64"),
        ({"DynamicPartitioningConfiguration": {"Enabled": True}}, "the local run has no JQ"),
        ({"CustomTimeZone": "Mars/Olympus"}, "CustomTimeZone: there is no time zone 'Mars/Olympus'"),
        ({"CustomTimeZone": "../UTC"}, "CustomTimeZone: there is no time zone"),
        ({"Prefix": "x/!{timestamp:YYYY}/"}, "the timestamp pattern 'YYYY'"),
        ({"Prefix": "x/!{firehose:error-output-type}/"}, "which only error prefixes may have"),
        ({"Prefix": "/raw/"}, "no segment may be empty"),
        ({"ErrorOutputPrefix": "x//!{firehose:error-output-type}/"}, "no segment may be empty"),
        ({"ErrorOutputPrefix": ""}, "there must be an ErrorOutputPrefix where Prefix has expressions"),
        ({"ErrorOutputPrefix": "x/!{timestamp:yyyy}/"}, "must have !{firehose:error-output-type}"),
        (
            {"ErrorOutputPrefix": "!{firehose:error-output-type}/!{partitionKeyFromQuery:a}/"},
            "which the local run does not know",
        ),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "MetadataExtraction"}]}},
            "a processor is one of Lambda, AppendDelimiterToRecord, once",
        ),
    ],
)
def test_what_the_local_run_does_not_play_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(LocalRuntimeError, match=message):
        settings_of(**changes)


@pytest.mark.parametrize("text", ["varchar(10)", "array<map<string,struct<a:int,b:decimal(5,1)>>>", "BIGINT"])
def test_column_types_are_understood(text: str) -> None:
    assert arrow_type(text) is not None


@pytest.mark.parametrize("text", ["", "text", "array<", "array<int>>", "struct<a>", "map<string>", "int;"])
def test_wrong_column_types_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="column type"):
        arrow_type(text)


def test_missing_glue_table_is_named() -> None:
    settings = FormatConversion("db", "no", "", "", "", "LATEST", True, {}, False, "SNAPPY")
    with pytest.raises(LocalRuntimeError, match=r"needs the Glue table db\.no; the assembly has db\.t"):
        Converter.from_assembly(settings, assembly())
