"""What a crawler reads of an object: the first megabyte of its JSON, up to ten where no record ends before.

https://repost.aws/knowledge-center/glue-crawler-detect-schema
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from local_runtime.crawler.schema import NULL, Inferred, infer, merge

SAMPLE_BYTES = 1024 * 1024
MOST_SAMPLES = 10


@dataclass(frozen=True)
class Sample:
    """`schema` is a struct; without any record it is `null` and the object is no JSON."""

    schema: Inferred
    records: int
    """In what was read."""
    read_bytes: int
    """Of JSON, decompressed."""
    unreadable: int = 0
    """Lines that are no JSON object."""


def read_sample(path: Path, *, compressed: bool) -> Sample:
    """The schema of an object's first records.

    Raises:
        OSError: it cannot be read, or what should be gzip is none.
        EOFError: a gzip object ends too early.
    """
    with gzip.open(path) if compressed else path.open("rb") as file:
        lines, read_bytes = _first_lines(file)
    schema, records, unreadable = NULL, 0, 0
    for line in lines:
        documents = list(_documents(line))
        records += len(documents)
        unreadable += not documents
        for document in documents:
            schema = merge(schema, infer(document))
    return Sample(schema, records, read_bytes, unreadable)


def _first_lines(file: IO[bytes] | gzip.GzipFile) -> tuple[list[bytes], int]:
    """Whole lines of the first megabyte; more is read until one of them is a JSON object."""
    text = b""
    for _ in range(MOST_SAMPLES):
        chunk = file.read(SAMPLE_BYTES)
        text += chunk
        whole = text if len(chunk) < SAMPLE_BYTES else text[: text.rfind(b"\n") + 1]
        lines = [line for line in whole.split(b"\n") if line.strip()]
        if len(chunk) < SAMPLE_BYTES or any(next(_documents(line), None) is not None for line in lines):
            return lines, len(whole)
    return [], len(text)


def _documents(line: bytes) -> Iterator[dict[str, Any]]:
    """The objects of a line: one, or several written one after another."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        yield from _concatenated(line)
        return
    if isinstance(found, dict):
        yield found


def _concatenated(line: bytes) -> Iterator[dict[str, Any]]:
    decoder, position = json.JSONDecoder(), 0
    try:
        text = line.decode().strip()
        while position < len(text):
            found, position = decoder.raw_decode(text, position)
            if isinstance(found, dict):
                yield found
            position += len(text[position:]) - len(text[position:].lstrip())
    except (ValueError, RecursionError):
        return
