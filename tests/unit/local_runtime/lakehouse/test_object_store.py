"""Buckets as folders."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.lakehouse.durable_file import DurableFile, discard_unfinished
from local_runtime.lakehouse.object_keys import key_to_parts, parts_to_key, split_uri
from local_runtime.lakehouse.object_store import ObjectStore

SEGMENT = st.text(
    st.one_of(st.characters(exclude_characters="/\0", codec="utf-8"), st.sampled_from("a….é")),
    min_size=1,
    max_size=300,
).filter(lambda text: text not in (".", ".."))


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    store = ObjectStore(tmp_path / "s3")
    store.create_bucket("b")
    return store


def test_object_is_read_back(store: ObjectStore) -> None:
    store.put("b", "a/b/c.txt", b"one")
    assert store.get("b", "a/b/c.txt") == b"one"


def test_second_put_replaces_the_object(store: ObjectStore) -> None:
    store.put("b", "k", b"one")
    store.put("b", "k", b"two")
    assert store.get("b", "k") == b"two"
    assert store.list("b") == ["k"]


def test_list_gives_keys_under_a_prefix_in_byte_order(store: ObjectStore) -> None:
    for key in ("x/2", "x/10", "xy", "y/1", "é"):
        store.put("b", key, b"")
    assert store.list("b", "x") == ["x/10", "x/2", "xy"]
    assert store.list("b", "x/") == ["x/10", "x/2"]
    assert store.list("b") == ["x/10", "x/2", "xy", "y/1", "é"]
    assert store.list("b", "//") == []


def test_deleted_object_is_gone_and_deleting_it_again_is_no_error(store: ObjectStore) -> None:
    store.put("b", "k", b"")
    store.delete("b", "k")
    store.delete("b", "k")
    with pytest.raises(AwsError, match="NoSuchKey"):
        store.get("b", "k")


def test_bucket_must_exist(store: ObjectStore) -> None:
    assert not store.has_bucket("other")
    with pytest.raises(AwsError, match="NoSuchBucket: The specified bucket does not exist: other") as failed:
        store.put("other", "k", b"")
    assert failed.value.status == 404


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "a//b", ".", "a/", "", "a\0b"])
def test_key_cannot_leave_its_bucket(store: ObjectStore, key: str) -> None:
    with pytest.raises(LocalRuntimeError, match="no segment may be"):
        store.put("b", key, b"")


@pytest.mark.parametrize("bucket", ["..", ".", "a/b", ""])
def test_bucket_cannot_leave_the_root(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(LocalRuntimeError, match="bucket"):
        store.create_bucket(bucket)


def test_key_over_1024_bytes_is_refused_as_s3_does(store: ObjectStore) -> None:
    store.put("b", "é" * 512, b"")
    with pytest.raises(LocalRuntimeError, match=r"at most 1024 bytes \(got 1025\)"):
        store.put("b", "é" * 512 + "x", b"")


def test_segment_longer_than_a_file_name_is_stored(store: ObjectStore) -> None:
    key = f"event={'x' * 700}/day=1/f.parquet"
    store.put("b", key, b"data")
    assert store.get("b", key) == b"data"
    assert store.list("b", f"event={'x' * 700}/") == [key]


@given(st.lists(SEGMENT, min_size=1, max_size=3).map("/".join).filter(lambda key: len(key.encode()) <= 1024))
def test_every_key_maps_to_file_names_and_back(key: str) -> None:
    parts = key_to_parts("b", key)
    assert parts_to_key(parts) == key
    assert all(len(part.encode()) <= 255 for part in parts)


def test_file_left_by_an_exception_does_not_appear(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), DurableFile(tmp_path / "f", tmp_path / "tmp") as file:
        file.write(b"half")
        raise RuntimeError
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_file_that_nobody_closed_does_not_appear(tmp_path: Path) -> None:
    file = DurableFile(tmp_path / "f", tmp_path / "tmp")
    file.write(b"half")
    del file
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_file_has_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    with DurableFile(tmp_path / "f", tmp_path / "tmp") as file:
        file.write(b"whole")
        assert not (tmp_path / "f").exists()
    assert (tmp_path / "f").read_bytes() == b"whole"


def test_file_that_cannot_be_forced_to_disk_does_not_appear(tmp_path: Path) -> None:
    file = DurableFile(tmp_path / "f", tmp_path / "tmp")
    with (
        patch("os.fsync", side_effect=OSError("No space left on device")),
        pytest.raises(OSError, match="space"),
    ):
        file.close()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["report.partial", ".0123.partial"])
def test_object_named_like_a_temporary_file_is_an_object(tmp_path: Path, name: str) -> None:
    store = ObjectStore(tmp_path / "s3")
    store.create_bucket("b")
    store.put("b", f"a/{name}", b"whole")
    discard_unfinished(store.temporaries)
    assert store.list("b") == [f"a/{name}"]
    assert store.get("b", f"a/{name}") == b"whole"


def test_file_whose_name_cannot_be_taken_leaves_nothing(tmp_path: Path) -> None:
    file = DurableFile(tmp_path / "f", tmp_path / "tmp")
    (tmp_path / "f").mkdir()
    with pytest.raises(IsADirectoryError):
        file.close()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_s3_uri_is_split_into_bucket_and_key() -> None:
    assert split_uri("s3://s3/a?b#c/d") == ("s3", "a?b#c/d")
    with pytest.raises(LocalRuntimeError, match="starts with s3://"):
        split_uri("file:///etc/passwd")
