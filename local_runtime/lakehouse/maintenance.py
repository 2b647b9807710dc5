"""Compaction, snapshot expiry and removal of files that nobody refers to.

https://docs.aws.amazon.com/glue/latest/dg/table-optimizers.html
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.snapshots import Snapshot, ancestors_of

from local_runtime.lakehouse.data_files import (
    carrying_snapshots,
    commit_files,
    current_files,
    read_rows,
    write_rows,
)
from local_runtime.lakehouse.locations import iceberg_locations, is_inside
from local_runtime.lakehouse.object_keys import split_uri
from local_runtime.lakehouse.object_store import ObjectStore

log = logging.getLogger(__name__)

MIN_INPUT_FILES = 100
"""Glue compacts a partition with more small files than this, unless its optimizer says otherwise."""
TARGET_FILE_SIZE = 512 * 1024 * 1024
SMALL_SHARE = 0.75
"""A file below this share of the target is small."""
BIN_BYTES = 64 * 1024 * 1024
"""How much Parquet is rewritten at a time: rows in memory take several times that."""

Lock = AbstractContextManager[Any]

_rewriting = threading.Lock()
"""A compaction writes its files before its commit; until then a removal of orphans would take them."""


@dataclass(frozen=True)
class Compaction:
    """What a compaction did."""

    rewritten_files: int = 0
    written_files: int = 0
    snapshot_id: int | None = None


@dataclass(frozen=True)
class Removal:
    """Files that were removed."""

    files: int = 0
    bytes: int = 0


def compact(
    table: Table,
    *,
    min_input_files: int = MIN_INPUT_FILES,
    where: Callable[[DataFile], bool] = lambda file: True,
    lock: Lock | None = None,
) -> Compaction:
    """Rewrite the small files of each partition that has at least `min_input_files` of them, in one commit.

    Nobody may call it with the commit lock in hand: it waits for an orphan removal, which takes that lock.

    Args:
        where: which data files may be rewritten; Athena's OPTIMIZE ... WHERE narrows by partition.
        lock: held for the commit alone. A file that another commit took away meanwhile stays as that commit
            left it: its bin is given up.
    """
    with _rewriting:
        return _compact(table, min_input_files, where, lock)


def _compact(
    table: Table, min_input_files: int, where: Callable[[DataFile], bool], lock: Lock | None
) -> Compaction:
    bins = _bins([task for task in current_files(table) if where(task.file)], table, max(min_input_files, 1))
    written = [(bin, write_rows(table, read_rows(table, bin))) for bin in bins]
    if not written:
        return Compaction()
    with nullcontext() if lock is None else lock:
        table.refresh()
        live = {(task.file.file_path, len(task.delete_files)): task.file for task in current_files(table)}
        removed: list[DataFile] = []
        added: list[DataFile] = []
        for tasks, files in written:
            keys = [(task.file.file_path, len(task.delete_files)) for task in tasks]
            if all(key in live for key in keys):
                removed += [live[key] for key in keys]
                added += files
        if not removed:
            return Compaction()
        return Compaction(
            len(removed), len(added), commit_files(table, added=added, removed=removed, summary={})
        )


def _bins(tasks: Iterable[FileScanTask], table: Table, min_input_files: int) -> Iterator[list[FileScanTask]]:
    groups: dict[tuple[int, tuple[Any, ...]], list[FileScanTask]] = defaultdict(list)
    for task in tasks:
        if task.delete_files or task.file.file_size_in_bytes < SMALL_SHARE * _target_size(table):
            spec = table.specs()[task.file.spec_id]
            values = tuple(task.file.partition[index] for index in range(len(spec.fields)))
            groups[task.file.spec_id, values].append(task)
    for members in groups.values():
        if len(members) >= min_input_files or any(task.delete_files for task in members):
            yield from _pack(members)


def _target_size(table: Table) -> int:
    return int(table.properties.get("write.target-file-size-bytes", TARGET_FILE_SIZE))


def _pack(tasks: Sequence[FileScanTask]) -> Iterator[list[FileScanTask]]:
    """Runs of files that fit into memory; a run of one file that loses no rows is left alone."""
    run: list[FileScanTask] = []
    size = 0
    for task in sorted(tasks, key=lambda task: task.file.file_size_in_bytes):
        if run and size + task.file.file_size_in_bytes > BIN_BYTES:
            if _is_worth_it(run):
                yield run
            run, size = [], 0
        run.append(task)
        size += task.file.file_size_in_bytes
    if _is_worth_it(run):
        yield run


def _is_worth_it(run: Sequence[FileScanTask]) -> bool:
    return len(run) > 1 or any(task.delete_files for task in run)


def expire_snapshots(
    table: Table, *, older_than: datetime, retain_last: int = 1, lock: Lock | None = None
) -> int:
    """Forget snapshots older than a moment, and remove the files that only they used; how many snapshots.

    The newest `retain_last` of the current branch stay, and so do those that hold consumers' positions.
    """
    with nullcontext() if lock is None else lock:
        table.refresh()
        lineage = [
            snapshot.snapshot_id for snapshot in ancestors_of(table.current_snapshot(), table.metadata)
        ]
        kept = {*lineage[: max(retain_last, 1)], *carrying_snapshots(table)}
        kept |= {reference.snapshot_id for reference in table.metadata.refs.values()}
        horizon = older_than.timestamp() * 1000
        expired = [
            snapshot
            for snapshot in table.metadata.snapshots
            if snapshot.timestamp_ms < horizon and snapshot.snapshot_id not in kept
        ]
        if not expired:
            return 0
        before = files_of(table, expired)
        ids = [snapshot.snapshot_id for snapshot in expired]
        table.maintenance.expire_snapshots().by_ids(ids).commit()
        table.refresh()
        delete_files(table, before - files_of(table, table.metadata.snapshots))
    return len(expired)


def delete_files(table: Table, uris: Iterable[str]) -> None:
    """Remove objects; one that is gone already is no error."""
    for uri in uris:
        try:
            table.io.delete(uri)
        except FileNotFoundError:
            log.info("%s is gone already", uri)


def files_of(table: Table, snapshots: Iterable[Snapshot]) -> set[str]:
    """The manifest lists, manifests, data and delete files that snapshots refer to."""
    found: set[str] = set()
    for snapshot in snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in found:
                found.add(manifest.manifest_path)
                entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
                found.update(entry.data_file.file_path for entry in entries)
    return found


def referred_files(table: Table) -> set[str]:
    """All that the table's metadata refers to, and the metadata itself."""
    metadata = table.metadata
    referred = files_of(table, metadata.snapshots)
    referred |= {table.metadata_location, *(entry.metadata_file for entry in metadata.metadata_log)}
    return referred | {item.statistics_path for item in metadata.statistics}


def remove_orphans(
    table: Table,
    objects: ObjectStore,
    *,
    older_than: datetime,
    others: Iterable[str] = (),
    lock: Lock | None = None,
) -> Removal:
    """Remove the objects under the table's location that no snapshot and no kept metadata refers to.

    What lies in another Iceberg table's folder is that table's, however the folders are nested.

    Args:
        older_than: a younger object may belong to a commit that is under way.
        others: more folders that are not this table's alone.
    """
    with _rewriting, nullcontext() if lock is None else lock:
        table.refresh()
        referred = referred_files(table)
        foreign = [
            folder for folder in [*_other_tables(table), *others] if is_inside(folder, table.location())
        ]
        removed = Removal()
        bucket, prefix = split_uri(table.location().rstrip("/") + "/")
        for key in objects.list(bucket, prefix):
            uri = f"s3://{bucket}/{key}"
            if uri in referred or any(is_inside(uri, folder) for folder in foreign):
                continue
            facts = objects.path(bucket, key).stat()
            if facts.st_mtime < older_than.timestamp():
                objects.delete(bucket, key)
                removed = Removal(removed.files + 1, removed.bytes + facts.st_size)
    return removed


def _other_tables(table: Table) -> list[str]:
    own = ".".join(table.name())
    return [folder for name, folder in iceberg_locations(table.catalog) if name != own]
