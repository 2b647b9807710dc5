"""The values of the main system's settings: each type refuses what AWS would refuse when deploying.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
https://iceberg.apache.org/spec/#partitioning
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.common.avro_schema import columns
from stacks.common.partitions import parse_partition_field
from stacks.web_analytics.bucket_folders import TOOL_FOLDERS

WEB_LOG_COLUMNS = columns("web_analytics/web_log.avsc")

_EXPRESSION = re.compile(r"!\{(firehose:(error-output-type|random-string)|timestamp:[^{}]+)\}")
_TIMESTAMP = re.compile(r"!\{timestamp:([^{}]+)\}")
_QUOTED = re.compile(r"'[^']*'")
_ERROR_TYPE = "!{firehose:error-output-type}"

_DNS_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"


_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_IPV4_FORM = re.compile(r"\d+\.\d+\.\d+\.\d+")
_TIMES = ("year", "month", "day", "hour")


def _allowed(words: str) -> object:
    """What the errors and docs/configuration.md say that a value may be."""
    return Field(json_schema_extra={"allowed": words})


def _bucket_name(name: str) -> str:
    """What S3 keeps for itself, beyond the letters that a name may have."""
    if _IPV4_FORM.fullmatch(name):
        raise ValueError(f"must not have the form of an IPv4 address (got {name!r})")
    if name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS):
        raise ValueError(
            f"must not begin with {', '.join(_RESERVED_STARTS)} nor end with {', '.join(_RESERVED_ENDS)}, "
            f"which S3 reserves (got {name!r})"
        )
    return name


StreamName = Annotated[
    str,
    Field(pattern=r"^[a-zA-Z0-9_.-]+$", max_length=128),
    _allowed("1-128 letters, digits, hyphens, underscores and periods"),
]
BucketName = Annotated[
    str,
    Field(pattern=rf"^{_DNS_LABEL}(?:\.{_DNS_LABEL})*$", min_length=3, max_length=63),
    AfterValidator(_bucket_name),
    _allowed("a bucket name: 3-63 lower-case letters, digits, hyphens and periods"),
]
ObjectKey = Annotated[
    str,
    Field(pattern=r"^[^/]", max_length=1024),
    _allowed("an object key: 1-1024 characters, the first no slash"),
]
GlueName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9_]+$", max_length=255),
    _allowed("1-255 lower-case letters, digits and underscores"),
]


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


def _folder(prefix: str) -> str:
    """A folder without its final slash."""
    folder = prefix.rstrip("/")
    if not folder or folder.startswith("/") or "!{" in folder:
        raise ValueError(f"must be a folder in the bucket, without expressions (got {prefix!r})")
    if folder.split("/", 1)[0] in TOOL_FOLDERS:
        raise ValueError(
            f"must lie outside {', '.join(TOOL_FOLDERS)}, where the tools of src/utils write: Glue deletes "
            f"what is in the table's folder and no part of the table (got {prefix!r})"
        )
    return folder


def _error_prefix(prefix: str) -> str:
    """A prefix as Firehose wants it, with the final slash that keeps object names off the error type."""
    if "!{" in _EXPRESSION.sub("", prefix):
        raise ValueError(
            "must use no expressions but !{firehose:error-output-type}, !{firehose:random-string} and "
            f"!{{timestamp:...}} (got {prefix!r})"
        )
    if any("Y" in _QUOTED.sub("", pattern) for pattern in _TIMESTAMP.findall(prefix)):
        raise ValueError(f"must tell the year by yyyy; YYYY is the week's year (got {prefix!r})")
    if prefix.split("/", 1)[0] in TOOL_FOLDERS:
        raise ValueError(
            f"must lie outside {', '.join(TOOL_FOLDERS)}, where the tools of src/utils write (got {prefix!r})"
        )
    if _ERROR_TYPE not in prefix:
        raise ValueError(f"must contain {_ERROR_TYPE} (got {prefix!r})")
    if len(prefix) > 512 or prefix.startswith("/"):
        raise ValueError(f"must be at most 512 characters and not start with a slash (got {prefix!r})")
    return prefix if prefix.endswith("/") else f"{prefix}/"


def _source_range(text: str) -> str:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html"""
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError(
            f"must be a range of addresses such as 192.0.2.0/24, with host bits of zero (got {text!r})"
        ) from None


SourceRange = Annotated[
    str, AfterValidator(_source_range), _allowed("a range of IPv4 or IPv6 addresses such as `192.0.2.0/24`")
]
ColumnName = Annotated[str, AfterValidator(_column_of_the_table), _allowed("a column of the table")]
PartitionTerm = Annotated[
    str,
    AfterValidator(_partition_term),
    _allowed("a column, `day(column)`, `bucket(16, column)` or the like"),
]
Folder = Annotated[str, AfterValidator(_folder), _allowed("a folder, without expressions")]
ErrorPrefix = Annotated[
    str,
    AfterValidator(_error_prefix),
    _allowed("a prefix with `!{firehose:error-output-type}`, at most 512 characters"),
]
UniqueKeys = Annotated[tuple[ColumnName, ...], AfterValidator(_distinct_columns)]
PartitionBy = Annotated[tuple[PartitionTerm, ...], AfterValidator(_distinct_partitions)]
