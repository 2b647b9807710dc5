"""What every commit of ours shares: rows to files, files to rows, one snapshot with what it must carry.

https://iceberg.apache.org/spec/#snapshots
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.table.update import TableUpdate

CARRIED_PREFIX = "firehose."
"""Summary properties that the newest snapshot must always have: consumers' positions."""


class _ReadingTransaction(Transaction):
    """A transaction that copies the table's metadata once, not at each look.

    With some hundred snapshots the copies of PyIceberg's own are most of what a commit costs.
    """

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._known: tuple[TableMetadata, tuple[TableUpdate, ...], TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        base, updates = self._table.metadata, self._updates
        if not updates:
            return base
        if self._known is None or self._known[0] is not base or self._known[1] is not updates:
            self._known = (base, updates, super().table_metadata)
        return self._known[2]


def current_files(table: Table) -> list[FileScanTask]:
    """The data files of the current snapshot, each with the delete files that apply to it."""
    return [task for task in table.scan().plan_files() if isinstance(task, FileScanTask)]


def read_rows(table: Table, tasks: Sequence[FileScanTask], schema: Schema | None = None) -> pa.Table:
    """The rows of some data files, in the files' order; only the columns of `schema` if it is given."""
    projected = table.schema() if schema is None else schema
    return ArrowScan(table.metadata, table.io, projected, AlwaysTrue()).to_table(tasks)


def with_current_columns(table: Table, rows: pa.Table) -> pa.Table:
    """Rows in the columns that the table has now: added ones are null, dropped ones go.

    Raises:
        ValueError: a value does not fit a column that has another type by now.
    """
    wanted = schema_to_pyarrow(table.schema(), include_field_ids=False)
    columns = [
        rows.column(field.name)
        if field.name in rows.column_names
        else pa.chunked_array([pa.nulls(rows.num_rows, field.type)])
        for field in wanted
    ]
    return pa.Table.from_arrays(columns, names=wanted.names).cast(wanted)


def write_rows(table: Table, rows: pa.Table) -> list[DataFile]:
    """Rows as Parquet files, split by partition; they belong to no snapshot yet."""
    if not rows.num_rows:
        return []
    return list(_dataframe_to_data_files(table.metadata, rows, table.io))


def commit_files(
    table: Table,
    *,
    added: Iterable[DataFile],
    removed: Iterable[DataFile] = (),
    summary: Mapping[str, str],
) -> int:
    """One snapshot that adds and removes whole files; without any it still carries the summary. Its id.

    Small manifests are merged as they become many, as Iceberg's own writer does.
    """
    gone = list(removed)
    with _ReadingTransaction(table) as transaction:
        update = transaction.update_snapshot(snapshot_properties={**carried_summary(table), **summary})
        producer = update.overwrite() if gone else update.merge_append()
        for file in added:
            producer.append_data_file(file)
        for file in gone:
            producer.delete_data_file(file)
        producer.commit()
    snapshot = table.current_snapshot()
    assert snapshot is not None  # the commit has just made it
    return snapshot.snapshot_id


def carried_summary(table: Table) -> dict[str, str]:
    """The newest value of every property that a commit must carry forward."""
    return {key: value for key, (value, _) in _carried(table).items()}


def carrying_snapshots(table: Table) -> set[int]:
    """The snapshots that hold those values: expiring one would lose them."""
    return {snapshot.snapshot_id for _, snapshot in _carried(table).values()}


def _carried(table: Table) -> dict[str, tuple[str, Snapshot]]:
    newest: dict[str, tuple[str, Snapshot]] = {}
    for snapshot in ancestors_of(table.current_snapshot(), table.metadata):
        properties = {} if snapshot.summary is None else snapshot.summary.additional_properties
        for key, value in properties.items():
            if key.startswith(CARRIED_PREFIX):
                newest.setdefault(key, (value, snapshot))
    return newest
