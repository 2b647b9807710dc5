"""Compaction, expiry and orphan removal keep every row, every position and nothing else."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyiceberg.table import Table

from local_runtime.lakehouse import maintenance
from local_runtime.lakehouse.data_files import carried_summary, current_files
from local_runtime.lakehouse.durable_file import discard_unfinished
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.maintenance import Removal, compact, expire_snapshots, remove_orphans
from local_runtime.lakehouse.object_store import ObjectStore
from tests.unit.local_runtime.lakehouse.tables import (
    BUCKET,
    DATABASE,
    TABLE,
    database_resource,
    event,
    open_lakehouse,
    store,
    table_resource,
    web_log_lakehouse,
)

POSITIONS = "firehose.me.positions"


@pytest.fixture
def lakehouse(tmp_path: Path) -> Lakehouse:
    """Ten deliveries into two partitions."""
    lakehouse = web_log_lakehouse(tmp_path)
    for number in range(10):
        kinds = ("view", "cart") if number < 8 else ("view",)
        events = [event(user_id=f"u{number}", event=kind) for kind in kinds]
        store(lakehouse, events, **{POSITIONS: str(number)})
    return lakehouse


def users(lakehouse: Lakehouse) -> list[str]:
    return sorted(lakehouse.table(DATABASE, TABLE).scan().to_arrow()["user_id"].to_pylist())


def objects(lakehouse: Lakehouse) -> set[str]:
    return set(lakehouse.objects.list(BUCKET))


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


def test_compaction_rewrites_only_partitions_with_enough_small_files(lakehouse: Lakehouse) -> None:
    before = users(lakehouse)
    done = compact(lakehouse.table(DATABASE, TABLE), min_input_files=10)
    assert (done.rewritten_files, done.written_files) == (10, 1)
    assert len(current_files(lakehouse.table(DATABASE, TABLE))) == 9
    assert users(lakehouse) == before


def test_compaction_carries_positions_forward(lakehouse: Lakehouse) -> None:
    table = lakehouse.table(DATABASE, TABLE)
    compact(table, min_input_files=2)
    snapshot = table.current_snapshot()
    assert snapshot is not None and snapshot.summary is not None
    assert snapshot.summary.additional_properties[POSITIONS] == "9"


def test_compaction_without_small_files_makes_no_snapshot(lakehouse: Lakehouse) -> None:
    table = lakehouse.table(DATABASE, TABLE)
    compact(table, min_input_files=2)
    snapshots = len(table.metadata.snapshots)
    assert compact(table, min_input_files=2).snapshot_id is None
    assert len(lakehouse.table(DATABASE, TABLE).metadata.snapshots) == snapshots


def test_compaction_of_chosen_files_leaves_the_others(lakehouse: Lakehouse) -> None:
    table = lakehouse.table(DATABASE, TABLE)
    done = compact(table, min_input_files=2, where=lambda file: file.partition[0] == "cart")
    assert (done.rewritten_files, done.written_files) == (8, 1)


def test_files_are_packed_into_runs_that_fit_into_memory(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = max(task.file.file_size_in_bytes for task in current_files(lakehouse.table(DATABASE, TABLE)))
    monkeypatch.setattr(maintenance, "BIN_BYTES", 2 * size)
    before = users(lakehouse)
    done = compact(lakehouse.table(DATABASE, TABLE), min_input_files=2)
    assert (done.rewritten_files, done.written_files) == (18, 9)
    assert users(lakehouse) == before


def test_delivery_during_a_compaction_is_kept(lakehouse: Lakehouse) -> None:
    class Late:
        """The lock of the commit: another delivery was faster."""

        def __enter__(self) -> None:
            store(lakehouse, [event(user_id="late")], **{POSITIONS: "10"})

        def __exit__(self, *_: object) -> None:
            return None

    compact(lakehouse.table(DATABASE, TABLE), min_input_files=2, lock=Late())
    assert users(lakehouse)[0] == "late"
    assert len(users(lakehouse)) == 19
    assert carried_summary(lakehouse.table(DATABASE, TABLE)) == {POSITIONS: "10"}


def test_update_during_a_compaction_is_not_undone(lakehouse: Lakehouse) -> None:
    class Late:
        def __enter__(self) -> None:
            rows, _ = lakehouse.convert(
                DATABASE, TABLE, [b'{"user_id":"u0","event":"view","timestamp":"2026-11-20T10:00:00Z"}']
            )
            lakehouse.write_changes(DATABASE, TABLE, rows, ["delete"], ["user_id"], {})

        def __exit__(self, *_: object) -> None:
            return None

    done = compact(lakehouse.table(DATABASE, TABLE), min_input_files=2, lock=Late())
    assert done.rewritten_files == 8, "the other partition's files are still the same"
    assert users(lakehouse).count("u0") == 1
    assert len(users(lakehouse)) == 17


def test_expiry_keeps_the_newest_and_removes_the_files_of_the_others(lakehouse: Lakehouse) -> None:
    table = lakehouse.table(DATABASE, TABLE)
    before = users(lakehouse)
    compact(table, min_input_files=2)
    old = {key for key in objects(lakehouse) if "/data/" in key}
    assert expire_snapshots(table, older_than=soon()) == 10
    assert len(table.metadata.snapshots) == 1
    left = {key for key in objects(lakehouse) if "/data/" in key}
    assert (len(old), len(left)) == (20, 2)
    assert users(lakehouse) == before
    assert lakehouse.snapshot_property(DATABASE, TABLE, POSITIONS) == "9"


def test_expiry_retains_as_many_as_asked_and_the_young(lakehouse: Lakehouse) -> None:
    table = lakehouse.table(DATABASE, TABLE)
    assert expire_snapshots(table, older_than=datetime.now(UTC) - timedelta(days=5)) == 0
    assert expire_snapshots(table, older_than=soon(), retain_last=4) == 6
    assert len(table.metadata.snapshots) == 4


def test_expiry_keeps_the_snapshot_that_alone_holds_positions(lakehouse: Lakehouse) -> None:
    table = lakehouse.table(DATABASE, TABLE)
    with table.transaction() as transaction:  # a writer that knows nothing of positions
        transaction.update_snapshot().fast_append().commit()
    expire_snapshots(table, older_than=soon())
    assert len(table.metadata.snapshots) == 2
    assert lakehouse.snapshot_property(DATABASE, TABLE, POSITIONS) == "9"


def test_orphans_are_removed_when_they_are_old_enough(lakehouse: Lakehouse) -> None:
    table = lakehouse.table(DATABASE, TABLE)
    orphan = f"{DATABASE}/{TABLE}/data/orphan.parquet"
    lakehouse.objects.put(BUCKET, orphan, b"left by a killed writer")
    lakehouse.objects.put(BUCKET, "errors/kept", b"outside the table's location")
    before = objects(lakehouse)
    old = datetime.now(UTC) - timedelta(days=3)
    assert remove_orphans(table, lakehouse.objects, older_than=old) == Removal()
    os.utime(lakehouse.objects.path(BUCKET, orphan), (0, 0))
    removed = remove_orphans(table, lakehouse.objects, older_than=old, lock=threading.Lock())
    assert removed == Removal(1, 23)
    assert before - objects(lakehouse) == {orphan}
    assert len(users(lakehouse)) == 18


@pytest.fixture
def nested(lakehouse: Lakehouse) -> Table:
    """A table in the other's folder, as a catalog of another tool would allow."""
    table = lakehouse.table(DATABASE, TABLE)
    location = f"{table.location()}/inner"
    inner = lakehouse._catalog.create_table((DATABASE, "inner"), table.schema(), location)
    lakehouse.append(DATABASE, "inner", table.scan().to_arrow(), {})
    return inner


def test_orphan_removal_and_drop_leave_the_files_of_a_table_inside(
    lakehouse: Lakehouse, nested: Table
) -> None:
    external = f"{DATABASE}/{TABLE}/logs/a.json"
    lakehouse.objects.put(BUCKET, external, b"{}")
    before = objects(lakehouse)
    folder = f"s3://{BUCKET}/{DATABASE}/{TABLE}/logs"
    table = lakehouse.table(DATABASE, TABLE)
    assert remove_orphans(table, lakehouse.objects, older_than=soon(), others=[folder]) == Removal()
    assert objects(lakehouse) == before
    lakehouse.drop_table(DATABASE, TABLE)
    assert nested.refresh().scan().to_arrow().num_rows == 18
    assert all(key.startswith((f"{DATABASE}/{TABLE}/inner/", external)) for key in objects(lakehouse))


def test_table_whose_files_are_missing_can_be_dropped(lakehouse: Lakehouse) -> None:
    snapshot = lakehouse.table(DATABASE, TABLE).current_snapshot()
    assert snapshot is not None
    lakehouse.objects.path_of_uri(snapshot.manifest_list).unlink()
    lakehouse.drop_table(DATABASE, TABLE)
    assert lakehouse.tables(DATABASE) == []


class Gate:
    """A commit lock that says when the commit is about to start, and holds it up."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __enter__(self) -> None:
        self.reached.set()
        assert self.open.wait(10)

    def __exit__(self, *error: object) -> None:
        pass


def test_orphan_removal_waits_for_a_compaction_whose_files_are_not_committed(lakehouse: Lakehouse) -> None:
    before, gate = users(lakehouse), Gate()
    first, second = lakehouse.table(DATABASE, TABLE), lakehouse.table(DATABASE, TABLE)
    with ThreadPoolExecutor(2) as pool:
        compaction = pool.submit(compact, first, min_input_files=2, lock=gate)
        assert gate.reached.wait(10)
        removal = pool.submit(remove_orphans, second, lakehouse.objects, older_than=soon())
        with pytest.raises(TimeoutError):
            removal.result(0.2)
        gate.open.set()
        assert compaction.result(10).written_files == 2
        assert removal.result(10) == Removal()
    assert users(lakehouse) == before


def test_many_small_deliveries_leave_few_manifests_and_few_old_metadata_files(tmp_path: Path) -> None:
    lakehouse = open_lakehouse(tmp_path)
    lakehouse.ensure_database(database_resource())
    lakehouse.ensure_table(table_resource(**{"commit.manifest.min-count-to-merge": "5"}))
    for number in range(30):
        store(lakehouse, [event(user_id=f"u{number}")])
    table = lakehouse.table(DATABASE, TABLE)
    snapshot = table.current_snapshot()
    assert snapshot is not None
    assert len(snapshot.manifests(table.io)) <= 5
    assert len([key for key in objects(lakehouse) if key.endswith(".metadata.json")]) == 21
    assert len(users(lakehouse)) == 30


def test_files_that_a_killed_process_was_writing_are_discarded(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path / "s3")
    store.temporaries.mkdir()
    (store.temporaries / "0123").write_bytes(b"half")
    assert discard_unfinished(store.temporaries) == 1
    assert discard_unfinished(store.temporaries) == 0
