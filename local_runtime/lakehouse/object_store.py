"""S3 buckets as folders: `{root}/{bucket}/{key}`, each object written whole and forced to disk.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html
"""

from __future__ import annotations

from pathlib import Path

from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.lakehouse.durable_file import DurableFile
from local_runtime.lakehouse.object_keys import check_bucket, key_to_parts, parts_to_key, split_uri

Names = list[str]  # inside the class, `list` is the S3 action


class ObjectStore:
    """The buckets of one run. Safe for many threads: an object is replaced in one rename."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.root.mkdir(parents=True, exist_ok=True)
        self.temporaries = self.root.with_name(f"{self.root.name}-tmp")

    def create_bucket(self, bucket: str) -> None:
        """Make a bucket; one that exists stays as it is."""
        (self.root / check_bucket(bucket)).mkdir(exist_ok=True)

    def has_bucket(self, bucket: str) -> bool:
        return (self.root / check_bucket(bucket)).is_dir()

    def buckets(self) -> Names:
        return sorted(folder.name for folder in self.root.iterdir() if folder.is_dir())

    def path(self, bucket: str, key: str) -> Path:
        """Where an object is or would be."""
        return self.root.joinpath(check_bucket(bucket), *key_to_parts(bucket, key))

    def path_of_uri(self, uri: str) -> Path:
        """Where the object of an `s3://bucket/key` URI is or would be."""
        return self.path(*split_uri(uri))

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Store an object; it is on disk when this returns. An existing object is replaced at once."""
        path = self.path(bucket, key)
        self._require_bucket(bucket)
        with DurableFile(path, self.temporaries) as file:
            file.write(data)

    def get(self, bucket: str, key: str) -> bytes:
        """Read an object.

        Raises:
            AwsError: NoSuchBucket or NoSuchKey, as S3 answers.
        """
        self._require_bucket(bucket)
        try:
            return self.path(bucket, key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            message = f"The specified key does not exist: s3://{bucket}/{key}"
            raise AwsError("NoSuchKey", message, status=404) from error

    def list(self, bucket: str, prefix: str = "") -> Names:
        """The keys that start with a prefix, in S3's order (by UTF-8 bytes)."""
        self._require_bucket(bucket)
        folder = self.root / bucket
        keys = (
            parts_to_key(path.relative_to(folder).parts)
            for path in self._listing_start(bucket, prefix).rglob("*")
            if path.is_file()
        )
        return sorted((key for key in keys if key.startswith(prefix)), key=str.encode)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that does not exist is no error, as in S3."""
        self._require_bucket(bucket)
        self.path(bucket, key).unlink(missing_ok=True)

    def _listing_start(self, bucket: str, prefix: str) -> Path:
        """The deepest folder that holds every key of a prefix."""
        folders = prefix.rpartition("/")[0]
        try:
            return self.path(bucket, folders) if folders else self.root / bucket
        except LocalRuntimeError:  # no key can start with it; the prefix test leaves nothing
            return self.root / bucket

    def _require_bucket(self, bucket: str) -> None:
        if not self.has_bucket(bucket):
            raise AwsError("NoSuchBucket", f"The specified bucket does not exist: {bucket}", status=404)
