"""Metrics of a run, by minute, in SQLite: exact over restarts and `kill -9`.

Measurements reach the journal at once and the database every few seconds. Totals that are durable elsewhere
(the stream's records, the delivery's rows) are not measured a second time: their growth is sampled, and the
sample and the total it reaches to are one transaction.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from local_runtime.errors import LocalRuntimeError
from local_runtime.services.cloudwatch.journal import Entry, Journal, Position, replay
from local_runtime.services.cloudwatch.statistics import StatisticSet

log = logging.getLogger(__name__)

MINUTE = 60
FOLD_SECONDS = 5.0
KEPT_DAYS = 15
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html"""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (namespace, name, dimensions, unit)
);
CREATE TABLE IF NOT EXISTS point (
    series INTEGER NOT NULL REFERENCES series (id),
    minute INTEGER NOT NULL,
    count REAL NOT NULL,
    sum REAL NOT NULL,
    minimum REAL NOT NULL,
    maximum REAL NOT NULL,
    bins TEXT NOT NULL,
    PRIMARY KEY (series, minute)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS total (series INTEGER PRIMARY KEY REFERENCES series (id), value REAL NOT NULL);
CREATE TABLE IF NOT EXISTS journal (generation INTEGER NOT NULL, position INTEGER NOT NULL);
"""
_POINT = "SELECT count, sum, minimum, maximum, bins FROM point WHERE series = ? AND minute = ?"
_POINTS = (
    "SELECT minute, count, sum, minimum, maximum, bins FROM point JOIN series ON id = series"
    " WHERE namespace = ? AND name = ? AND dimensions = ? AND unit = ? AND minute >= ? AND minute < ?"
    " ORDER BY minute"
)
_SUMS = "SELECT namespace, name, dimensions, unit, sum(sum) FROM point JOIN series ON id = series GROUP BY id"

Dimensions = tuple[tuple[str, str], ...]


class Series(NamedTuple):
    """One metric in one unit; dimensions are sorted by name."""

    namespace: str
    name: str
    dimensions: Dimensions
    unit: str = "None"


def dimensions_of(given: Mapping[str, str]) -> Dimensions:
    return tuple(sorted(given.items()))


Totals = Callable[[], Iterable[tuple[Series, float]]]
"""Totals that only grow, since the state was made."""


class MetricStore:
    """Safe for many threads."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: dict[tuple[Series, int], StatisticSet] = {}
        self._totals: list[Totals] = []
        self._closed = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._fold_forever, name="metrics", daemon=True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / "metrics.db", isolation_level=None, check_same_thread=False)
            self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_SCHEMA}")
            self._journal = Journal(folder, self._recover(folder).generation)
        except (sqlite3.Error, OSError) as error:
            raise LocalRuntimeError(f"{folder}: the metrics cannot be opened: {error}") from error
        horizon = int(self._clock()) - KEPT_DAYS * 86400
        self._db.execute("DELETE FROM point WHERE minute < ?", (horizon,))

    def _recover(self, folder: Path) -> Position:
        """Bring in what a killed run had measured and not folded."""
        row = self._db.execute("SELECT generation, position FROM journal").fetchone()
        position = Position(0, 0) if row is None else Position(*row)
        if row is None:
            self._db.execute("INSERT INTO journal VALUES (0, 0)")
        for entry, reached in replay(folder, position):
            self._add(entry)
            position = reached
        fresh = Position(position.generation + 1, 0)
        self._write(fresh, {})
        return fresh

    # -- in

    def start(self) -> None:
        self._thread.start()

    def add_totals(self, totals: Totals) -> None:
        """Sample these from now on; what they grew by since the last run counts now."""
        self._totals.append(totals)

    def record(
        self,
        namespace: str,
        dimensions: Dimensions,
        values: Iterable[tuple[str, str, float, float]],
        at: float | None = None,
    ) -> None:
        """Measure: (name, unit, value, how many times) of each metric."""
        entry: Entry = (self._clock() if at is None else at, namespace, dimensions, tuple(values))
        with self._lock:
            if self._closed:  # a function's last words, after the run has ended
                return
            try:
                self._journal.append(entry)
            except OSError as error:  # measuring must not break what is measured
                log.warning("a metric is only in memory, the journal cannot be written: %s", error)
            self._add(entry)

    def record_set(self, series: Series, values: StatisticSet, at: float) -> None:
        """Add values that were counted by the client; durable when this returns."""
        with self._lock:
            self._minute(series, at).merge(values)
        self.fold()

    def _add(self, entry: Entry) -> None:
        at, namespace, dimensions, values = entry
        for name, unit, value, count in values:
            self._minute(Series(namespace, name, dimensions, unit), at).add(value, count)

    def _minute(self, series: Series, at: float) -> StatisticSet:
        key = (series, int(at) // MINUTE * MINUTE)
        found = self._pending.get(key)
        if found is None:
            found = self._pending[key] = StatisticSet()
        return found

    # -- folding

    def fold(self) -> None:
        """Bring everything measured so far into the database."""
        with self._lock:
            # Read under the lock: a total that is older than the last sample would look like a new beginning.
            totals = {series: value for source in self._totals for series, value in source()}
            position = self._journal.position()
            self._write(position, totals)
            self._journal.remove_before(position)

    def _write(self, position: Position, totals: Mapping[Series, float]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for series, total in totals.items():
                if total:  # what never happened is no metric yet
                    self._sample(series, total)
            for (series, minute), values in self._pending.items():
                self._upsert(self._series_id(series), minute, values)
            row = (position.generation, position.offset)
            self._db.execute("UPDATE journal SET generation = ?, position = ?", row)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._pending.clear()

    def _sample(self, series: Series, total: float) -> None:
        series_id = self._series_id(series)
        row = self._db.execute("SELECT value FROM total WHERE series = ?", (series_id,)).fetchone()
        before = 0 if row is None else row[0]
        if total != before:
            self._db.execute("INSERT OR REPLACE INTO total VALUES (?, ?)", (series_id, total))
        if total > before:
            grown = StatisticSet()
            grown.add(total - before)
            # Straight into the database: if this transaction fails, the next sample sees the growth again.
            self._upsert(series_id, int(self._clock()) // MINUTE * MINUTE, grown)

    def _series_id(self, series: Series) -> int:
        key = (series.namespace, series.name, json.dumps(series.dimensions), series.unit)
        self._db.execute("INSERT OR IGNORE INTO series VALUES (NULL, ?, ?, ?, ?)", key)
        found = self._db.execute(
            "SELECT id FROM series WHERE namespace = ? AND name = ? AND dimensions = ? AND unit = ?", key
        ).fetchone()
        return int(found[0])

    def _upsert(self, series_id: int, minute: int, values: StatisticSet) -> None:
        place = (series_id, minute)
        row = self._db.execute(_POINT, place).fetchone()
        merged = StatisticSet() if row is None else _from_row(row)
        merged.merge(values)
        numbers = (merged.count, merged.sum, merged.minimum, merged.maximum, json.dumps(merged.bins))
        self._db.execute("INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?, ?, ?, ?)", (*place, *numbers))

    def _fold_forever(self) -> None:
        while not self._stopping.wait(FOLD_SECONDS):
            try:
                self.fold()
            except Exception:
                log.exception("the metrics could not be written; trying again later")

    # -- out

    def series(self) -> list[Series]:
        """Every metric that has ever been measured."""
        with self._lock:
            rows = self._db.execute(
                "SELECT namespace, name, dimensions, unit FROM series ORDER BY 1, 2, 3, 4"
            )
            return [_series(row) for row in rows.fetchall()]

    def points(self, series: Series, start: float, end: float) -> list[tuple[int, StatisticSet]]:
        """The minutes from `start` on and before `end`."""
        key = (series.namespace, series.name, json.dumps(series.dimensions), series.unit)
        with self._lock:
            rows = self._db.execute(_POINTS, (*key, start, end)).fetchall()
        return [(row[0], _from_row(row[1:])) for row in rows]

    def sums(self) -> list[tuple[Series, float]]:
        """Each metric's sum over all minutes kept."""
        with self._lock:
            rows = self._db.execute(_SUMS).fetchall()
        return [(_series(row[:4]), row[4]) for row in rows]

    def close(self) -> None:
        """Fold what is left; nothing can be measured afterwards."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.fold()
        with self._lock:
            self._closed = True
            self._journal.close()
            self._db.close()


def _series(row: tuple[str, str, str, str]) -> Series:
    namespace, name, dimensions, unit = row
    return Series(namespace, name, tuple((key, value) for key, value in json.loads(dimensions)), unit)


def _from_row(row: tuple[float, float, float, float, str]) -> StatisticSet:
    count, total, minimum, maximum, bins = row
    return StatisticSet(
        count, total, minimum, maximum, {int(key): value for key, value in json.loads(bins).items()}
    )
