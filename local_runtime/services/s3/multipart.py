"""Multipart uploads: parts are files beside the state until they become one object.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.lakehouse.durable_file import DurableFile
from local_runtime.services.s3.store import ObjectUpload, S3Store, Upload, kept_headers

MIN_PART_BYTES = 5 * 1024 * 1024
MAX_PART_NUMBER = 10_000
_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Part:
    number: int
    etag: str
    size: int
    last_modified: datetime
    path: Path


class MultipartUploads:
    """The unfinished uploads of a run; they survive its end."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def create(self, bucket: str, key: str, headers: Mapping[str, str]) -> str:
        self._store.path(bucket, key)  # refuses what cannot be stored before any part is sent
        upload_id = uuid.uuid4().hex
        document = {"bucket": bucket, "key": key, "headers": kept_headers(headers)}
        path = self._store.uploads / upload_id / "upload.json"
        with DurableFile(path, self._store.objects.temporaries) as file:
            file.write(json.dumps(document).encode())
        return upload_id

    def open_part(
        self, bucket: str, key: str, upload_id: str, number: str, headers: Mapping[str, str]
    ) -> PartUpload:
        """
        Raises:
            AwsError: NoSuchUpload, or InvalidArgument for a part number that S3 does not have.
        """
        folder, _ = self._find(bucket, key, upload_id)
        if not number.isdecimal() or not 1 <= int(number) <= MAX_PART_NUMBER:
            message = (
                f"Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive (got {number!r})"
            )
            raise AwsError("InvalidArgument", message)
        return PartUpload(folder, self._store.objects.temporaries, int(number), headers)

    def complete(self, bucket: str, key: str, upload_id: str, wanted: Sequence[tuple[int, str]]) -> str:
        """Make one object of the parts and give its ETag.

        Raises:
            AwsError: InvalidPart, InvalidPartOrder, EntityTooSmall, NoSuchUpload, MalformedXML.
        """
        folder, document = self._find(bucket, key, upload_id)
        parts = _choose(_parts(folder), wanted)
        digest = md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
        etag = f"{digest.hexdigest()}-{len(parts)}"
        with ObjectUpload(self._store, bucket, key, document["headers"]) as upload:
            for part in parts:
                with part.path.open("rb") as file:
                    while block := file.read(_BLOCK):
                        upload.write(block)
            upload.finish({}, etag)
        shutil.rmtree(folder)
        return etag

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        folder, _ = self._find(bucket, key, upload_id)
        shutil.rmtree(folder)

    def parts(self, bucket: str, key: str, upload_id: str) -> list[Part]:
        """What was uploaded so far, by part number."""
        return sorted(_parts(self._find(bucket, key, upload_id)[0]).values(), key=lambda part: part.number)

    def unfinished(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        """The uploads of a bucket, as ListMultipartUploads shows them."""
        self._store.require_bucket(bucket)
        found = []
        for path in self._store.uploads.glob("*/upload.json"):
            document = json.loads(path.read_bytes())
            if document["bucket"] == bucket and document["key"].startswith(prefix):
                begun = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                found.append({"Key": document["key"], "UploadId": path.parent.name, "Initiated": begun})
        return sorted(found, key=lambda item: (item["Key"].encode(), item["Initiated"]))

    def _find(self, bucket: str, key: str, upload_id: str) -> tuple[Path, dict[str, Any]]:
        self._store.require_bucket(bucket)
        folder = self._store.uploads / upload_id
        if _UPLOAD_ID.fullmatch(upload_id):
            try:
                document: dict[str, Any] = json.loads((folder / "upload.json").read_bytes())
            except FileNotFoundError:
                document = {}
            if (document.get("bucket"), document.get("key")) == (bucket, key):
                return folder, document
        message = "The specified multipart upload does not exist: it may have been completed or aborted."
        raise AwsError("NoSuchUpload", message, 404)


class PartUpload:
    """One UploadPart: its ETag is in the name of its file."""

    def __init__(self, folder: Path, temporaries: Path, number: int, headers: Mapping[str, str]) -> None:
        self._folder = folder
        self._number = number
        self._arriving = folder / f"arriving-{uuid.uuid4().hex}"
        self._upload = Upload(self._arriving, temporaries, headers)

    def write(self, data: bytes) -> None:
        self._upload.write(data)

    def finish(self, trailers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        etag, checksums = self._upload.finish(trailers)
        place = self._folder / f"{self._number:05d}-{etag}"
        self._arriving.replace(place)
        for other in self._folder.glob(f"{self._number:05d}-*"):
            if other != place:
                other.unlink(missing_ok=True)
        return etag, checksums

    def __enter__(self) -> PartUpload:
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        self._upload.__exit__(kind, value, trace)


def _parts(folder: Path) -> dict[int, Part]:
    found = {}
    for path in folder.iterdir():
        number, dash, etag = path.name.partition("-")
        if dash and number.isdecimal():
            stat = path.stat()
            modified = datetime.fromtimestamp(stat.st_mtime, UTC)
            found[int(number)] = Part(int(number), etag, stat.st_size, modified, path)
    return found


def _choose(parts: Mapping[int, Part], wanted: Sequence[tuple[int, str]]) -> list[Part]:
    numbers = [number for number, _ in wanted]
    if not numbers:
        raise AwsError("MalformedXML", "CompleteMultipartUpload must name at least one part.")
    if numbers != sorted(set(numbers)):
        message = "The list of parts was not in ascending order. Parts must be ordered by part number."
        raise AwsError("InvalidPartOrder", message)
    for number, etag in wanted:
        if number not in parts or parts[number].etag != etag:
            message = f"Part {number} could not be found, or its entity tag is not {etag!r}."
            raise AwsError("InvalidPart", message)
    chosen = [parts[number] for number in numbers]
    for part in chosen[:-1]:
        if part.size < MIN_PART_BYTES:
            message = f"Part {part.number} has {part.size} bytes; all but the last need {MIN_PART_BYTES}."
            raise AwsError("EntityTooSmall", message)
    return chosen
