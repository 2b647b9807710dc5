"""boto3's S3 client against a run's buckets."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.xdist_group("sdk-s3")  # one run for all of them

BUCKET = "web-analytics-us-east-1-123456789012"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def s3(start_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with start_run(tmp_path_factory.mktemp("run") / "state") as up:
        yield boto3.client(
            "s3",
            endpoint_url=up.url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"max_attempts": 0}),
        )


def code_of(caught: Any) -> tuple[str, int]:
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_buckets_of_the_templates_are_there(s3: Any) -> None:
    assert BUCKET in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=BUCKET)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] is None
    with pytest.raises(ClientError) as caught:
        s3.head_bucket(Bucket="nobody")
    assert code_of(caught) == ("404", 404)
    with pytest.raises(s3.exceptions.NoSuchBucket, match=BUCKET):
        s3.list_objects_v2(Bucket="nobody")


def test_an_object_comes_back_as_it_went(s3: Any) -> None:
    put = s3.put_object(
        Bucket=BUCKET,
        Key="a b/ü+&%.txt",
        Body=b"hello",
        ContentType="text/plain",
        CacheControl="no-cache",
        Metadata={"who": "me"},
        ChecksumAlgorithm="SHA256",
    )
    got = s3.get_object(Bucket=BUCKET, Key="a b/ü+&%.txt", ChecksumMode="ENABLED")

    assert got["Body"].read() == b"hello"
    assert got["ETag"] == put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert got["ChecksumSHA256"] == put["ChecksumSHA256"]
    assert (got["ContentType"], got["CacheControl"], got["Metadata"]) == (
        "text/plain",
        "no-cache",
        {"who": "me"},
    )
    assert s3.head_object(Bucket=BUCKET, Key="a b/ü+&%.txt")["ContentLength"] == 5


def test_ranges_and_conditions(s3: Any) -> None:
    etag = s3.put_object(Bucket=BUCKET, Key="r", Body=b"0123456789")["ETag"]

    part = s3.get_object(Bucket=BUCKET, Key="r", Range="bytes=2-4")
    assert (part["Body"].read(), part["ContentRange"]) == (b"234", "bytes 2-4/10")
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=BUCKET, Key="r", Range="bytes=10-")
    assert code_of(caught) == ("InvalidRange", 416)
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=BUCKET, Key="r", IfNoneMatch=etag)
    assert code_of(caught) == ("304", 304)
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=BUCKET, Key="r", Body=b"x", IfNoneMatch="*")
    assert code_of(caught) == ("PreconditionFailed", 412)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=BUCKET, Key="nothing")


def test_an_empty_object_is_an_object(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="empty", Body=b"")
    assert s3.get_object(Bucket=BUCKET, Key="empty")["Body"].read() == b""


def test_streams_of_unknown_length_are_taken(s3: Any) -> None:
    class Unseekable(io.RawIOBase):
        """A body that botocore must wrap in chunks, its checksum in the trailer."""

        def __init__(self) -> None:
            self._left = 3 * MIB

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            size = min(len(buffer), self._left)
            buffer[:size] = b"x" * size
            self._left -= size
            return size

    s3.upload_fileobj(Unseekable(), BUCKET, "streamed")
    assert s3.head_object(Bucket=BUCKET, Key="streamed")["ContentLength"] == 3 * MIB


def test_large_files_go_and_come_in_parts(s3: Any, tmp_path: Any) -> None:
    data = bytes(range(256)) * (13 * MIB // 256)
    small_parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(data), BUCKET, "large", Config=small_parts)

    assert s3.head_object(Bucket=BUCKET, Key="large")["ETag"].endswith('-3"')
    s3.download_file(BUCKET, "large", str(tmp_path / "large"), Config=small_parts)
    assert (tmp_path / "large").read_bytes() == data
    s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "copied", Config=small_parts)
    assert s3.get_object(Bucket=BUCKET, Key="copied")["Body"].read() == data
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


def test_a_multipart_upload_can_be_given_up(s3: Any) -> None:
    place = {"Bucket": BUCKET, "Key": "given-up"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"part")
    assert [part["Size"] for part in s3.list_parts(**place, UploadId=upload)["Parts"]] == [4]
    s3.abort_multipart_upload(**place, UploadId=upload)
    with pytest.raises(s3.exceptions.NoSuchUpload):
        s3.list_parts(**place, UploadId=upload)


def test_keys_are_listed_page_by_page(s3: Any) -> None:
    keys = [f"list/{folder}/{number:02d}" for folder in "ab" for number in range(5)] + ["list/top"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

    for action in ("list_objects_v2", "list_objects"):
        pages = s3.get_paginator(action).paginate(
            Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 4}
        )
        assert [item["Key"] for page in pages for item in page["Contents"]] == keys
    folded = s3.list_objects_v2(Bucket=BUCKET, Prefix="list/", Delimiter="/")
    assert [item["Prefix"] for item in folded["CommonPrefixes"]] == ["list/a/", "list/b/"]
    assert [item["Key"] for item in folded["Contents"]] == ["list/top"]
    after = s3.list_objects_v2(Bucket=BUCKET, Prefix="list/", StartAfter="list/b/03")
    assert [item["Key"] for item in after["Contents"]] == ["list/b/04", "list/top"]

    deleted = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(deleted["Deleted"]) == len(keys)
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="list/")["KeyCount"] == 0


def test_an_object_is_copied_with_its_metadata_or_without(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="from", Body=b"x", Metadata={"a": "1"})
    source = {"Bucket": BUCKET, "Key": "from"}
    s3.copy_object(Bucket=BUCKET, Key="kept", CopySource=source)
    s3.copy_object(
        Bucket=BUCKET, Key="new", CopySource=source, Metadata={"b": "2"}, MetadataDirective="REPLACE"
    )
    assert s3.head_object(Bucket=BUCKET, Key="kept")["Metadata"] == {"a": "1"}
    assert s3.head_object(Bucket=BUCKET, Key="new")["Metadata"] == {"b": "2"}
    with pytest.raises(ClientError, match="copies an object to itself"):
        s3.copy_object(Bucket=BUCKET, Key="from", CopySource=source)


def test_buckets_are_made_and_removed(s3: Any) -> None:
    s3.create_bucket(Bucket="made-here")
    s3.put_object(Bucket="made-here", Key="x", Body=b"")
    with pytest.raises(ClientError) as caught:
        s3.delete_bucket(Bucket="made-here")
    assert code_of(caught) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket="made-here", Key="x")
    s3.delete_bucket(Bucket="made-here")
    with pytest.raises(ClientError, match="not valid"):
        s3.create_bucket(Bucket="ab..cd")


def test_a_presigned_address_needs_no_credentials(s3: Any) -> None:
    place = {"Bucket": BUCKET, "Key": "presigned"}
    requests.put(s3.generate_presigned_url("put_object", Params=place), data=b"hello", timeout=10)
    found = requests.get(s3.generate_presigned_url("get_object", Params=place), timeout=10)
    assert found.content == b"hello"


def test_keys_that_cannot_be_files_are_refused_with_the_reason(s3: Any) -> None:
    with pytest.raises(ClientError, match="stores keys as files"):
        s3.put_object(Bucket=BUCKET, Key="folder/", Body=b"")
    s3.put_object(Bucket=BUCKET, Key="file", Body=b"")
    with pytest.raises(ClientError, match="both a key and a prefix"):
        s3.put_object(Bucket=BUCKET, Key="file/below", Body=b"")
