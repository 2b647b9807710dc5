"""Tables that fail: in memory where speed counts, PyIceberg's own with a second writer where conflicts do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pyiceberg.table import Table

from local_runtime.firehose.iceberg import Tables
from local_runtime.lakehouse.lakehouse import Lakehouse, TableNotFoundError
from local_runtime.lakehouse.maintenance import compact, expire_snapshots, remove_orphans
from local_runtime.lakehouse.object_store import ObjectStore
from local_runtime.lakehouse.records import Rejected, rows_to_arrow
from local_runtime.lakehouse.table_definition import TableDefinition
from tests.faults.disk import Disk
from tests.faults.events import serial_of

TableRows = list[dict[str, Any]]


class ReadableTables(Tables, Protocol):
    def rows(self, database: str, table: str) -> TableRows: ...
    def close(self) -> None: ...


class MemoryTables:
    """What Iceberg tables do, said as plainly as possible; conversion alone is the lakehouse's own."""

    def __init__(self, definitions: Sequence[TableDefinition]) -> None:
        self._definitions = {(item.database, item.name): item for item in definitions}
        self._rows: dict[tuple[str, str], TableRows] = defaultdict(list)
        self._properties: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)

    def _definition(self, database: str, table: str) -> TableDefinition:
        if (database, table) not in self._definitions:
            raise TableNotFoundError(f"{database}.{table}")
        return self._definitions[database, table]

    def convert(
        self, database: str, table: str, documents: Sequence[bytes]
    ) -> tuple[pa.Table, list[Rejected]]:
        definition = self._definition(database, table)
        return rows_to_arrow(definition.schema, documents, definition.partition_spec)

    def unique_keys(self, database: str, table: str) -> tuple[str, ...]:
        return tuple(self._definition(database, table).schema.identifier_field_names())

    def append(self, database: str, table: str, records: pa.Table, summary: Mapping[str, str]) -> None:
        self._rows[database, table] += records.to_pylist()
        self._properties[database, table].update(summary)

    def write_changes(
        self,
        database: str,
        table: str,
        records: pa.Table,
        operations: Sequence[str],
        unique_keys: Sequence[str],
        summary: Mapping[str, str],
    ) -> None:
        rows = self._rows[database, table]
        for row, operation in zip(records.to_pylist(), operations, strict=True):
            assert operation == "update"
            rows[:] = [other for other in rows if any(other[key] != row[key] for key in unique_keys)]
            rows.append(row)
        self._properties[database, table].update(summary)

    def snapshot_property(self, database: str, table: str, key: str) -> str | None:
        self._definition(database, table)
        return self._properties[database, table].get(key)

    def rows(self, database: str, table: str) -> TableRows:
        return self._rows[database, table]

    def close(self) -> None:
        """Memory stands for what is on disk: it stays."""


class ContendedLakehouse(Lakehouse):
    """PyIceberg's tables; a second handle can commit between a read and its commit."""

    def __init__(self, state: Path, definitions: Sequence[TableDefinition]) -> None:
        super().__init__(state, ObjectStore(state / "s3"))
        self._state = state
        self._committing = False
        self.rival_commits = 0
        """How many of the next commits meet a rival."""
        self.seen: Counter[str] = Counter()
        for definition in definitions:
            self.create_database(definition.database)
            if definition.name not in self.iceberg_tables(definition.database):
                self.create_table(definition)

    def append(self, database: str, table: str, records: pa.Table, summary: Mapping[str, str]) -> int:
        with self._commit():
            return super().append(database, table, records, summary)

    def write_changes(
        self,
        database: str,
        table: str,
        records: pa.Table,
        operations: Sequence[str],
        unique_keys: Sequence[str],
        summary: Mapping[str, str],
    ) -> int:
        with self._commit():
            return super().write_changes(database, table, records, operations, unique_keys, summary)

    @contextmanager
    def _commit(self) -> Iterator[None]:
        self._committing = True
        try:
            yield
        finally:
            self._committing = False

    def table(self, database: str, name: str) -> Table:
        loaded = super().table(database, name)
        if self._committing and self.rival_commits:
            self.rival_commits -= 1
            self.maintain(database, name)
        return loaded

    def expire(self, database: str, name: str) -> None:
        """Forget all snapshots that may go, and remove the files that nobody refers to."""
        table = super().table(database, name)
        soon = datetime.now(UTC) + timedelta(seconds=1)
        self.seen["snapshots expired"] += expire_snapshots(table, older_than=soon)
        self.seen["orphans removed"] += remove_orphans(table, self.objects, older_than=soon).files

    def maintain(self, database: str, name: str) -> None:
        """Compaction by another process, which does not know this lock; an empty commit if it had no work."""
        rival = Lakehouse(self._state, self.objects)
        try:
            done = compact(rival.table(database, name), min_input_files=2)
            self.seen["compacted by a rival" if done.snapshot_id else "empty rival commit"] += 1
            if done.snapshot_id is None:
                schema = rival.table(database, name).schema().as_arrow()
                rival.append(database, name, schema.empty_table(), {})
        finally:
            rival.close()

    def rows(self, database: str, table: str) -> TableRows:
        rows: TableRows = super().table(database, table).scan().to_arrow().to_pylist()
        return rows


class FaultyTables:
    """`Tables` whose commits fail before or after they took effect, or take effect twice."""

    def __init__(self, tables: Tables, disk: Disk) -> None:
        self._tables = tables
        self._disk = disk
        self.convert = tables.convert
        self.unique_keys = tables.unique_keys
        self.snapshot_property = tables.snapshot_property
        self.repetitions = 0
        """How many of the next commits are made twice."""
        self.repeated: Counter[int] = Counter()
        """Serial -> how often it was delivered once more."""

    def append(self, database: str, table: str, records: pa.Table, summary: Mapping[str, str]) -> None:
        self._commit(lambda extra: self._tables.append(database, table, records, extra), records, summary)

    def write_changes(
        self,
        database: str,
        table: str,
        records: pa.Table,
        operations: Sequence[str],
        unique_keys: Sequence[str],
        summary: Mapping[str, str],
    ) -> None:
        def effect(extra: Mapping[str, str]) -> object:
            return self._tables.write_changes(database, table, records, operations, unique_keys, extra)

        self._commit(effect, records, summary)

    def _commit(
        self, effect: Callable[[Mapping[str, str]], object], records: pa.Table, summary: Mapping[str, str]
    ) -> None:
        self._disk.touch()
        if self.repetitions:
            self.repetitions -= 1
            effect({})
            self.repeated.update(serial_of(uri.encode()) for uri in records["uri"].to_pylist())
        effect(summary)
        self._disk.touch()
