"""INSERT, UPDATE, DELETE and MERGE on Iceberg tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_runtime.athena.engine import Athena
from local_runtime.athena.result import QueryError
from tests.unit.local_runtime.lakehouse.tables import DATABASE, TABLE, event, store, web_log_lakehouse

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]
PEOPLE = """create table people (id int, name string, kind string, seen timestamp)
partitioned by (kind, bucket(4, id)) location 's3://people/db/people'
tblproperties ('table_type' = 'ICEBERG')"""


@pytest.fixture
def people(ask: Ask) -> Ask:
    ask(PEOPLE)
    ask("""insert into people values (1, 'anna', 'a', timestamp '2026-11-20 10:00:00'),
        (2, 'ben', 'b', null), (3, 'cleo', 'a', null)""")
    ask("insert into people (kind, id) values ('b', 4)")
    return ask


def names(ask: Ask) -> Rows:
    return ask("select id, name from people order by id")


def test_inserted_rows_have_null_where_nothing_is_given(people: Ask) -> None:
    assert names(people) == [(1, "anna"), (2, "ben"), (3, "cleo"), (4, None)]


def test_insert_takes_a_query_with_a_name_of_its_own(people: Ask) -> None:
    people(
        "insert into people with x as (select max(id) + 1 as id from people) select id, 'x', 'c', null from x"
    )
    assert names(people)[-1] == (5, "x")


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("delete from people where id = 1", [2, 3, 4]),
        ("delete from people where name like '%e%'", [1, 4]),  # NULL is not like anything
        ("delete from people where id in (select id from people where kind = 'b')", [1, 3]),
        ("delete from db.people p where p.kind = 'a'", [2, 4]),
        ("delete from people where false", [1, 2, 3, 4]),
        ("delete from people", []),
    ],
)
def test_delete_removes_what_the_condition_says(people: Ask, sql: str, left: list[int]) -> None:
    people(sql)
    assert [row[0] for row in names(people)] == left


def test_delete_writes_only_the_files_anew_that_lose_rows(people: Ask) -> None:
    before = set(people('select file_path from "people$files"'))
    people("insert into people values (10, 'x', 'a', null), (10, 'y', 'a', null)")
    people("delete from people where name = 'y'")
    after = set(people('select file_path from "people$files"'))
    assert before < after
    assert len(after) == len(before) + 1


def test_update_sets_columns_from_the_row_as_it_was(people: Ask) -> None:
    people("update people set id = id + 100, name = upper(name) || cast(id as varchar) where kind = 'a'")
    assert names(people) == [(2, "ben"), (4, None), (101, "ANNA1"), (103, "CLEO3")]


def test_update_moves_a_row_to_its_new_partition(people: Ask) -> None:
    people("update people set kind = 'z' where id = 1")
    assert people("select kind, count(*) from people group by 1 order by 1") == [("a", 1), ("b", 2), ("z", 1)]
    assert [row[0] for row in people('select "partition".kind from "people$partitions" order by 1')][
        -1
    ] == "z"


def test_merge_updates_deletes_and_inserts_in_one_snapshot(people: Ask) -> None:
    people(
        """merge into people t using (values (1, 'new'), (2, 'gone'), (9, 'added')) as s (id, word)
        on t.id = s.id
        when matched and s.word = 'gone' then delete
        when matched then update set name = s.word
        when not matched then insert (id, name, kind) values (s.id, s.word, 'm')"""
    )
    assert names(people) == [(1, "new"), (3, "cleo"), (4, None), (9, "added")]
    assert people('select count(*) from "people$snapshots"') == [(3,)]


def test_merge_without_a_column_list_inserts_in_the_tables_order(people: Ask) -> None:
    people(
        """merge into people using (select 7 as id, 'g' as name) s on people.id = s.id
        when not matched then insert values (s.id, s.name, 'm', null)"""
    )
    assert names(people)[-1] == (7, "g")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "insert into people values (1, 2, 'a', null)",
            "TYPE_MISMATCH: Insert query has mismatched column types: "
            "Table: [integer, varchar, varchar, timestamp(6)], Query: [integer, integer, varchar, unknown]",
        ),
        ("insert into people (id) values ('1')", "TYPE_MISMATCH: Insert query has mismatched column types"),
        ("insert into people (seen) values ('2026-11-20 10:00:00')", "TYPE_MISMATCH: "),
        ("insert into people (nope) values (1)", "COLUMN_NOT_FOUND: Insert column name does not exist"),
        ("insert into people (id, id) values (1, 1)", "DUPLICATE_COLUMN_NAME: "),
        ("insert into nobody values (1)", "TABLE_NOT_FOUND: Table 'awsdatacatalog.db.nobody' does not exist"),
        ("update people set nope = 1", "COLUMN_NOT_FOUND: The UPDATE SET target column nope doesn't exist"),
        ("update people set id = 'x'", "TYPE_MISMATCH: "),
        (
            "delete from people where nope = 1",
            "COLUMN_NOT_FOUND: line 1:26: Column 'nope' cannot be resolved",
        ),
        ("delete from people where id = 'x'", "TYPE_MISMATCH: "),
        (
            "merge into people t using (values (1), (1)) s (id) on t.id = s.id when matched then delete",
            "MERGE_TARGET_ROW_MULTIPLE_MATCHES: ",
        ),
    ],
)
def test_statement_that_fails_changes_nothing(people: Ask, sql: str, message: str) -> None:
    snapshots = people('select count(*) from "people$snapshots"')
    with pytest.raises(QueryError) as failed:
        people(sql)
    assert str(failed.value).startswith(message)
    assert people('select count(*) from "people$snapshots"') == snapshots


def test_number_of_changed_rows_is_told(empty_athena: Athena) -> None:
    empty_athena.execute(PEOPLE, "db")
    counts = [
        empty_athena.execute(sql, "db").update_count
        for sql in (
            "insert into people (id) values (1), (2), (3)",
            "update people set name = 'x' where id > 1",
            "delete from people where id = 1",
            "select 1",
        )
    ]
    assert counts == [3, 2, 1, None]


def test_nested_values_survive_a_rewrite(ask: Ask) -> None:
    ask("""create table nested
        (id bigint, l array<string>, m map<string,int>, s struct<a:int,b:array<double>>,
        d decimal(10, 2), b binary, ok boolean) location 's3://people/db/nested'
        tblproperties ('table_type' = 'iceberg')""")
    values = """array['x', null], map(array['k'], array[1]),
        cast(row(1, array[1.5e0]) as row(a integer, b array(double))), 1.25, cast('x' as varbinary), true"""
    ask(f"insert into nested select 1, {values} union all select 2, {values}")
    ask("delete from nested where id = 2")
    expected = (1, ["x", None], {"k": 1}, {"a": 1, "b": [1.5]})
    assert ask("select id, l, m, s from nested") == [expected]
    assert ask("select d = 1.25, b = cast('x' as varbinary), ok from nested") == [(True, True, True)]


def test_positions_of_a_delivery_survive_a_delete(tmp_path: Path) -> None:
    lakehouse = web_log_lakehouse(tmp_path)
    store(lakehouse, [event(user_id="a"), event(user_id="b")], **{"firehose.s.positions": "7"})
    Athena(lakehouse).execute(f"delete from {DATABASE}.{TABLE} where user_id = 'a'")
    assert lakehouse.snapshot_property(DATABASE, TABLE, "firehose.s.positions") == "7"
