"""The log's files and the merged hours' folders in the bucket.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lambdas.saas_metering.merge_small_files.logic import Hour, LogFile

PER_DELETION = 1000


class DeletionError(Exception):
    """Objects that S3 did not delete."""


@dataclass(frozen=True)
class Bucket:
    client: Any
    name: str
    log_folder: str
    merged_folder: str

    def log_location(self, hour: Hour) -> str:
        return f"s3://{self.name}/{self.log_folder}/{hour.folder}/"

    def merged_location(self, hour: Hour, folder: str) -> str:
        return f"s3://{self.name}/{self.merged_folder}/{hour.folder}/{folder}/"

    def log_files(self, hour: Hour) -> list[LogFile]:
        """What Firehose wrote for an hour; an object without a byte holds no line."""
        prefix = f"{self.log_folder}/{hour.folder}/"
        return [LogFile(item["Key"], item["ETag"]) for item in self._objects(prefix) if item["Size"]]

    def merged_folders(self, hour: Hour) -> set[str]:
        prefix = f"{self.merged_folder}/{hour.folder}/"
        keys = (item["Key"].removeprefix(prefix) for item in self._objects(prefix))
        return {key.partition("/")[0] for key in keys if "/" in key}

    def delete_merged_folder(self, hour: Hour, folder: str) -> None:
        """Raises DeletionError when S3 deletes less than all."""
        keys = [item["Key"] for item in self._objects(f"{self.merged_folder}/{hour.folder}/{folder}/")]
        for first in range(0, len(keys), PER_DELETION):
            objects = [{"Key": key} for key in keys[first : first + PER_DELETION]]
            answer = self.client.delete_objects(Bucket=self.name, Delete={"Objects": objects, "Quiet": True})
            if answer.get("Errors"):
                raise DeletionError(f"{len(answer['Errors'])} objects of {folder} could not be deleted")

    def _objects(self, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
            yield from page.get("Contents", ())
