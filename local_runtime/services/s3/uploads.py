"""Operations on multipart uploads.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
"""

from __future__ import annotations

from typing import BinaryIO

from local_runtime.errors import AwsError
from local_runtime.services.s3.conditions import byte_range
from local_runtime.services.s3.context import S3Context, S3Request, in_thread, send_empty, send_xml
from local_runtime.services.s3.metadata import ObjectInfo
from local_runtime.services.s3.multipart import MultipartUploads, Part, PartUpload
from local_runtime.services.s3.objects import check_copy, copy_source, receive_upload
from local_runtime.wire.http import Send
from local_runtime.wire.xml import parse


def _place(request: S3Request) -> tuple[str, str, str]:
    return request.bucket, request.key, request.query.get("uploadId", "")


async def create_multipart_upload(context: S3Context, request: S3Request, send: Send) -> None:
    await request.document()
    create = context.multipart.create
    upload_id = await in_thread(create, request.bucket, request.key, request.headers)
    answer = {"Bucket": request.bucket, "Key": request.key, "UploadId": upload_id}
    await send_xml(send, "InitiateMultipartUploadResult", answer)


async def upload_part(context: S3Context, request: S3Request, send: Send) -> None:
    multipart: MultipartUploads = context.multipart
    number = request.query.get("partNumber", "")
    with multipart.open_part(*_place(request), number, request.headers) as part:
        if "x-amz-copy-source" in request.headers:
            answer = await in_thread(_copy_part, context, request, part)
            await send_xml(send, "CopyPartResult", answer)
            return
        etag, checksums = await receive_upload(request, part)
    await send_empty(send, 200, {"etag": f'"{etag}"', **checksums})


def _copy_part(context: S3Context, request: S3Request, part: PartUpload) -> dict[str, object]:
    source = copy_source(request)
    info: ObjectInfo = context.store.info(*source)
    check_copy(request, info)
    wanted = byte_range(request.headers.get("x-amz-copy-source-range"), info.size)
    start, end = (0, info.size - 1) if wanted is None else wanted
    with context.store.path(*source).open("rb") as file:
        _copy_bytes(file, start, end - start + 1, part)
    etag, _ = part.finish({})
    return {"ETag": f'"{etag}"', "LastModified": info.last_modified}


def _copy_bytes(file: BinaryIO, start: int, length: int, part: PartUpload) -> None:
    file.seek(start)
    while length > 0 and (block := file.read(min(1 << 20, length))):
        part.write(block)
        length -= len(block)


async def complete_multipart_upload(context: S3Context, request: S3Request, send: Send) -> None:
    document = parse(await request.document(), "CompleteMultipartUpload")
    try:
        wanted = [
            (int(item.findtext("PartNumber", "")), item.findtext("ETag", "").strip().strip('"'))
            for item in document.findall("Part")
        ]
    except ValueError:
        raise AwsError("MalformedXML", "Each Part must have a PartNumber that is a whole number.") from None
    etag = await in_thread(context.multipart.complete, *_place(request), wanted)
    answer = {
        "Location": f"/{request.bucket}/{request.key}",
        "Bucket": request.bucket,
        "Key": request.key,
        "ETag": f'"{etag}"',
    }
    await send_xml(send, "CompleteMultipartUploadResult", answer)


async def abort_multipart_upload(context: S3Context, request: S3Request, send: Send) -> None:
    await in_thread(context.multipart.abort, *_place(request))
    await send_empty(send, 204)


async def list_parts(context: S3Context, request: S3Request, send: Send) -> None:
    parts: list[Part] = await in_thread(context.multipart.parts, *_place(request))
    rows = [
        {
            "PartNumber": part.number,
            "LastModified": part.last_modified,
            "ETag": f'"{part.etag}"',
            "Size": part.size,
        }
        for part in parts
    ]
    bucket, key, upload_id = _place(request)
    answer = {"Bucket": bucket, "Key": key, "UploadId": upload_id, "IsTruncated": False, "Part": rows}
    await send_xml(send, "ListPartsResult", answer)


async def list_multipart_uploads(context: S3Context, request: S3Request, send: Send) -> None:
    prefix = request.query.get("prefix", "")
    rows = await in_thread(context.multipart.unfinished, request.bucket, prefix)
    answer = {"Bucket": request.bucket, "Prefix": prefix, "IsTruncated": False, "Upload": rows}
    await send_xml(send, "ListMultipartUploadsResult", answer)
