"""Answers in S3, so that whoever opens the page again within the time costs no query.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from typing import Any


class Answers:
    """Texts by the keys of their questions; S3 deletes them after some days."""

    def __init__(self, client: Any, bucket: str, folder: str) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = folder

    def get(self, key: str) -> str | None:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=f"{self._folder}/{key}.json")
        except self._client.exceptions.NoSuchKey:
            return None
        return str(found["Body"].read().decode())

    def put(self, key: str, text: str) -> None:
        self._client.put_object(
            Bucket=self._bucket,
            Key=f"{self._folder}/{key}.json",
            Body=text.encode(),
            ContentType="application/json",
        )
