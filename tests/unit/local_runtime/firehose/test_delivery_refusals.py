"""Tables that are dropped or changed while rows wait: the stream goes on and no record is lost or doubled."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from local_runtime.errors import TableNotFoundError
from tests.unit.local_runtime.firehose.world import Answer, FakeTables, Refused, World


class TwoTables(FakeTables):
    """`db.t` and `db.other`; a commit to a table does what it is told to first."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[str, list[bytes]] = {"t": [], "other": []}
        self.positions: dict[str, str] = {}
        self.errors: dict[str, list[Exception]] = {"t": [], "other": []}
        self.errors_after: list[Exception] = []
        self.gone: set[str] = set()

    def convert(self, database: str, table: str, documents: Sequence[bytes]) -> tuple[Any, Sequence[Refused]]:
        if table in self.gone:
            raise TableNotFoundError(f"{database}.{table}")
        return pa.table({"document": list(documents)}), []

    def append(self, database: str, table: str, records: Any, summary: Mapping[str, str]) -> None:
        if self.errors[table]:
            error = self.errors[table].pop(0)
            if isinstance(error, TableNotFoundError):
                self.gone.add(table)
            raise error
        self.stored[table] += records["document"].to_pylist()
        (self.positions[table],) = summary.values()
        if self.errors_after:
            raise self.errors_after.pop(0)

    def snapshot_property(self, database: str, table: str, key: str) -> str | None:
        if table in self.gone:
            raise TableNotFoundError(f"{database}.{table}")
        return self.positions.get(table)


@pytest.fixture
def tables() -> TwoTables:
    return TwoTables()


@pytest.fixture
def world(tmp_path: Path, tables: TwoTables, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("local_runtime.firehose.delivery.RETRY_SECONDS", (0.01,))
    world = World(tmp_path, tables=tables)
    world.function.script = [_by_first_letter] * 9
    for data in (b"t1", b"other1"):
        world.source.put(data)
    return world


def _by_first_letter(event: dict[str, Any]) -> Answer:
    records = []
    for record in event["records"]:
        table = "t" if base64.b64decode(record["data"]).startswith(b"t") else "other"
        target = {"destinationDatabaseName": "db", "destinationTableName": table, "operation": "insert"}
        verdict = {"recordId": record["recordId"], "result": "Ok", "data": record["data"]}
        records.append({**verdict, "metadata": {"otfMetadata": target}})
    return Answer(json.dumps({"records": records}).encode())


def test_table_dropped_after_another_has_its_rows_does_not_block_the_stream(
    world: World, tables: TwoTables
) -> None:
    tables.errors["other"] = [TableNotFoundError("db.other")]
    counters = world.run().status()["counters"]
    assert tables.stored == {"t": [b"t1"], "other": []}
    (envelope,) = world.objects.envelopes()
    assert (envelope["errorCode"], envelope["arrivalTimestamp"]) == ("Iceberg.NoSuchTable", 1_700_000_000_000)
    assert json.loads(world.objects.raw()[0]) == {"document": base64.b64encode(b"other1").decode()}
    assert (counters["stored"], counters["iceberg-failed"]) == (1, 1)
    assert counters["iceberg-failed:Iceberg.NoSuchTable"] == 1


@pytest.mark.parametrize("point", ["after-error-objects", "after-commit"])
def test_kill_while_rows_are_set_aside_loses_and_doubles_nothing(
    world: World, tables: TwoTables, point: str
) -> None:
    tables.errors["other"] = [TableNotFoundError("db.other")]
    world.run(crash_at=point)
    counters = world.run().status()["counters"]
    assert tables.stored["t"] == [b"t1"]
    assert len(tables.stored["other"]) + len(world.objects.raw()) == 1
    assert counters["stored"] + counters.get("iceberg-failed", 0) == 2


def test_rows_that_a_changed_table_refuses_are_read_and_converted_again(
    world: World, tables: TwoTables
) -> None:
    tables.errors["t"] = [ValueError("the column has another type")]
    world.run()
    assert tables.stored == {"t": [b"t1"], "other": [b"other1"]}
    assert world.function.calls == 2
    assert world.objects == {}


def test_rows_that_are_refused_again_become_errors_and_the_others_are_stored(
    world: World, tables: TwoTables
) -> None:
    tables.errors["t"] = [ValueError("no")] * 2
    counters = world.run().status()["counters"]
    assert tables.stored == {"t": [], "other": [b"other1"]}
    assert (counters["stored"], counters["iceberg-failed"]) == (1, 1)


def test_error_after_a_visible_commit_doubles_no_row(world: World, tables: TwoTables) -> None:
    tables.errors_after = [KeyError("cache")]
    world.run()
    assert tables.stored == {"t": [b"t1"], "other": [b"other1"]}
    assert world.function.calls == 1


def test_key_error_of_a_conversion_is_no_missing_table(world: World, tables: TwoTables) -> None:
    found: list[str] = []
    convert = tables.convert

    def convert_at_the_second_try(
        database: str, table: str, documents: Sequence[bytes]
    ) -> tuple[Any, Sequence[Refused]]:
        found.append(table)
        if len(found) == 1:
            raise KeyError("cache")
        return convert(database, table, documents)

    tables.convert = convert_at_the_second_try  # type: ignore[method-assign]
    world.run()
    assert tables.stored == {"t": [b"t1"], "other": [b"other1"]}
    assert world.objects == {}


def test_parts_with_different_types_of_a_column_are_converted_again(world: World, tables: TwoTables) -> None:
    convert, kinds = tables.convert, [pa.int64(), pa.binary()]

    def convert_by_the_schema_of_then(
        database: str, table: str, documents: Sequence[bytes]
    ) -> tuple[Any, Sequence[Refused]]:
        rows, refused = convert(database, table, documents)
        if kinds:
            rows = pa.table({"document": pa.nulls(len(documents), kinds.pop(0))})
        return rows, refused

    tables.convert = convert_by_the_schema_of_then  # type: ignore[method-assign]
    delivery = world.delivery()
    destination = delivery._make_destination()
    rows = delivery._transformed(world.source.read("shard-0", None, 10, 1000), _Pool()).rows[:1]  # type: ignore[arg-type]
    for _ in range(2):
        delivery._buffer.parts.append(destination.prepare(rows))
    with pytest.raises((ValueError, TypeError)):
        delivery._begin()
    assert delivery._buffer.parts == []
    world.run()
    assert tables.stored == {"t": [b"t1"], "other": [b"other1"]}


class _Pool:
    map = staticmethod(map)


def test_every_shard_has_its_turn_when_one_uses_each_budget_up(world: World, tables: TwoTables) -> None:
    read: list[str] = []
    one = world.source.read

    def watched(shard_id: str, after: str | None, limit: int, max_bytes: int) -> Any:
        read.append(shard_id)
        return one(shard_id, after, limit, max_bytes)

    world.source.read = watched  # type: ignore[method-assign]
    for number in range(60):
        world.source.put(b"t" * 90, "shard-0")
        if number < 3:
            world.source.put(b"t-late", "shard-1")
    world.run()
    assert read[:4] == ["shard-0", "shard-1", "shard-0", "shard-1"]
    assert tables.stored["t"].index(b"t-late") < 20
