"""Result files, written and read back page by page."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_runtime.services.athena import results
from local_runtime.services.athena.results import column_info, read_csv, read_text_file, to_csv, to_text_file

CELL = (
    st.none()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    | st.sampled_from(['"', '""', ",\n"])
)


def read_all(path: Path, limit: int) -> list[list[str | None]]:
    rows: list[list[str | None]] = []
    offset: int | None = 0
    while offset is not None:
        found, offset = read_csv(path, offset, limit)
        assert len(found) <= limit
        rows += found
    return rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=6),
    limit=st.integers(1, 4),
    block=st.integers(1, 9),
)
def test_every_cell_comes_back_and_null_is_not_the_empty_text(
    tmp_path: Path, rows: list[list[str | None]], limit: int, block: int
) -> None:
    path = tmp_path / "result.csv"
    path.write_bytes(b"".join(to_csv(["a", "b"], rows)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "_BLOCK", block)
        assert read_all(path, limit) == [["a", "b"], *rows]


def test_a_file_is_as_athena_writes_it() -> None:
    lines = b"".join(to_csv(["n", "text"], [["1", 'say "hi"'], [None, ""]]))
    assert lines == b'"n","text"\n"1","say ""hi"""\n,""\n'


def test_an_offset_inside_a_value_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    path.write_bytes(b"".join(to_csv(["name"], [["value"]])))
    with pytest.raises(ValueError, match="begins no field"):
        read_csv(path, 2, 10)


def test_text_files_have_no_header(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    path.write_bytes(b"".join(to_text_file([["a", "string"], ["b", None]])))

    assert read_text_file(path, 0, 1) == ([["a", "string"]], 9)
    assert read_text_file(path, 9, 5) == ([["b", ""]], None)


@pytest.mark.parametrize(
    ("trino", "type_name", "precision", "scale"),
    [
        ("varchar", "varchar", 2147483647, 0),
        ("varchar(10)", "varchar", 2147483647, 0),
        ("timestamp(6)", "timestamp", 3, 0),
        ("timestamp(6) with time zone", "timestamp with time zone", 3, 0),
        ("decimal(10,2)", "decimal", 10, 2),
        ("array(row(a bigint, b varchar(3)))", "array", 0, 0),
        ("map(varchar, array(bigint))", "map", 0, 0),
        ("row(a bigint)", "row", 0, 0),
        ("bigint", "bigint", 19, 0),
    ],
)
def test_columns_have_the_bare_name_of_their_type(
    trino: str, type_name: str, precision: int, scale: int
) -> None:
    info = column_info("c", trino)
    assert (info["Type"], info["Precision"], info["Scale"]) == (type_name, precision, scale)
