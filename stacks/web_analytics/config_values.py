"""The values of the main system's settings: each type refuses what AWS would refuse when deploying.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
https://iceberg.apache.org/spec/#partitioning
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

from stacks.common.avro_schema import columns
from stacks.common.config_values import ErrorPrefix as AnyErrorPrefix
from stacks.common.config_values import Folder as AnyFolder
from stacks.common.config_values import allowed
from stacks.common.partitions import parse_partition_field
from stacks.web_analytics.bucket_folders import TOOL_FOLDERS

WEB_LOG_COLUMNS = columns("web_analytics/web_log.avsc")

_TIMES = ("year", "month", "day", "hour")


def _column_of_the_table(name: str) -> str:
    names = [column.name for column in WEB_LOG_COLUMNS]
    if name not in names:
        raise ValueError(f"must be a column of the table: {', '.join(names)} (got {name!r})")
    return name


def _partition_term(text: str) -> str:
    field = parse_partition_field(text)
    _column_of_the_table(field.column)
    (type,) = (column.type for column in WEB_LOG_COLUMNS if column.name == field.column)
    if field.transform in _TIMES and type != "timestamp":
        raise ValueError(f"must take the {field.transform} of a timestamp, not of a {type} (got {text!r})")
    if field.transform.startswith("truncate") and type != "string":
        raise ValueError(f"must truncate a string, not a {type} (got {text!r})")
    return text


def _distinct_columns(names: tuple[str, ...]) -> tuple[str, ...]:
    if twice := _repeated(names):
        raise ValueError(f"must name each column once (got {', '.join(twice)} more than once)")
    return names


def _distinct_partitions(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Iceberg names a field by its column and transform, and takes one transform of time for a column."""
    fields = [parse_partition_field(term) for term in terms]
    if twice := _repeated(field.name for field in fields):
        raise ValueError(
            f"must have one partition field of a name (got {', '.join(twice)} more than once in "
            f"{_listed(terms)})"
        )
    if twice := _repeated(field.column for field in fields if field.transform in _TIMES):
        raise ValueError(
            f"must have one of {', '.join(_TIMES)} for a column, the finest that queries filter by "
            f"(got several for {', '.join(twice)} in {_listed(terms)})"
        )
    return terms


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _listed(terms: Iterable[str]) -> str:
    return "; ".join(terms)


def _outside_the_tools_folders(prefix: str) -> str:
    if prefix.split("/", 1)[0] in TOOL_FOLDERS:
        raise ValueError(
            f"must lie outside {', '.join(TOOL_FOLDERS)}, where the tools of src/utils write: Glue deletes "
            f"what is in the table's folder and no part of the table (got {prefix!r})"
        )
    return prefix


ColumnName = Annotated[str, AfterValidator(_column_of_the_table), allowed("a column of the table")]
PartitionTerm = Annotated[
    str,
    AfterValidator(_partition_term),
    allowed("a column, `day(column)`, `bucket(16, column)` or the like"),
]
Folder = Annotated[AnyFolder, AfterValidator(_outside_the_tools_folders)]
ErrorPrefix = Annotated[AnyErrorPrefix, AfterValidator(_outside_the_tools_folders)]
UniqueKeys = Annotated[tuple[ColumnName, ...], AfterValidator(_distinct_columns)]
PartitionBy = Annotated[tuple[PartitionTerm, ...], AfterValidator(_distinct_partitions)]
