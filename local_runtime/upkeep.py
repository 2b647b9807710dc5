"""Glue's table optimizers: compaction, snapshot retention, orphan-file deletion; by themselves or at once.

https://docs.aws.amazon.com/glue/latest/dg/table-optimizers.html
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local_runtime.assembly import Assembly, Resource
from local_runtime.errors import TableNotFoundError, UnsupportedResourceError

if TYPE_CHECKING:
    from local_runtime.lakehouse.lakehouse import Lakehouse

log = logging.getLogger(__name__)

OPTIMIZER_TYPE = "AWS::Glue::TableOptimizer"
COMPACTION_SECONDS = 20.0
"""How often the number of files is looked at."""
REMOVAL_SECONDS = 3600.0
"""How often snapshots and orphan files are looked at."""

TableName = tuple[str, str]


@dataclass(frozen=True)
class Optimizers:
    """What is done to one table; None where the template has no optimizer of that type."""

    min_input_files: int | None = None
    retention: timedelta | None = None
    retain_last: int = 1
    orphan_age: timedelta | None = None


AT_HAND = Optimizers(
    min_input_files=2, retention=timedelta(days=5), retain_last=1, orphan_age=timedelta(days=3)
)
"""What `maintain` does where the template says nothing: Glue's defaults, and compaction at once."""


@dataclass(frozen=True)
class Done:
    """What was done to one table."""

    database: str
    table: str
    rewritten_files: int = 0
    written_files: int = 0
    expired_snapshots: int = 0
    removed_files: int = 0
    removed_bytes: int = 0

    @property
    def is_something(self) -> bool:
        return bool(self.rewritten_files or self.expired_snapshots or self.removed_files)


def optimizers(assembly: Assembly) -> dict[TableName, Optimizers]:
    """The optimizers of each table.

    Raises:
        UnsupportedResourceError: an optimizer of an unknown type.
    """
    found: dict[TableName, Optimizers] = defaultdict(Optimizers)
    for resource in assembly.of_type(OPTIMIZER_TYPE):
        properties = resource.properties
        configuration = properties.get("TableOptimizerConfiguration", {})
        if configuration.get("Enabled", False):
            name = (properties["DatabaseName"], properties["TableName"])
            found[name] = _with(found[name], resource, configuration)
    return dict(found)


def _with(known: Optimizers, resource: Resource, configuration: Mapping[str, Any]) -> Optimizers:
    match resource.properties.get("Type"):
        case "compaction":
            given = _iceberg(configuration, "CompactionConfiguration")
            return replace(known, min_input_files=int(given.get("MinInputFiles", 100)))
        case "retention":
            given = _iceberg(configuration, "RetentionConfiguration")
            return replace(
                known,
                retention=timedelta(days=int(given.get("SnapshotRetentionPeriodInDays", 5))),
                retain_last=int(given.get("NumberOfSnapshotsToRetain", 1)),
            )
        case "orphan_file_deletion":
            given = _iceberg(configuration, "OrphanFileDeletionConfiguration")
            return replace(
                known, orphan_age=timedelta(days=int(given.get("OrphanFileRetentionPeriodInDays", 3)))
            )
        case other:
            raise UnsupportedResourceError(
                resource.type,
                resource.stack,
                resource.logical_id,
                f"Type must be compaction, retention or orphan_file_deletion (got {other!r})",
            )


def _iceberg(configuration: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given: Mapping[str, Any] = configuration.get(name, {}).get("IcebergConfiguration", {})
    return given


def maintain(lakehouse: Lakehouse, name: TableName, what: Optimizers) -> Done:
    """Do to a table what its optimizers ask for, in this order: compact, expire snapshots, remove orphans."""
    from local_runtime.lakehouse.maintenance import compact, expire_snapshots, remove_orphans

    table, lock, now = lakehouse.table(*name), lakehouse.commit_lock, datetime.now(UTC)
    done = Done(*name)
    if what.min_input_files is not None:
        compaction = compact(table, min_input_files=what.min_input_files, lock=lock)
        done = replace(
            done, rewritten_files=compaction.rewritten_files, written_files=compaction.written_files
        )
    if what.retention is not None:
        expired = expire_snapshots(
            table, older_than=now - what.retention, retain_last=what.retain_last, lock=lock
        )
        done = replace(done, expired_snapshots=expired)
    if what.orphan_age is not None:
        removal = remove_orphans(
            table,
            lakehouse.objects,
            older_than=now - what.orphan_age,
            others=lakehouse.other_locations(),
            lock=lock,
        )
        done = replace(done, removed_files=removal.files, removed_bytes=removal.bytes)
    return done


class Upkeep:
    """The optimizers of a run, in a thread of their own."""

    def __init__(
        self, optimizers: Mapping[TableName, Optimizers], lakehouse: Callable[[], Lakehouse]
    ) -> None:
        self._optimizers = optimizers
        self._lakehouse = lakehouse
        self._one_at_a_time = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="optimizers", daemon=True)

    def start(self) -> None:
        if self._optimizers:
            self._thread.start()

    def stop(self) -> None:
        """Wait for the table under way; the next is left alone."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def maintain_now(self, snapshot_age: timedelta | None) -> list[Done]:
        """Compact every table with more than one small file in a partition, and remove what is too old.

        Args:
            snapshot_age: older snapshots are forgotten; None takes each table's own age.
        """
        lakehouse, done = self._lakehouse(), []
        for database in lakehouse.databases():
            for table in lakehouse.iceberg_tables(database):
                what = self._optimizers.get((database, table), AT_HAND)
                age = what.retention if snapshot_age is None else snapshot_age
                wanted = replace(what, min_input_files=AT_HAND.min_input_files, retention=age)
                with self._one_at_a_time:
                    done.append(maintain(lakehouse, (database, table), wanted))
        return done

    def _run(self) -> None:
        seen: dict[TableName, int | None] = {}
        last_removal = time.monotonic()
        while not self._stopping.wait(COMPACTION_SECONDS):
            removal = time.monotonic() - last_removal >= REMOVAL_SECONDS
            last_removal = time.monotonic() if removal else last_removal
            for name, what in self._optimizers.items():
                if self._stopping.is_set():
                    return
                try:
                    self._maintain(name, what, seen, removal=removal)
                except TableNotFoundError:
                    continue  # dropped by hand, until the next start makes it anew
                except Exception:
                    log.exception("%s.%s could not be maintained; trying again later", *name)

    def _maintain(
        self, name: TableName, what: Optimizers, seen: dict[TableName, int | None], *, removal: bool
    ) -> None:
        lakehouse = self._lakehouse()
        facts = lakehouse.facts(*name)
        if not removal:
            what = Optimizers(min_input_files=what.min_input_files)
            if what.min_input_files is None or facts.files < what.min_input_files:
                return
            if seen.get(name) == facts.snapshots:
                return
        with self._one_at_a_time:
            done = maintain(lakehouse, name, what)
        seen[name] = lakehouse.facts(*name).snapshots
        if done.is_something:
            log.info("maintained %s", done)
