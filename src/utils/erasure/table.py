"""The person's rows: counted, deleted, and made to vanish from the files.

Athena's DELETE only marks rows as deleted. OPTIMIZE writes the files anew without them, and VACUUM removes
the snapshots and files that still have them, once these are old enough.
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from src.utils.aws.athena import Athena, QueryFailedError, text_literal

from .person import Person, condition

RECEIVED_AT = "received_at"
DEFAULTS = {
    "optimize_rewrite_delete_file_threshold": "2",
    "optimize_rewrite_data_file_threshold": "5",
    "vacuum_max_snapshot_age_seconds": "432000",
    "vacuum_min_snapshots_to_keep": "1",
}
"""Athena's own, for tables that do not say:
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html"""
REWRITE_ALL = {"optimize_rewrite_delete_file_threshold": "1", "optimize_rewrite_data_file_threshold": "1"}
"""A file is rewritten for one deleted row already, and were it the only one."""
MORE_RUNS_NEEDED = "ICEBERG_OPTIMIZE_MORE_RUNS_NEEDED"
COMMIT_CONFLICT = "ICEBERG_COMMIT_ERROR"
ATTEMPTS = 10


@dataclass(frozen=True)
class PersonTable:
    """One Iceberg table, and the column that says who."""

    athena: Athena
    database: str
    table: str
    column: str
    person: Person
    sleep: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        return f"{self.database}.{self.table}"

    @property
    def _quoted(self) -> str:
        return f'"{self.database}"."{self.table}"'

    def count(self) -> int:
        sql = f"SELECT count(*) FROM {self._quoted} WHERE {condition(self.column)}"  # noqa: S608
        return int(self.athena.query(sql, [self.person.parameter]).rows[0][0] or 0)

    def rows_by_minute(self) -> dict[int, int]:
        """Seconds since 1970 -> rows that came in that minute; empty for a table without arrivals."""
        columns = self.athena.query(f"SELECT * FROM {self._quoted} LIMIT 0").columns  # noqa: S608
        if RECEIVED_AT not in columns:
            return {}
        minute = f"CAST(to_unixtime(date_trunc('minute', {RECEIVED_AT})) AS bigint)"
        sql = (
            f"SELECT {minute} AS minute, count(*) AS n FROM {self._quoted}"  # noqa: S608
            f" WHERE {condition(self.column)} AND {RECEIVED_AT} IS NOT NULL GROUP BY 1"
        )
        rows = self.athena.query(sql, [self.person.parameter]).rows
        return {int(cells[0] or 0): int(cells[1] or 0) for cells in rows}

    def delete(self) -> None:
        sql = f"DELETE FROM {self._quoted} WHERE {condition(self.column)}"  # noqa: S608
        self._run(sql, self.person.parameter)

    def rewrite(self) -> None:
        """Write every file anew that has deleted rows."""
        with self._properties(REWRITE_ALL):
            self._run(f"OPTIMIZE {self.name} REWRITE DATA USING BIN_PACK")

    def expire(self, older_than_seconds: int) -> None:
        """Remove the snapshots, and the files that no snapshot has, of that age."""
        changes = {"vacuum_max_snapshot_age_seconds": str(older_than_seconds)}
        with self._properties({**changes, "vacuum_min_snapshots_to_keep": "1"}):
            self._run(f"VACUUM {self.name}")

    def _run(self, sql: str, *parameters: str) -> None:
        """Run it; again when a delivery has committed meanwhile, or when Athena asks for another run."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.athena.run(sql, parameters)
            except QueryFailedError as error:
                again = any(code in str(error) for code in (MORE_RUNS_NEEDED, COMMIT_CONFLICT))
                if not again or attempt == ATTEMPTS:
                    raise
                self.sleep(min(attempt, 5))
            else:
                return

    @contextmanager
    def _properties(self, wanted: Mapping[str, str]) -> Iterator[None]:
        """Table properties for a while; then those that it had, or what Athena takes without them."""
        before = {**DEFAULTS, **self._read_properties()}
        self._alter(wanted)
        try:
            yield
        finally:
            self._alter({name: before[name] for name in wanted})

    def _alter(self, properties: Mapping[str, str]) -> None:
        pairs = ", ".join(f"{text_literal(name)}={text_literal(value)}" for name, value in properties.items())
        self._run(f"ALTER TABLE {self.name} SET TBLPROPERTIES ({pairs})")

    def _read_properties(self) -> dict[str, str]:
        lines = self.athena.lines(f"SHOW TBLPROPERTIES {self.name}")
        pairs = (line.split("\t", 1) for line in lines if "\t" in line)
        return {name.strip(): value.strip() for name, value in pairs}
