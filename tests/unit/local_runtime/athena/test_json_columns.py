"""The quick way to read JSON gives what the slow one gives, or leaves it to that one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local_runtime.athena.hive_types import HiveType, hive_type
from local_runtime.athena.json_columns import read_columns
from local_runtime.athena.json_rows import read_json_file

STRUCT = "struct<a:int,b:array<string>,c:struct<d:double>>"
KINDS = (
    "string",
    "int",
    "bigint",
    "double",
    "boolean",
    "timestamp",
    STRUCT,
    "array<int>",
    f"array<{STRUCT}>",
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**33) | st.sampled_from([1.5, -1.5, 2.0, "x", "1", "true"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "A", "b", "c", "d", "e"]), inner, max_size=3)
    ),
    max_leaves=6,
)
documents = st.lists(st.dictionaries(st.sampled_from(["a", "A", "b"]), values, max_size=2), max_size=4)


@given(documents, st.sampled_from(KINDS), st.sampled_from(KINDS))
@example([{"a": {"a": 1}}, {"a": None}, {}], STRUCT, "string")
@example([{"b": [{"a": 1}, None]}, {"b": None}, {"b": []}, {"b": [None]}], "int", f"array<{STRUCT}>")
@settings(max_examples=500, deadline=None)
def test_both_ways_give_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, given_documents: list[dict[str, Any]], one: str, other: str
) -> None:
    path = tmp_path_factory.mktemp("json") / "a"
    path.write_bytes(b"\n".join(map(orjson.dumps, given_documents)))
    columns = [("a", hive_type(one)), ("b", hive_type(other))]
    quick = read_json_file(path, "s3://b/a", columns, {})
    slow = read_json_file(path, "s3://b/a", columns, {}, quickly=False)
    assert (quick.count, quick.errors.keys()) == (slow.count, slow.errors.keys())
    for name, array in slow.columns.items():
        assert quick.columns[name].type == array.type
        assert quick.columns[name].to_pylist() == array.to_pylist()
        quick.columns[name].validate(full=True)


def typed(**kinds: str) -> list[tuple[str, HiveType]]:
    return [(name, hive_type(kind)) for name, kind in kinds.items()]


def test_alike_objects_are_read_quickly_under_the_names_of_the_type() -> None:
    given_documents: list[dict[str, Any]] = [
        {"userId": 1, "event": {"Type": "x", "Tags": ["a"]}, "more": True},
        {"userId": None, "event": None},
        {"event": {"Tags": None}},
    ]
    found = read_columns(
        given_documents,
        {"userid": "userid", "event": "event", "missing": "missing"},
        typed(userid="int", event="struct<type:string,tags:array<string>>", missing="array<int>"),
    )
    assert found is not None
    assert {name: array.to_pylist() for name, array in found.items()} == {
        "userid": [1, None, None],
        "event": [{"type": "x", "tags": ["a"]}, None, {"type": None, "tags": None}],
        "missing": [None, None, None],
    }


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "1"),
        ("int", True),
        ("int", 2**31),
        ("int", 1.0),
        ("string", 1),
        ("double", True),
        ("boolean", "true"),
        ("timestamp", "2026-11-21 10:00:00"),
        ("struct<a:int>", []),
        ("struct<a:int>", {"a": "1"}),
        ("struct<a:int>", {"a": 1, "A": 2}),
        ("array<int>", 1),
        ("array<int>", ["1"]),
        ("map<string,int>", {"a": 1}),
    ],
)
def test_what_needs_a_conversion_is_left_to_the_serdes_rules(kind: str, value: Any) -> None:
    assert read_columns([{"v": value}], {"v": "v"}, typed(v=kind)) is None
