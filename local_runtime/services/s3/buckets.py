"""Operations on buckets, and on many keys at once.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.services.s3.context import S3Context, S3Request, in_thread, send_empty, send_xml
from local_runtime.services.s3.listing import list_objects
from local_runtime.wire.http import Send
from local_runtime.wire.xml import parse

MAX_DELETES = 1000
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_HOME_REGION = "us-east-1"


async def list_buckets(context: S3Context, request: S3Request, send: Send) -> None:
    objects = context.store.objects
    buckets = [
        {"Name": name, "CreationDate": datetime.fromtimestamp((objects.root / name).stat().st_ctime, UTC)}
        for name in objects.buckets()
        if name.startswith(request.query.get("prefix", ""))
    ]
    owner = {"ID": context.account}
    await send_xml(send, "ListAllMyBucketsResult", {"Owner": owner, "Buckets": {"Bucket": buckets}})


async def list_keys(context: S3Context, request: S3Request, send: Send) -> None:
    answer = await in_thread(list_objects, context.store, request.bucket, request.query)
    await send_xml(send, "ListBucketResult", answer)


async def head_bucket(context: S3Context, request: S3Request, send: Send) -> None:
    context.store.require_bucket(request.bucket)
    await send_empty(send, 200, {"x-amz-bucket-region": context.region})


async def create_bucket(context: S3Context, request: S3Request, send: Send) -> None:
    await request.document()
    if not _NAME.fullmatch(request.bucket) or ".." in request.bucket:
        raise AwsError("InvalidBucketName", f"The specified bucket is not valid: {request.bucket}")
    if context.store.objects.has_bucket(request.bucket) and context.region != _HOME_REGION:
        message = "Your previous request to create the named bucket succeeded and you already own it."
        raise AwsError("BucketAlreadyOwnedByYou", message, 409)
    await in_thread(context.store.objects.create_bucket, request.bucket)
    await send_empty(send, 200, {"location": f"/{request.bucket}"})


async def delete_bucket(context: S3Context, request: S3Request, send: Send) -> None:
    await in_thread(context.store.delete_bucket, request.bucket)
    await send_empty(send, 204)


async def get_location(context: S3Context, request: S3Request, send: Send) -> None:
    context.store.require_bucket(request.bucket)
    # The first region has no name here, to this day.
    await send_xml(send, "LocationConstraint", "" if context.region == _HOME_REGION else context.region)


async def get_versioning(context: S3Context, request: S3Request, send: Send) -> None:
    context.store.require_bucket(request.bucket)
    await send_xml(send, "VersioningConfiguration", "")


async def delete_objects(context: S3Context, request: S3Request, send: Send) -> None:
    document = parse(await request.document(), "Delete")
    keys = [item.findtext("Key", "") for item in document.findall("Object")]
    if not 0 < len(keys) <= MAX_DELETES:
        raise AwsError("MalformedXML", f"Delete must name 1 to {MAX_DELETES} objects (got {len(keys)}).")
    context.store.require_bucket(request.bucket)
    quiet = document.findtext("Quiet", "false") == "true"
    await send_xml(send, "DeleteResult", await in_thread(_delete, context, request.bucket, keys, quiet))


def _delete(context: S3Context, bucket: str, keys: list[str], quiet: bool) -> dict[str, Any]:
    deleted, errors = [], []
    for key in keys:
        try:
            context.store.delete(bucket, key)
            deleted.append({"Key": key})
        except AwsError as error:
            errors.append({"Key": key, "Code": error.code, "Message": error.message})
    return {"Deleted": [] if quiet else deleted, "Error": errors}
