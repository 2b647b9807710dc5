"""CREATE TABLE AS: an Iceberg table, or Parquet or JSON files with a table over them.

https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
https://docs.aws.amazon.com/athena/latest/ug/ctas-considerations-limitations.html
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field

import pyarrow as pa
from sqlglot import exp

from local_runtime.athena.assignment import cast_rows
from local_runtime.athena.execution import Execution
from local_runtime.athena.external_write import COMPRESSIONS, write_partitions
from local_runtime.athena.hive_types import HiveType, hive_type_of_arrow
from local_runtime.athena.iceberg_definition import iceberg_definition, partition_term
from local_runtime.athena.iceberg_rows import append_rows, table_rows
from local_runtime.athena.names import TableName
from local_runtime.athena.partitions import files_under
from local_runtime.athena.result import QueryError, QueryResult, written
from local_runtime.athena.select import Answer, QueryRunner
from local_runtime.athena.statements import Statement
from local_runtime.athena.words import Words
from local_runtime.lakehouse.external_tables import (
    JSON_SERDES,
    PARQUET_SERDE,
    HiveColumn,
    external_table_input,
)
from local_runtime.lakehouse.lakehouse import Lakehouse

SERDES = {"parquet": PARQUET_SERDE, "json": JSON_SERDES[1]}
WITHOUT_DATA = re.compile(r"\bWITH\s+(NO\s+)?DATA\s*;?\s*$", re.IGNORECASE)
ICEBERG_ONLY = ("partitioning", "location")
Columns = list[tuple[str, HiveType, str | None]]
"""Name, type, comment."""
HIVE_ONLY = ("partitioned_by", "external_location", "parquet_compression", "bucketed_by", "bucket_count")


@dataclass
class Properties:
    """The WITH clause; an ARRAY is a list."""

    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_iceberg(self) -> bool:
        return self.values.get("table_type", "hive").lower() == "iceberg"


class CreateTableAs:
    def __init__(self, lakehouse: Lakehouse, runner: QueryRunner) -> None:
        self._lakehouse = lakehouse
        self._runner = runner

    def __call__(
        self, name: TableName, words: Words, statement: Statement, execution: Execution
    ) -> QueryResult:
        """Go on after the table's name, which is free."""
        properties = read_properties(words)
        words.expect("AS")
        ending = WITHOUT_DATA.search(statement.sql)
        body = statement.sql if ending is None else statement.sql[: ending.start()]
        query = Statement(body, statement.kind).query(words.position)
        if ending is not None and ending.group(1):
            query = exp.select("*").from_(query.subquery("without_data")).limit(0)
        location = self._location(name, properties, execution)
        answer = self._runner.arrow(query, statement.sql, execution)
        _check_names(answer)
        execution.cancellation.check()
        columns: Columns = [
            (column.name.lower(), hive_type_of_arrow(kind), None)
            for column, kind in zip(answer.columns, answer.rows.schema.types, strict=True)
        ]
        if properties.is_iceberg:
            self._iceberg(name, columns, properties, location, answer.rows)
        else:
            self._files(name, columns, properties, location, answer.rows)
        return written(answer.rows.num_rows, answer.scanned_bytes)

    def _location(self, name: TableName, properties: Properties, execution: Execution) -> str:
        chosen = properties.values.get("location" if properties.is_iceberg else "external_location")
        if properties.is_iceberg:
            if chosen is None:
                raise QueryError("INVALID_TABLE_PROPERTY", "an Iceberg table needs location")
            return chosen
        if chosen is not None and execution.location_is_enforced:
            raise QueryError(
                "INVALID_TABLE_PROPERTY",
                "The Create Table As Select query failed because it was submitted with an "
                "'external_location' property to an Athena Workgroup that enforces a centralized output "
                "location for all queries. Please remove the 'external_location' property and resubmit "
                "the query.",
            )
        if chosen is not None:
            return chosen.rstrip("/")
        if execution.output_location is None:
            raise QueryError(
                "INVALID_TABLE_PROPERTY",
                "No output location provided. An output location is required either through the Workgroup "
                f"result configuration setting or as external_location for {name.database}.{name.table}",
            )
        return f"{execution.output_location.rstrip('/')}/tables/{uuid.uuid4()}"

    def _iceberg(
        self,
        name: TableName,
        columns: Columns,
        properties: Properties,
        location: str,
        rows: pa.Table,
    ) -> None:
        own = {
            key: value
            for key, value in properties.values.items()
            if key not in (*ICEBERG_ONLY, "is_external")
        }
        _refuse(properties, HIVE_ONLY, "an Iceberg table")
        terms = [partition_term(text) for text in properties.lists.get("partitioning", [])]
        definition = iceberg_definition(name, columns, terms, location, own)
        with self._lakehouse.commit_lock:
            table = self._lakehouse.create_table(definition)
            try:
                append_rows(table, table_rows(self._runner, table, rows))
            except BaseException:
                self._lakehouse.drop_table(name.database, name.table)
                raise

    def _files(
        self,
        name: TableName,
        columns: Columns,
        properties: Properties,
        location: str,
        rows: pa.Table,
    ) -> None:
        _refuse(properties, ICEBERG_ONLY, "an external table")
        file_format = properties.values.get("format", "parquet").lower()
        compression = file_compression(file_format, properties)
        self._lakehouse.check_location(f"{name.database}.{name.table}", location)
        if any(files_under(self._lakehouse.objects, location)):
            raise QueryError(
                "HIVE_PATH_ALREADY_EXISTS",
                f"Target directory for table '{name.database}.{name.table}' already exists: {location}",
            )
        keys = [key.lower() for key in properties.lists.get("partitioned_by", [])]
        names = [column for column, _, _ in columns]
        if keys != names[len(names) - len(keys) :] or len(keys) >= len(names):
            raise QueryError(
                "HIVE_COLUMN_ORDER_MISMATCH",
                "Partition keys must be the last columns in the table and in the same order as the table "
                f"properties: {keys}",
            )
        _check_buckets(properties, names[: len(names) - len(keys)])
        typed = cast_rows(self._runner, rows, {column: kind.duckdb for column, kind, _ in columns})
        hive_columns = [HiveColumn(column, str(kind)) for column, kind, _ in columns]
        table_input = external_table_input(
            name.table,
            hive_columns[: len(names) - len(keys)],
            location=location,
            serde=SERDES[file_format],
            partition_keys=hive_columns[len(names) - len(keys) :],
            parameters={"write.compression": compression},
        )
        table = self._lakehouse.external.put(name.database, table_input)
        try:
            write_partitions(self._lakehouse, table, typed)
        except BaseException:  # the files of a failed CTAS stay, as in Athena; the table does not
            self._lakehouse.external.delete(name.database, name.table)
            raise


def read_properties(words: Words) -> Properties:
    """`WITH (key = value, ...)`, or nothing."""
    properties = Properties()
    if not words.accept("WITH"):
        return properties
    words.expect("(")
    while not words.accept(")"):
        key = words.name()
        words.expect("=")
        if words.accept("ARRAY", "["):
            properties.lists[key] = _array(words)
        else:
            properties.values[key] = words.literal()
        if not words.accept(",") and not words.sees(")"):
            raise words.error("',' or ')'")
    return properties


def _array(words: Words) -> list[str]:
    items: list[str] = []
    while not words.accept("]"):
        items.append(words.string())
        if not words.accept(",") and not words.sees("]"):
            raise words.error("',' or ']'")
    return items


def file_compression(file_format: str, properties: Properties) -> str:
    """The files' compression, GZIP by default as in Athena."""
    if file_format not in SERDES:
        raise QueryError(
            "NOT_SUPPORTED", f"the local run writes the formats {', '.join(SERDES)} (got {file_format!r})"
        )
    given = properties.values.get("parquet_compression", "GZIP")
    compression = properties.values.get(
        "write_compression", properties.values.get("compression", given)
    ).upper()
    if compression not in COMPRESSIONS[file_format]:
        raise QueryError(
            "INVALID_TABLE_PROPERTY",
            f"{file_format} has compression {', '.join(COMPRESSIONS[file_format])} (got {compression!r})",
        )
    return compression


def _refuse(properties: Properties, keys: tuple[str, ...], what: str) -> None:
    for key in (*keys, "field_delimiter", "orc_compression"):
        if key in properties.values or key in properties.lists:
            raise QueryError("INVALID_TABLE_PROPERTY", f"{what} of the local run has no property {key}")


def _check_buckets(properties: Properties, names: list[str]) -> None:
    """A partition is written as one object: that is one bucket, whatever it is bucketed by."""
    columns = [name.lower() for name in properties.lists.get("bucketed_by", [])]
    count = properties.values.get("bucket_count")
    if not columns and count is None:
        return
    unknown = [name for name in columns if name not in names]
    if not columns or count is None or unknown:
        raise QueryError(
            "INVALID_TABLE_PROPERTY",
            f"bucketed_by (columns of the table) and bucket_count belong together (got {columns}, {count})",
        )
    if count != "1":
        raise QueryError("NOT_SUPPORTED", f"the local run writes bucket_count = 1 (got {count})")


def _check_names(answer: Answer) -> None:
    names = [column.name.lower() for column in answer.columns]
    for position, name in enumerate(names, start=1):
        if re.fullmatch(r"_col\d+", name):
            raise QueryError("MISSING_COLUMN_NAME", f"Column name not specified at position {position}")
        if names.count(name) > 1:
            raise QueryError("DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once")
