"""OPTIMIZE and VACUUM on Iceberg tables.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pyiceberg.table import Table
from sqlglot import exp

from local_runtime.athena.execution import Execution
from local_runtime.athena.names import TableName
from local_runtime.athena.result import QueryError, QueryResult, done
from local_runtime.athena.select import QueryRunner
from local_runtime.athena.sources import PATH
from local_runtime.athena.statements import Statement
from local_runtime.athena.tables import iceberg_table
from local_runtime.athena.words import Words
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.maintenance import compact, expire_snapshots, remove_orphans

DATA_FILE_THRESHOLD = 5
MAX_SNAPSHOT_AGE_SECONDS = 5 * 24 * 3600
MIN_SNAPSHOTS_TO_KEEP = 1


class Optimize:
    """OPTIMIZE table REWRITE DATA USING BIN_PACK [WHERE condition on the partition columns]."""

    def __init__(self, lakehouse: Lakehouse, runner: QueryRunner) -> None:
        self._lakehouse = lakehouse
        self._runner = runner

    def __call__(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("OPTIMIZE")
        name = words.table(execution.database)
        words.expect("REWRITE", "DATA", "USING", "BIN_PACK")
        table = iceberg_table(self._lakehouse, name, "OPTIMIZE")
        threshold = _number(table, "optimize_rewrite_data_file_threshold", DATA_FILE_THRESHOLD)
        if not words.accept("WHERE"):
            words.expect_end()
            compact(table, min_input_files=threshold, lock=self._lakehouse.commit_lock)
            return done()
        paths = self._paths(name, table, words.position, statement, execution)
        compact(
            table,
            min_input_files=threshold,
            where=lambda file: file.file_path in paths,
            lock=self._lakehouse.commit_lock,
        )
        return done()

    def _paths(
        self, name: TableName, table: Table, start: int, statement: Statement, execution: Execution
    ) -> set[str]:
        """The files of the partitions that the condition names."""
        condition = statement.tree(start)
        allowed = {table.schema().find_column_name(field.source_id) for field in table.spec().fields}
        for column in condition.find_all(exp.Column):
            if column.name.lower() not in allowed:
                raise QueryError(
                    "NOT_SUPPORTED",
                    f"OPTIMIZE: the condition may only have partition columns "
                    f"({', '.join(sorted(filter(None, allowed))) or 'there are none'}), got {column.name}",
                )
        relation = exp.table_(name.table, db=name.database, quoted=True)
        path = exp.column(exp.to_identifier(PATH, quoted=True))
        query = exp.select(exp.alias_(path, PATH, quoted=True)).distinct().from_(relation).where(condition)
        return set(self._runner.arrow(query, statement.sql, execution).rows.column(0).to_pylist())


class Vacuum:
    """VACUUM table: forget old snapshots, remove files that nothing refers to."""

    def __init__(self, lakehouse: Lakehouse) -> None:
        self._lakehouse = lakehouse

    def __call__(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("VACUUM")
        name = words.table(execution.database)
        words.expect_end()
        table = iceberg_table(self._lakehouse, name, "VACUUM")
        age = _number(table, "vacuum_max_snapshot_age_seconds", MAX_SNAPSHOT_AGE_SECONDS)
        older_than = datetime.now(UTC) - timedelta(seconds=age)
        expire_snapshots(
            table,
            older_than=older_than,
            retain_last=_number(table, "vacuum_min_snapshots_to_keep", MIN_SNAPSHOTS_TO_KEEP),
            lock=self._lakehouse.commit_lock,
        )
        execution.cancellation.check()
        remove_orphans(
            table,
            self._lakehouse.objects,
            older_than=older_than,
            others=self._lakehouse.other_locations(),
            lock=self._lakehouse.commit_lock,
        )
        return done()


def _number(table: Table, key: str, default: int) -> int:
    value = table.properties.get(key)
    if value is None:
        return default
    if not value.isdecimal():
        raise QueryError("INVALID_TABLE_PROPERTY", f"{key} must be a whole number (got {value!r})")
    return int(value)
