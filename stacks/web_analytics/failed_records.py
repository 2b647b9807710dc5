"""The records that did not reach the table, as a table of their own over Firehose's error prefix.

https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

import re

from aws_cdk import CfnResource
from constructs import Construct

FAILED_RECORDS_TABLE = "web_log_failed_records"

_COLUMNS = {
    "arrivaltimestamp": "bigint",
    "errorcode": "string",
    "errormessage": "string",
    "lasterrorcode": "string",
    "lasterrormessage": "string",
    "rawdata": "string",
}
_TIMESTAMP = re.compile(r"!\{timestamp:([^{}]+)\}")
_PARTS = {"yyyy": "year", "MM": "month", "dd": "day"}
_PROJECTION = {
    "projection.enabled": "true",
    # A date, unlike an integer, can end now: no query lists the folders of years to come.
    "projection.year.type": "date",
    "projection.year.format": "yyyy",
    "projection.year.range": "2020,NOW",
    "projection.year.interval": "1",
    "projection.year.interval.unit": "YEARS",
    "projection.month.type": "integer",
    "projection.month.range": "1,12",
    "projection.month.digits": "2",
    "projection.day.type": "integer",
    "projection.day.range": "1,31",
    "projection.day.digits": "2",
}


def day_folder(error_prefix: str) -> str:
    """The error prefix down to the day, with `${year}`, `${month}` and `${day}` in it.

    Raises:
        ValueError: it does not tell each day's records apart.
    """
    folder = ""
    for part in _TIMESTAMP.sub(lambda found: _projected(found[1]), error_prefix).split("/"):
        folder += f"{part}/"
        if "!{" in folder:
            break
        if "${day}" in folder and all(f"${{{name}}}" in folder for name in _PARTS.values()):
            return folder
    raise ValueError(
        "error_output_prefix must name year, month and day as !{timestamp:yyyy}, !{timestamp:MM} and "
        "!{timestamp:dd} in folders before anything else that changes, or web_analytics_dashboard.enabled "
        f"must be false: the dashboard reads the failed records of days (got {error_prefix!r})"
    )


def _projected(pattern: str) -> str:
    """`yyyy-MM-dd` as `${year}-${month}-${day}`; another pattern stays an expression."""
    projected = re.sub("yyyy|MM|dd", lambda found: f"${{{_PARTS[found[0]]}}}", pattern)
    rest = re.sub(r"\$\{\w+\}", "", projected)
    return f"!{{timestamp:{pattern}}}" if re.search("[A-Za-z']", rest) else projected


class FailedRecordsTable(CfnResource):
    """One row an envelope; `location` is the bucket's `s3://` URI."""

    def __init__(
        self, scope: Construct, id: str, *, catalog_id: str, database: str, bucket: str, error_prefix: str
    ) -> None:
        folder = day_folder(error_prefix)
        super().__init__(
            scope,
            id,
            type="AWS::Glue::Table",
            properties={
                "CatalogId": catalog_id,
                "DatabaseName": database,
                "TableInput": {
                    "Name": FAILED_RECORDS_TABLE,
                    "Description": "Records that did not reach the web log, by the day of their arrival",
                    "TableType": "EXTERNAL_TABLE",
                    "Parameters": {
                        "EXTERNAL": "TRUE",
                        "classification": "json",
                        "storage.location.template": f"s3://{bucket}/{folder}",
                        **_PROJECTION,
                    },
                    "PartitionKeys": [{"Name": name, "Type": "string"} for name in _PARTS.values()],
                    "StorageDescriptor": {
                        "Location": f"s3://{bucket}/{folder.split('${')[0].rpartition('/')[0]}/",
                        "Columns": [{"Name": name, "Type": type} for name, type in _COLUMNS.items()],
                        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                        "SerdeInfo": {
                            "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
                            "Parameters": {"serialization.format": "1"},
                        },
                    },
                },
            },
        )
