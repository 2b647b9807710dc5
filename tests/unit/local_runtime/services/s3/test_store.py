"""Objects with what S3 knows of them, over real files."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_runtime.errors import AwsError
from local_runtime.lakehouse.object_store import ObjectStore
from local_runtime.services.s3.multipart import MIN_PART_BYTES, MultipartUploads
from local_runtime.services.s3.store import ObjectUpload, S3Store, kept_headers


@pytest.fixture
def store(tmp_path: Path) -> Iterator[S3Store]:
    objects = ObjectStore(tmp_path / "s3")
    objects.create_bucket("data")
    opened = S3Store(objects, tmp_path)
    yield opened
    opened.close()


def put(store: S3Store, key: str, data: bytes, **headers: str) -> str:
    with ObjectUpload(
        store, "data", key, {name.replace("_", "-"): text for name, text in headers.items()}
    ) as up:
        up.write(data)
        return up.finish({})[0]


def test_an_object_keeps_its_etag_type_and_metadata(store: S3Store) -> None:
    etag = put(store, "a/b.txt", b"hello", content_type="text/plain", x_amz_meta_who="me", x_other="no")
    info = store.info("data", "a/b.txt")

    assert etag == info.etag == hashlib.md5(b"hello").hexdigest()
    assert info.size == 5
    assert info.headers == {"content-type": "text/plain", "x-amz-meta-who": "me"}


def test_an_object_that_the_run_wrote_itself_has_its_md5(store: S3Store) -> None:
    store.objects.put("data", "table/part.parquet", b"rows")
    assert store.info("data", "table/part.parquet").etag == hashlib.md5(b"rows").hexdigest()


def test_replacing_an_object_replaces_what_is_known_of_it(store: S3Store) -> None:
    put(store, "key", b"old", content_type="text/old")
    store.objects.put("data", "key", b"newer")  # past S3's API

    info = store.info("data", "key")
    assert (info.etag, dict(info.headers)) == (hashlib.md5(b"newer").hexdigest(), {})


def test_an_upload_that_breaks_off_leaves_the_old_object(store: S3Store) -> None:
    put(store, "key", b"old", content_type="text/old")
    with (
        pytest.raises(OSError, match="gone"),
        ObjectUpload(store, "data", "key", {"content-type": "text/new"}) as upload,
    ):
        upload.write(b"new")
        raise OSError("gone")

    info = store.info("data", "key")
    assert (store.objects.get("data", "key"), info.headers["content-type"]) == (b"old", "text/old")
    assert store.objects.list("data") == ["key"]


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("content-md5", b64encode(hashlib.md5(b"hello").digest()).decode()),
        ("x-amz-checksum-crc32", "NhCmhg=="),
        ("x-amz-checksum-sha256", b64encode(hashlib.sha256(b"hello").digest()).decode()),
    ],
)
def test_a_checksum_must_fit(store: S3Store, name: str, good: str) -> None:
    put(store, "good", b"hello", **{name: good})
    with pytest.raises(AwsError, match="BadDigest"):
        put(store, "bad", b"hullo", **{name: good})

    assert store.objects.list("data") == ["good"]
    assert store.info("data", "good").headers.get(name) == (good if name.startswith("x-") else None)


@pytest.mark.parametrize("key", ["folder/", "a//b", "../x", "k" * 1025])
def test_a_key_that_is_no_file_is_refused_by_name(store: S3Store, key: str) -> None:
    with pytest.raises(AwsError, match="InvalidArgument"):
        put(store, key, b"x")


def test_a_key_below_another_key_is_refused(store: S3Store) -> None:
    put(store, "a", b"x")
    with pytest.raises(AwsError, match="both a key and a prefix"):
        put(store, "a/b", b"x")
    put(store, "c/d", b"x")
    with pytest.raises(AwsError, match="both a key and a prefix"):
        put(store, "c", b"x")


def test_chunked_transfer_is_no_content_encoding() -> None:
    assert kept_headers({"content-encoding": "aws-chunked"}) == {"content-type": "binary/octet-stream"}
    assert kept_headers({"content-encoding": "aws-chunked,gzip"})["content-encoding"] == "gzip"


def test_a_bucket_with_objects_is_not_deleted(store: S3Store) -> None:
    put(store, "key", b"x")
    with pytest.raises(AwsError, match="BucketNotEmpty"):
        store.delete_bucket("data")
    store.delete("data", "key")
    store.delete("data", "key")
    store.delete_bucket("data")
    with pytest.raises(AwsError, match="NoSuchBucket"):
        store.info("data", "key")


def upload_part(uploads: MultipartUploads, upload_id: str, number: int, data: bytes) -> str:
    with uploads.open_part("data", "big", upload_id, str(number), {}) as part:
        part.write(data)
        return part.finish({})[0]


def test_parts_become_one_object_in_their_order(store: S3Store) -> None:
    uploads = MultipartUploads(store)
    upload_id = uploads.create("data", "big", {"content-type": "text/big"})
    second = upload_part(uploads, upload_id, 2, b"end")
    upload_part(uploads, upload_id, 1, b"replaced")
    first = upload_part(uploads, upload_id, 1, bytes(MIN_PART_BYTES))
    assert [part.number for part in uploads.parts("data", "big", upload_id)] == [1, 2]
    assert [item["Key"] for item in uploads.unfinished("data", "")] == ["big"]

    etag = uploads.complete("data", "big", upload_id, [(1, first), (2, second)])

    digests = bytes.fromhex(first) + bytes.fromhex(second)
    assert etag == store.info("data", "big").etag == f"{hashlib.md5(digests).hexdigest()}-2"
    assert store.info("data", "big").headers["content-type"] == "text/big"
    assert store.objects.get("data", "big") == bytes(MIN_PART_BYTES) + b"end"
    assert list(store.uploads.iterdir()) == []


def test_parts_that_do_not_fit_are_refused(store: S3Store) -> None:
    uploads = MultipartUploads(store)
    upload_id = uploads.create("data", "big", {})
    small = upload_part(uploads, upload_id, 1, b"small")
    last = upload_part(uploads, upload_id, 2, b"last")

    for wanted, code in (
        ([(1, small), (2, last)], "EntityTooSmall"),
        ([(2, last), (1, small)], "InvalidPartOrder"),
        ([(1, "0" * 32)], "InvalidPart"),
        ([(3, last)], "InvalidPart"),
        ([], "MalformedXML"),
    ):
        with pytest.raises(AwsError, match=code):
            uploads.complete("data", "big", upload_id, wanted)
    for place in (("data", "other", upload_id), ("data", "big", "../../x"), ("data", "big", "0" * 32)):
        with pytest.raises(AwsError, match="NoSuchUpload"):
            uploads.abort(*place)
    uploads.abort("data", "big", upload_id)
    assert store.objects.list("data") == []
