"""CREATE TABLE: Iceberg tables, and external tables over JSON and Parquet files.

https://docs.aws.amazon.com/athena/latest/ug/create-table.html
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

from local_runtime.athena.create_table_as import CreateTableAs
from local_runtime.athena.execution import Execution
from local_runtime.athena.hive_types import HiveType, hive_type
from local_runtime.athena.iceberg_definition import PartitionTerm, iceberg_definition
from local_runtime.athena.names import TableName
from local_runtime.athena.result import QueryError, QueryResult, done
from local_runtime.athena.statements import Statement
from local_runtime.athena.tables import check_database, exists
from local_runtime.athena.words import Words
from local_runtime.lakehouse.external_tables import (
    FORMAT_OF_SERDE,
    JSON_SERDES,
    PARQUET_INPUT,
    PARQUET_SERDE,
    HiveColumn,
    external_table_input,
)
from local_runtime.lakehouse.lakehouse import Lakehouse


@dataclass
class Clauses:
    """What stands after the table's name."""

    columns: list[HiveColumn] = field(default_factory=list)
    partition_columns: list[HiveColumn] = field(default_factory=list)
    partition_terms: list[PartitionTerm] = field(default_factory=list)
    comment: str | None = None
    serde: str | None = None
    serde_parameters: dict[str, str] = field(default_factory=dict)
    location: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


class CreateTable:
    """`as_select` runs the statement when it turns out to be a CREATE TABLE AS."""

    def __init__(self, lakehouse: Lakehouse, as_select: CreateTableAs) -> None:
        self._lakehouse = lakehouse
        self._as_select = as_select

    def __call__(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("CREATE")
        external = words.accept("EXTERNAL")
        words.expect("TABLE")
        if_not_exists = words.accept("IF", "NOT", "EXISTS")
        name = words.table(execution.database)
        check_database(self._lakehouse, name.database)
        if exists(self._lakehouse, name):
            if if_not_exists:
                return done()
            raise QueryError("TABLE_ALREADY_EXISTS", f"Table '{name.database}.{name.table}' already exists")
        if words.sees("WITH") or words.sees("AS"):
            return self._as_select(name, words, statement, execution)
        clauses = _clauses(words)
        if external:
            self._create_external(name, clauses)
        else:
            self._create_iceberg(name, clauses)
        return done()

    def _create_iceberg(self, name: TableName, clauses: Clauses) -> None:
        if clauses.properties.get("table_type", "").lower() != "iceberg":
            raise QueryError(
                "NOT_SUPPORTED",
                f"{name.database}.{name.table}: without EXTERNAL it is an Iceberg table and needs "
                "TBLPROPERTIES ('table_type' = 'ICEBERG')",
            )
        if clauses.serde is not None:
            raise QueryError("NOT_SUPPORTED", "an Iceberg table has no ROW FORMAT and no STORED AS")
        columns: list[tuple[str, HiveType, str | None]] = [
            (column.name, hive_type(column.type), column.comment) for column in clauses.columns
        ]
        definition = iceberg_definition(
            name, columns, clauses.partition_terms, clauses.location, clauses.properties
        )
        self._lakehouse.create_table(definition)

    def _create_external(self, name: TableName, clauses: Clauses) -> None:
        if clauses.location is None:
            raise QueryError(
                "INVALID_TABLE_PROPERTY", f"{name.database}.{name.table}: LOCATION must be an s3:// folder"
            )
        for column in [*clauses.columns, *clauses.partition_columns]:
            hive_type(column.type)  # refuses what is no type
        self._lakehouse.check_location(f"{name.database}.{name.table}", clauses.location)
        comment = {} if clauses.comment is None else {"comment": clauses.comment}
        table_input = external_table_input(
            name.table,
            clauses.columns,
            location=clauses.location,
            serde=_known_serde(name, clauses.serde),
            partition_keys=clauses.partition_columns,
            serde_parameters=clauses.serde_parameters,
            parameters={**comment, **clauses.properties},
        )
        self._lakehouse.external.put(name.database, table_input)


def _known_serde(name: TableName, serde: str | None) -> str:
    if serde not in FORMAT_OF_SERDE:
        raise QueryError(
            "NOT_SUPPORTED",
            f"{name.database}.{name.table}: the local run reads external tables by the SerDes "
            f"{', '.join(FORMAT_OF_SERDE)} (got {serde or 'delimited text'})",
        )
    return serde


def _clauses(words: Words) -> Clauses:
    clauses = Clauses(columns=column_list(words))
    while not words.is_at_end:
        if words.accept("COMMENT"):
            clauses.comment = words.string()
        elif words.accept("PARTITIONED", "BY"):
            _partitioned_by(words, clauses)
        elif words.accept("ROW", "FORMAT", "SERDE"):
            clauses.serde = words.string()
            if words.accept("WITH", "SERDEPROPERTIES"):
                clauses.serde_parameters = words.properties()
        elif words.accept("STORED", "AS"):
            clauses.serde = _stored_as(words, clauses.serde)
        elif words.accept("LOCATION"):
            clauses.location = words.string()
        elif words.accept("TBLPROPERTIES"):
            clauses.properties = words.properties()
        else:
            raise words.error(
                "COMMENT, PARTITIONED BY, ROW FORMAT SERDE, STORED AS, LOCATION or TBLPROPERTIES"
            )
    return clauses


def column_list(words: Words) -> list[HiveColumn]:
    columns: list[HiveColumn] = []
    words.expect("(")
    while not words.accept(")"):
        name = words.name()
        kind = words.data_type()
        comment = words.string() if words.accept("COMMENT") else None
        if not kind:
            raise words.error("a type")
        if name in [column.name for column in columns]:
            raise QueryError("DUPLICATE_COLUMN_NAME", f"Column '{name}' is specified more than once")
        columns.append(HiveColumn(name, str(hive_type(kind)), comment))
        if not words.accept(",") and not words.sees(")"):
            raise words.error("',' or ')'")
    return columns


def _partitioned_by(words: Words, clauses: Clauses) -> None:
    """Iceberg: names and transforms of columns above; Hive: columns of their own, with types."""
    words.expect("(")
    while not words.accept(")"):
        name = words.name()
        if words.accept("("):
            clauses.partition_terms.append(_transform(words, name))
        elif words.sees(",") or words.sees(")"):
            clauses.partition_terms.append(PartitionTerm("identity", name))
        else:
            kind = words.data_type()
            comment = words.string() if words.accept("COMMENT") else None
            clauses.partition_columns.append(HiveColumn(name, str(hive_type(kind)), comment))
        if not words.accept(",") and not words.sees(")"):
            raise words.error("',' or ')'")


def _transform(words: Words, name: str) -> PartitionTerm:
    number = None
    if name in ("bucket", "truncate"):
        number = words.number()
        words.expect(",")
    term = PartitionTerm(name, words.name(), number)
    words.expect(")")
    return term


def _stored_as(words: Words, serde: str | None) -> str | None:
    """STORED AS names a format, or the two classes that read and write it."""
    if words.accept("PARQUET"):
        return PARQUET_SERDE
    if words.accept("INPUTFORMAT"):
        reader = words.string()
        words.expect("OUTPUTFORMAT")
        words.string()
        return PARQUET_SERDE if serde is None and reader == PARQUET_INPUT else serde
    if words.accept("TEXTFILE"):
        return serde
    if words.accept("JSON"):
        return JSON_SERDES[1]
    raise words.error("PARQUET, TEXTFILE, JSON or INPUTFORMAT ... OUTPUTFORMAT")
