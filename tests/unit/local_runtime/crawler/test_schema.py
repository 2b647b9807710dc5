"""Types of JSON values, one by one and together."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_runtime.athena.hive_types import hive_type as parsed_type
from local_runtime.athena.json_rows import read_json_file
from local_runtime.crawler.schema import (
    NULL,
    Inferred,
    columns,
    from_json,
    hive_type,
    infer,
    merge,
    merge_all,
    similarity,
    to_json,
)


def type_of(*values: Any) -> str:
    return hive_type(merge_all(infer(value) for value in values))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1], "int"),
        ([2**31 - 1, -(2**31)], "int"),
        ([1, 2**31], "bigint"),
        ([2**64], "double"),
        ([1, 1.5], "double"),
        ([2**40, 1.5], "double"),
        ([1.0], "double"),
        ([True], "boolean"),
        ([True, 1], "string"),
        (["a"], "string"),
        (["1", 1], "string"),
        ([1.5, "a"], "string"),
        ([None], "string"),
        ([None, 1], "int"),
        ([1, None], "int"),
        ([{"a": 1}], "struct<a:int>"),
        ([{"a": 1}, {"b": "x"}], "struct<a:int,b:string>"),
        ([{"a": 1}, {"a": 2.5}], "struct<a:double>"),
        ([{"a": 1}, None], "struct<a:int>"),
        ([{"a": 1}, "text"], "string"),
        ([{"a": 1}, [1]], "string"),
        ([{}], "string"),
        ([{}, {"a": 1}], "struct<a:int>"),
        ([{"customerId": 1}, {"customerid": "x"}], "struct<customerId:string>"),
        ([{"a": 1, "A": "x"}], "struct<a:string>"),
        ([{"sub-type": 1}], "string"),
        ([[]], "array<string>"),
        ([[], [1]], "array<int>"),
        ([[1, 2.5, None]], "array<double>"),
        ([[1, "a"]], "array<string>"),
        ([[{"a": 1}, {"b": [True]}]], "array<struct<a:int,b:array<boolean>>>"),
        ([[1], 1], "string"),
        ([{f"key{n}": n for n in range(1001)}], "string"),
        ([{"type": "checkout", "product": {"name": "x", "price": 1}}],
         "struct<type:string,product:struct<name:string,price:int>>"),
    ],
)  # fmt: skip
def test_values_have_the_type_that_takes_them_all(values: list[Any], expected: str) -> None:
    assert type_of(*values) == expected


def test_columns_come_in_order_of_their_first_appearance_in_lower_case() -> None:
    schema = merge(infer({"userId": 1, "event": {"Type": "x"}}), infer({"time": "t", "userid": 2}))
    assert columns(schema) == [("userid", "int"), ("event", "struct<Type:string>"), ("time", "string")]


def test_a_name_that_is_empty_is_no_column() -> None:
    assert columns(infer({"": 1, "a": 1})) == [("a", "int")]


def test_deep_values_are_strings() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    kind = infer({"a": deep})
    assert hive_type(kind).count("array<") < 40
    assert from_json(to_json(kind)) == kind


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 5, "b": 2**40}, 1.0),
        ({"A": 1, "B": 2}, {"C": 3, "D": 4}, 0.0),
        ({"a": 1, "b": "x"}, {"a": "x", "b": "x"}, 1.0),
        ({"a": 1, "b": 1}, {"a": [1], "b": 1}, 0.5),
        ({"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}, 1.0),
        ({}, {}, 1.0),
    ],
)
def test_similarity_is_the_share_of_columns_that_are_in_both(
    left: dict[str, Any], right: dict[str, Any], expected: float
) -> None:
    assert similarity(infer(left), infer(right)) == expected


names = st.text(st.sampled_from("abAB_-. 1é"), max_size=3)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
documents = st.dictionaries(
    names,
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
    ),
    max_size=4,
)


@given(st.lists(documents, min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_athena_reads_every_document_by_the_type_that_was_found(
    tmp_path_factory: pytest.TempPathFactory, given_documents: list[dict[str, Any]]
) -> None:
    schema = merge_all(infer(document) for document in given_documents)
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_bytes(b"\n".join(orjson.dumps(document) for document in given_documents))
    kinds = [(name, parsed_type(kind)) for name, kind in columns(schema)]
    rows = read_json_file(path, "s3://b/a.json", kinds, {})
    if kinds:
        assert rows.count == len(given_documents)
        assert not rows.errors
    for name, _ in kinds:
        present = [{k.lower(): v for k, v in d.items()}.get(name) is not None for d in given_documents]
        assert [value is not None for value in rows.columns[name].to_pylist()] == present


@given(documents, documents, documents)
def test_the_order_of_documents_changes_no_type(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    one = merge(merge(infer(first), infer(second)), infer(third))
    other = merge(infer(third), merge(infer(first), infer(second)))
    assert _sorted(one) == _sorted(other)
    assert merge(one, one) == one
    assert from_json(to_json(one)) == one


def _sorted(kind: Inferred) -> Any:
    """Without the order and the spelling of members, which the first document gives."""
    members = sorted((name.lower(), _sorted(member)) for name, member in kind.members)
    return kind.kind, None if kind.element is None else _sorted(kind.element), members


def test_nothing_is_known_of_no_values() -> None:
    assert merge_all([]) == NULL
