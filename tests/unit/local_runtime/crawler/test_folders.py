"""Which folders are tables, which are partitions, and what is excluded."""

from __future__ import annotations

import pytest

from local_runtime.crawler.folders import CrawledFile, FoundTable, find_tables, other_name, table_name
from local_runtime.crawler.globs import compile_glob
from local_runtime.crawler.schema import columns, infer


def file(key: str, **document: object) -> CrawledFile:
    return CrawledFile(tuple(key.split("/")[:-1]), infer(document or {"a": 1}), size=10, records=1)


def tables(*files: CrawledFile, root: str = "raw", level: int | None = None) -> dict[str, FoundTable]:
    found = find_tables(files, tuple(root.split("/")), level=level)
    return {"/".join(table.folders): table for table in found}


def test_plain_folders_are_partitions_with_numbers() -> None:
    found = tables(file("raw/2026/11/21/10/a"), file("raw/2026/11/21/11/b"))["raw"]
    assert found.keys == ("partition_0", "partition_1", "partition_2", "partition_3")
    assert found.partitions == {
        ("2026", "11", "21", "10"): ("raw", "2026", "11", "21", "10"),
        ("2026", "11", "21", "11"): ("raw", "2026", "11", "21", "11"),
    }


def test_folders_of_hives_form_name_their_partitions() -> None:
    found = tables(file("raw/Year=2026/x/a"), file("raw/year=2027/y/b"))["raw"]
    assert found.keys == ("year", "partition_1")
    assert list(found.partitions) == [("2026", "x"), ("2027", "y")]


def test_folders_that_name_their_level_differently_are_plain() -> None:
    found = tables(file("raw/year=2026/a"), file("raw/y=2027/b"))["raw"]
    assert (found.keys, list(found.partitions)) == (("partition_0",), [("year=2026",), ("y=2027",)])


def test_objects_right_below_the_include_path_make_no_partitions() -> None:
    found = tables(file("raw/a"), file("raw/b", b=2))["raw"]
    assert (found.keys, found.partitions) == ((), {})
    assert columns(found.schema) == [("a", "int"), ("b", "int")]


def test_folders_without_common_columns_are_tables_of_their_own() -> None:
    files = [file("raw/year=2017/a", A=1, B=2), file("raw/year=2018/b", C=3, D=4)]
    assert list(tables(*files)) == ["raw/year=2017", "raw/year=2018"]
    (one,) = find_tables(files, ("raw",), combine=True)
    assert (one.keys, [name for name, _ in columns(one.schema)]) == (("year",), ["a", "b", "c", "d"])


def test_one_odd_folder_among_many_stays_a_partition() -> None:
    files = [file(f"raw/{n}/a", a=1, b=2) for n in range(4)]
    assert list(tables(*files, file("raw/x/a", z=1))) == ["raw"]


def test_table_level_says_where_tables_are() -> None:
    files = [file("raw/clicks/2026/a"), file("raw/views/2026/b")]
    assert list(tables(*files, level=3)) == ["raw/clicks", "raw/views"]
    assert list(tables(*files, level=2)) == ["raw"]


def test_objects_at_another_depth_are_counted_as_left_out() -> None:
    found = tables(file("raw/2026/11/a"), file("raw/2026/12/b"), file("raw/c"))["raw"]
    assert (found.left_out, list(found.partitions)) == (1, [("2026", "11"), ("2026", "12")])


def test_no_objects_make_no_table() -> None:
    assert find_tables([], ("raw",)) == []


@pytest.mark.parametrize(
    ("prefix", "folders", "expected"),
    [
        ("", ("raw", "firehose"), "firehose"),
        ("app_", ("raw", "Click-Stream.v2"), "app_click_stream_v2"),
        ("", ("raw", "year=2017"), "year_2017"),
        ("", (), "my_bucket"),
    ],
)
def test_table_is_named_by_its_folder(prefix: str, folders: tuple[str, ...], expected: str) -> None:
    assert table_name(prefix, folders, "my-bucket") == expected


def test_second_table_of_a_name_has_its_locations_hash_behind_it() -> None:
    # As github.com shows one: `landing_6b3cb3b3e420d6357a73bb3830f52087`.
    assert other_name("landing", "s3://b/other/landing/").startswith("landing_")
    assert len(other_name("x" * 128, "s3://b/x/")) == 128


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("*.csv", "a.csv", "year/a.csv"),
        ("**.csv", "year/a.csv", "year/a.json"),
        ("a?.json", "ab.json", "a/.json"),
        ("{tmp,old}/**", "old/x/y", "new/x"),
        ("[0-9]*", "7a", "a7"),
        ("[!0-9]*", "a7", "7a"),
        (r"\*", "*", "a"),
        ("a,b", "a,b", "a"),
        ("year=2026/**", "year=2026/a", "year=2027/a"),
    ],
)
def test_exclusions_match_as_globs_do(pattern: str, matching: str, other: str) -> None:
    compiled = compile_glob(pattern)
    assert compiled.fullmatch(matching)
    assert not compiled.fullmatch(other)


@pytest.mark.parametrize("pattern", ["{a", "a}", "[z-a]"])
def test_patterns_that_are_none_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="exclude pattern"):
        compile_glob(pattern)
