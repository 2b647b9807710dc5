"""The table's side of the account, counted by Athena."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from src.utils.aws.athena import Athena

from .time_range import TimeRange

RECEIVED_AT, EVENT_ID = "received_at", "event_id"


@dataclass(frozen=True)
class StoredRows:
    """Rows of a range, and by which column or table they were told to be of it."""

    count: int
    by_arrival: bool
    """False: the table has no `received_at`, so commits of the range were counted."""


class CountedTable:
    """One Iceberg table."""

    def __init__(self, athena: Athena, database: str, table: str) -> None:
        self._athena = athena
        self._table = f'"{database}"."{table}"'
        self._snapshots = f'"{database}"."{table}$snapshots"'
        self._columns: tuple[str, ...] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        if self._columns is None:
            self._columns = self._athena.query(f"SELECT * FROM {self._table} LIMIT 0").columns  # noqa: S608
        return self._columns

    def rows(self, within: TimeRange) -> StoredRows:
        if RECEIVED_AT in self.columns:
            sql = f"SELECT count(*) FROM {self._table} WHERE {_between(RECEIVED_AT, within)}"  # noqa: S608
            return StoredRows(self._number(sql), by_arrival=True)
        added = "coalesce(sum(CAST(element_at(summary, 'added-records') AS bigint)), 0)"
        sql = (
            f"SELECT {added} FROM {self._snapshots}"  # noqa: S608
            f" WHERE operation = 'append' AND {_between('committed_at', within, zone=' UTC')}"
        )
        return StoredRows(self._number(sql), by_arrival=False)

    def repeated_rows(self, within: TimeRange) -> int:
        """Rows that equal another one in id and arrival: one record, delivered more than once."""
        if not {RECEIVED_AT, EVENT_ID} <= set(self.columns):
            return 0
        groups = (
            f"SELECT count(*) AS n FROM {self._table} WHERE {_between(RECEIVED_AT, within)}"  # noqa: S608
            f" GROUP BY {EVENT_ID}, {RECEIVED_AT}"
        )
        return self._number(f"SELECT coalesce(sum(n - 1), 0) FROM ({groups}) AS repeated")  # noqa: S608

    def _number(self, sql: str) -> int:
        return int(self._athena.query(sql).rows[0][0] or 0)


def _between(column: str, within: TimeRange, zone: str = "") -> str:
    start, end = (_literal(moment, zone) for moment in (within.start, within.end))
    return f"{column} >= {start} AND {column} < {end}"


def _literal(moment: datetime, zone: str) -> str:
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}.000{zone}'"
