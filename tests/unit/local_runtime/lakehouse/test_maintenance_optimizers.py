"""The templates' table optimizers, and `maintain`, on a real table."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly import Resource
from local_runtime.errors import UnsupportedResourceError
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.upkeep import AT_HAND, Done, Optimizers, Upkeep, maintain, optimizers
from tests.unit.local_runtime.lakehouse.tables import DATABASE, TABLE, event, store, web_log_lakehouse

NAME = (DATABASE, TABLE)


class Templates:
    def __init__(self, *resources: Resource) -> None:
        self.resources = resources

    def of_type(self, kind: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == kind]


def optimizer(kind: str, *, enabled: bool = True, **configuration: Any) -> Resource:
    properties = {
        "CatalogId": "123456789012",
        "DatabaseName": DATABASE,
        "TableName": TABLE,
        "Type": kind,
        "TableOptimizerConfiguration": {"Enabled": enabled, "RoleArn": "role", **configuration},
    }
    return Resource("Stack", kind, "AWS::Glue::TableOptimizer", properties, kind, {})


def iceberg(**values: object) -> dict[str, object]:
    return {"IcebergConfiguration": values}


def read(*resources: Resource) -> dict[tuple[str, str], Optimizers]:
    return optimizers(Templates(*resources))  # type: ignore[arg-type]


@pytest.fixture
def lakehouse(tmp_path: Path) -> Lakehouse:
    lakehouse = web_log_lakehouse(tmp_path)
    for number in range(4):
        store(lakehouse, [event(user_id=f"u{number}")])
    return lakehouse


def test_optimizers_of_a_table_are_read_together() -> None:
    found = read(
        optimizer("compaction", CompactionConfiguration=iceberg(MinInputFiles=7)),
        optimizer(
            "retention",
            RetentionConfiguration=iceberg(SnapshotRetentionPeriodInDays=2, NumberOfSnapshotsToRetain=3),
        ),
        optimizer(
            "orphan_file_deletion",
            OrphanFileDeletionConfiguration=iceberg(OrphanFileRetentionPeriodInDays=4),
        ),
    )
    assert found == {NAME: Optimizers(7, timedelta(days=2), 3, timedelta(days=4))}


def test_defaults_are_glues_and_a_disabled_optimizer_does_nothing() -> None:
    found = read(optimizer("compaction"), optimizer("retention"), optimizer("orphan_file_deletion"))
    assert found == {NAME: Optimizers(100, timedelta(days=5), 1, timedelta(days=3))}
    assert read(optimizer("compaction", enabled=False)) == {}


def test_unknown_optimizer_is_named() -> None:
    with pytest.raises(UnsupportedResourceError, match=r"Stack/polish: .* \(got 'polish'\)"):
        read(optimizer("polish"))


def test_table_is_left_alone_below_its_threshold(lakehouse: Lakehouse) -> None:
    assert maintain(lakehouse, NAME, Optimizers(min_input_files=5)) == Done(*NAME)


def test_maintain_now_compacts_forgets_and_keeps_the_rows(lakehouse: Lakehouse) -> None:
    upkeep = Upkeep({NAME: Optimizers(min_input_files=100)}, lambda: lakehouse)
    (done,) = upkeep.maintain_now(timedelta(0))
    assert (done.rewritten_files, done.written_files, done.expired_snapshots) == (4, 1, 4)
    facts = lakehouse.facts(*NAME)
    assert (facts.rows, facts.files, facts.snapshots) == (4, 1, 1)


def test_maintain_now_keeps_young_snapshots(lakehouse: Lakehouse) -> None:
    (done,) = Upkeep({}, lambda: lakehouse).maintain_now(None)
    assert done.expired_snapshots == 0
    assert AT_HAND.retention == timedelta(days=5)


def test_background_passes_a_dropped_table_over(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("local_runtime.upkeep.COMPACTION_SECONDS", 0.01)
    upkeep = Upkeep({(DATABASE, "gone"): AT_HAND, NAME: Optimizers(min_input_files=4)}, lambda: lakehouse)
    upkeep.start()
    deadline = time.monotonic() + 10
    while lakehouse.facts(*NAME).files > 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    upkeep.stop()
    assert lakehouse.facts(*NAME).files == 1
    assert "could not be maintained" not in caplog.text


def test_background_compacts_when_the_threshold_is_reached(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep = Upkeep({NAME: Optimizers(min_input_files=4)}, lambda: lakehouse)
    seen: dict[tuple[str, str], int | None] = {}
    upkeep._maintain(NAME, Optimizers(min_input_files=4), seen, removal=False)
    assert lakehouse.facts(*NAME).files == 1
    monkeypatch.setattr("local_runtime.upkeep.maintain", None)  # nothing is done again without a commit
    upkeep._maintain(NAME, Optimizers(min_input_files=1), seen, removal=False)
