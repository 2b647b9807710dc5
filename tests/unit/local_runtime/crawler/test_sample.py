"""What is read of one object."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from local_runtime.crawler.sample import SAMPLE_BYTES, Sample, read_sample
from local_runtime.crawler.schema import NULL, columns


def sample_of(path: Path, data: bytes, *, compressed: bool = False) -> Sample:
    path.write_bytes(gzip.compress(data) if compressed else data)
    return read_sample(path, compressed=compressed)


@pytest.mark.parametrize("compressed", [False, True])
def test_lines_are_records(tmp_path: Path, compressed: bool) -> None:
    sample = sample_of(tmp_path / "a", b'{"a": 1}\n\n{"a": 2, "b": null}', compressed=compressed)
    assert columns(sample.schema) == [("a", "int"), ("b", "string")]
    assert (sample.records, sample.unreadable) == (2, 0)


def test_objects_one_after_another_on_a_line_are_records(tmp_path: Path) -> None:
    assert columns(sample_of(tmp_path / "a", b'{"a": 1} {"b": 2}{"c": 3}\n').schema) == [
        ("a", "int"),
        ("b", "int"),
        ("c", "int"),
    ]


def test_lines_that_are_no_objects_are_counted(tmp_path: Path) -> None:
    sample = sample_of(tmp_path / "a", b'[1]\n{"a": 1}\n"x"\nnot json\n{"a"')
    assert (columns(sample.schema), sample.records, sample.unreadable) == ([("a", "int")], 1, 4)


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"[1, 2]", b"\xff\xfe", b"[" * 100_000])
def test_an_object_without_json_objects_has_no_schema(tmp_path: Path, data: bytes) -> None:
    assert sample_of(tmp_path / "a", data).schema == NULL


def test_only_the_first_megabyte_is_read(tmp_path: Path) -> None:
    line = b'{"a": "' + b"x" * 1000 + b'"}\n'
    sample = sample_of(tmp_path / "a", line * 3000 + b'{"late": 1}\n', compressed=True)
    assert columns(sample.schema) == [("a", "string")]
    assert sample.records == SAMPLE_BYTES // len(line)
    assert sample.read_bytes == sample.records * len(line)


def test_more_is_read_until_a_record_ends(tmp_path: Path) -> None:
    long = b'{"a": "' + b"x" * 3 * SAMPLE_BYTES + b'"}\n'
    assert sample_of(tmp_path / "a", long + b'{"b": 1}\n').records >= 1
    assert sample_of(tmp_path / "a", b'{"a": "' + b"x" * 11 * SAMPLE_BYTES + b'"}\n').schema == NULL
