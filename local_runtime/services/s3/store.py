"""The object store as S3's API needs it: streamed in and out, with ETags and metadata.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.lakehouse.durable_file import DurableFile
from local_runtime.lakehouse.object_store import ObjectStore
from local_runtime.services.s3.checksums import Checks
from local_runtime.services.s3.metadata import ObjectInfo, ObjectMetadata

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
_KEPT_HEADERS = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "expires",
    }
)
_USER_METADATA = "x-amz-meta-"


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What of an upload's headers is given back with the object."""
    kept = {
        name: value
        for name, value in headers.items()
        if name in _KEPT_HEADERS or name.startswith(_USER_METADATA)
    }
    encodings = [item.strip() for item in kept.pop("content-encoding", "").split(",")]
    real = ", ".join(item for item in encodings if item and item != "aws-chunked")
    return {"content-type": DEFAULT_CONTENT_TYPE, **kept, **({"content-encoding": real} if real else {})}


class Upload:
    """A file under way to its place. Leaving its `with` block without `finish` throws it away."""

    def __init__(self, path: Path, temporaries: Path, headers: Mapping[str, str]) -> None:
        self._file = DurableFile(path, temporaries)
        self._checks = Checks(headers)

    def write(self, data: bytes) -> None:
        self._checks.update(data)
        self._file.write(data)

    def finish(
        self,
        trailers: Mapping[str, str],
        before: Callable[[os.stat_result, str, Mapping[str, str]], None] = lambda stat, etag, checksums: None,
    ) -> tuple[str, dict[str, str]]:
        """Check, force to disk and put in place; the ETag and the checksums.

        Args:
            before: called with the file's facts just before it takes its name.
        """
        checksums = self._checks.finish(trailers)
        etag = self._checks.md5.hexdigest()
        before(os.fstat(self._file.fileno()), etag, checksums)
        self._file.close()
        return etag, checksums

    def __enter__(self) -> Upload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.discard()  # nothing left to discard after finish


class ObjectUpload:
    """One PutObject."""

    def __init__(self, store: S3Store, bucket: str, key: str, headers: Mapping[str, str]) -> None:
        self._store = store
        self._place = (bucket, key)
        self._path = store.path(bucket, key)
        self._headers = kept_headers(headers)
        self._upload = store.open_upload(self._path, key, headers)

    def write(self, data: bytes) -> None:
        self._upload.write(data)

    def finish(self, trailers: Mapping[str, str], etag: str | None = None) -> tuple[str, dict[str, str]]:
        """Put the object in place; without an `etag` of its own it has its MD5."""

        def remember(stat: os.stat_result, digest: str, checksums: Mapping[str, str]) -> None:
            headers = {**self._headers, **checksums}
            self._store.metadata.add(*self._place, stat, digest if etag is None else etag, headers)

        digest, checksums = self._upload.finish(trailers, remember)
        self._store.metadata.forget_others(*self._place, self._path.stat())
        return digest if etag is None else etag, checksums

    def __enter__(self) -> ObjectUpload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._upload.__exit__(kind, value, trace)


class S3Store:
    """Buckets and objects; any thread may call any method.

    Args:
        objects: the run's buckets.
        state: where the metadata and the parts of unfinished uploads are kept.
    """

    def __init__(self, objects: ObjectStore, state: Path) -> None:
        self.objects = objects
        self.metadata = ObjectMetadata(state / "s3.db")
        self.uploads = state / "s3-uploads"

    def path(self, bucket: str, key: str) -> Path:
        """The file of an object.

        Raises:
            AwsError: NoSuchBucket, or InvalidArgument for a key that cannot be a file.
        """
        self.require_bucket(bucket)
        try:
            return self.objects.path(bucket, key)
        except LocalRuntimeError as error:
            raise AwsError("InvalidArgument", str(error)) from error

    def require_bucket(self, bucket: str) -> None:
        try:
            exists = self.objects.has_bucket(bucket)
        except LocalRuntimeError:
            exists = False
        if not exists:
            names = ", ".join(self.objects.buckets()) or "none"
            message = f"The specified bucket does not exist: {bucket} (the local run has {names})"
            raise AwsError("NoSuchBucket", message, 404)

    def info(self, bucket: str, key: str) -> ObjectInfo:
        """
        Raises:
            AwsError: NoSuchKey.
        """
        path = self.path(bucket, key)
        if path.is_file():
            with suppress(FileNotFoundError):  # deleted in this moment
                return self.metadata.info(bucket, key, path)
        raise AwsError("NoSuchKey", f"The specified key does not exist: s3://{bucket}/{key}", 404)

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        try:
            return self.info(bucket, key)
        except AwsError as error:
            if error.code != "NoSuchKey":
                raise
            return None

    def open_upload(self, path: Path, key: str, headers: Mapping[str, str]) -> Upload:
        if path.is_dir():
            raise _is_folder(key)
        try:
            return Upload(path, self.objects.temporaries, headers)
        except (NotADirectoryError, FileExistsError) as error:
            raise _is_folder(key) from error

    def copy(
        self, source: tuple[str, str], target: tuple[str, str], headers: Mapping[str, str] | None
    ) -> ObjectInfo:
        """Copy an object within the run; `headers` replace its metadata."""
        info = self.info(*source)
        kept = info.headers if headers is None else headers
        with self.path(*source).open("rb") as file, ObjectUpload(self, *target, kept) as upload:
            while block := file.read(1 << 20):
                upload.write(block)
            upload.finish({})
        return self.info(*target)

    def delete(self, bucket: str, key: str) -> None:
        path = self.path(bucket, key)
        if path.is_file():
            path.unlink(missing_ok=True)

    def delete_bucket(self, bucket: str) -> None:
        self.require_bucket(bucket)
        if self.objects.list(bucket):
            raise AwsError("BucketNotEmpty", f"The bucket you tried to delete is not empty: {bucket}", 409)
        shutil.rmtree(self.objects.root / bucket)

    def close(self) -> None:
        self.metadata.close()


def _is_folder(key: str) -> AwsError:
    return AwsError(
        "InvalidArgument",
        f"The local run stores keys as files: {key!r} or one of its parents is both a key and a prefix.",
    )
