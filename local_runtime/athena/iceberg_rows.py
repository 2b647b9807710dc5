"""Rows into an Iceberg table: what INSERT, UPDATE, DELETE, MERGE and CTAS write, in one snapshot.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html
Copy on write (docs/decisions/0070): files that lose rows are written anew, where Athena writes delete files.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table

from local_runtime.athena.assignment import cast_rows
from local_runtime.athena.result import QueryError
from local_runtime.athena.select import QueryRunner
from local_runtime.athena.sources import PATH, ROW_POSITION
from local_runtime.athena.types import duckdb_type, trino_type
from local_runtime.lakehouse.data_files import commit_files, current_files, read_rows, write_rows


def trino_columns(table: Table) -> dict[str, str]:
    """Name -> Trino type."""
    return {field.name: trino_type(field.field_type) for field in table.schema().fields}


def table_rows(runner: QueryRunner, table: Table, rows: pa.Table) -> pa.Table:
    """A query's rows, one column for each of the table's, in the table's own Arrow types."""
    wanted = {field.name: duckdb_type(field.field_type) for field in table.schema().fields}
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    return cast_rows(runner, rows, wanted).cast(pa.schema([field.with_nullable(True) for field in schema]))


def append_rows(table: Table, rows: pa.Table) -> None:
    commit_files(table, added=write_rows(table, rows), summary={})


def replace_rows(table: Table, gone: pa.Table, added: Sequence[pa.Table]) -> None:
    """Take rows out of the table, and put others in.

    Args:
        gone: the file (`$path`) and the position in it (`$row_position`) of each row.
    """
    positions = _positions(gone)
    tasks = [task for task in current_files(table) if task.file.file_path in positions]
    if any(task.delete_files for task in tasks):
        raise QueryError(
            "NOT_SUPPORTED",
            f"rows of {'.'.join(table.name())} were deleted by another engine's delete files; "
            "run OPTIMIZE on it first",
        )
    survivors = []
    for task in tasks:
        rows = read_rows(table, [task])
        kept = pc.invert(pc.is_in(pa.array(range(rows.num_rows)), value_set=positions[task.file.file_path]))
        survivors.append(rows.filter(kept))
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    plain = pa.schema([field.with_nullable(True) for field in schema])
    parts = [part.select(plain.names).cast(plain) for part in [*survivors, *added]]
    if tasks or any(part.num_rows for part in added):
        written = write_rows(table, pa.concat_tables(parts)) if parts else []
        commit_files(table, added=written, removed=[task.file for task in tasks], summary={})


def _positions(gone: pa.Table) -> dict[str, pa.Array]:
    grouped = gone.select([PATH, ROW_POSITION]).group_by(PATH).aggregate([(ROW_POSITION, "list")])
    paths = grouped.column(PATH).to_pylist()
    lists = grouped.column(f"{ROW_POSITION}_list").combine_chunks()
    return {path: lists[index].values for index, path in enumerate(paths)}
