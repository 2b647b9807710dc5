"""INSERT INTO a table: Iceberg, or files under an external table's prefix.

https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
"""

from __future__ import annotations

import pyarrow as pa
from pyiceberg.table import Table

from local_runtime.athena.assignment import cast_rows, check_assignable
from local_runtime.athena.execution import Execution
from local_runtime.athena.external_write import write_partitions
from local_runtime.athena.hive_types import hive_type
from local_runtime.athena.iceberg_rows import append_rows, table_rows, trino_columns
from local_runtime.athena.result import QueryError, QueryResult, written
from local_runtime.athena.select import Answer, QueryRunner
from local_runtime.athena.statements import Statement, place
from local_runtime.athena.tables import find_table
from local_runtime.athena.words import Words
from local_runtime.lakehouse.external_tables import ExternalTable
from local_runtime.lakehouse.lakehouse import Lakehouse


class InsertInto:
    def __init__(self, lakehouse: Lakehouse, runner: QueryRunner) -> None:
        self._lakehouse = lakehouse
        self._runner = runner

    def __call__(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("INSERT", "INTO")
        name = words.table(execution.database)
        table = find_table(self._lakehouse, name)
        wanted = _columns(table, statement)
        chosen = _chosen(words, wanted)
        answer = self._runner.arrow(statement.query(words.position), statement.sql, execution)
        check_assignable({column: wanted[column] for column in chosen}, answer.columns)
        rows = _in_table_order(answer, chosen, list(wanted))
        execution.cancellation.check()
        if isinstance(table, ExternalTable):
            self._into_files(table, rows)
        else:
            self._into_iceberg(name.database, name.table, rows)
        return written(rows.num_rows, answer.scanned_bytes)

    def _into_iceberg(self, database: str, name: str, rows: pa.Table) -> None:
        with self._lakehouse.commit_lock:
            table = self._lakehouse.table(database, name)
            append_rows(table, table_rows(self._runner, table, rows))

    def _into_files(self, table: ExternalTable, rows: pa.Table) -> None:
        kinds = {column.name: hive_type(column.type) for column in [*table.columns, *table.partition_keys]}
        typed = cast_rows(self._runner, rows, {name: kind.duckdb for name, kind in kinds.items()})
        write_partitions(self._lakehouse, table, typed)


def _columns(table: Table | ExternalTable, statement: Statement) -> dict[str, str]:
    if not isinstance(table, ExternalTable):
        return trino_columns(table)
    if table.is_view:
        raise QueryError("NOT_SUPPORTED", f"{place(statement.sql, 0)}: Inserting into views is not supported")
    columns = [*table.columns, *table.partition_keys]
    return {column.name: hive_type(column.type).trino for column in columns}


def _chosen(words: Words, wanted: dict[str, str]) -> list[str]:
    """The columns that the statement names; all of them when it names none."""
    by_name = {name.lower(): name for name in wanted}
    if (
        not words.sees("(")
        or words.sees("(", "SELECT")
        or words.sees("(", "WITH")
        or words.sees("(", "VALUES")
    ):
        return list(wanted)
    words.expect("(")
    chosen = [words.name()]
    while words.accept(","):
        chosen.append(words.name())
    words.expect(")")
    for column in chosen:
        if column not in by_name:
            raise QueryError(
                "COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {column}"
            )
        if chosen.count(column) > 1:
            raise QueryError(
                "DUPLICATE_COLUMN_NAME", f"Insert column name is specified more than once: {column}"
            )
    return [by_name[column] for column in chosen]


def _in_table_order(answer: Answer, chosen: list[str], columns: list[str]) -> pa.Table:
    """One column for each of the table's; NULL where the statement gives none."""
    given = {name: answer.rows.column(index) for index, name in enumerate(chosen)}
    count = answer.rows.num_rows
    return pa.table([given.get(name, pa.nulls(count)) for name in columns], names=columns)
