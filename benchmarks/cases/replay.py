"""A dry run of the replay over failed records: read, judged by the transform through its runtime, counted."""

import gzip
import io
import json
import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.cases.transform import CONTEXT, ENVIRONMENT, payloads
from benchmarks.measure import Result, in_process
from lambdas.web_analytics.transform import handler
from src.utils.replay.fixes import Fixes, load_fixes
from src.utils.replay.ledger import Ledger
from src.utils.replay.replay import Replay, Tally
from src.utils.replay.verdicts import TransformFunction

NAME = "replay: dry run over 20,000 failed records, function and JSON both ways included"
RECORDS, OBJECTS = 20_000, 5
ROUNDS = 5
REPAIRABLE, WHOLE_BATCHES = "all of them need a repair", "whole batches failed, most pass now"
FIXES = """
fixes:
  - rename: {from: userId, to: user_id}
  - default: {field: hostname, value: unknown}
  - cast: {field: ip, to: ip}
  - parse_timestamp: {field: timestamp, format: "%Y-%m-%d %H:%M:%S"}
"""


@dataclass
class MemoryBucket:
    """Error objects at hand: S3 is not what is measured."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def keys(self, prefix: str) -> Iterator[str]:
        return (key for key in self.objects if key.startswith(prefix))

    def get(self, key: str) -> bytes | None:
        return self.objects[key]

    def put(self, key: str, data: bytes) -> None:
        raise RuntimeError(f"a dry run has written {key}")

    def put_if(self, key: str, data: bytes, expected: bytes | None) -> None:
        raise RuntimeError(f"a dry run has written {key}")

    def delete(self, key: str) -> None:
        raise RuntimeError(f"a dry run has deleted {key}")


class Function:
    """Lambda's Invoke as far as this process bears its cost: JSON in, the handler, JSON out."""

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        answer = handler.lambda_handler(json.loads(Payload), CONTEXT)
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


def run() -> list[Result]:
    os.environ.update(ENVIRONMENT)
    fixes = rules()
    variants = {
        WHOLE_BATCHES: replay(payloads(), fixes),
        REPAIRABLE: replay([json.dumps({**json.loads(text), "ip": 1}).encode() for text in whole()], fixes),
    }
    rounds = in_process({name: work.dry for name, work in variants.items()}, rounds=ROUNDS)
    return [
        Result(
            name=f"records per CPU second, {name}",
            value=RECORDS / rounds.median(name),
            unit="/s",
            target=20_000,
        )
        for name in variants
    ]


def whole() -> list[bytes]:
    broken = range(50, RECORDS, 100)
    return [text for number, text in enumerate(payloads()) if number not in broken]


def rules() -> Fixes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fixes.yaml"
        path.write_text(FIXES)
        return load_fixes(path)


@dataclass(frozen=True)
class Work:
    """A dry run that can be repeated, and that checks its own account."""

    replay: Replay

    def dry(self) -> None:
        tally = Tally()
        list(self.replay.run(self.replay.sources(), tally))
        if tally.read != RECORDS or not tally.adds_up:
            raise RuntimeError(f"{tally.read} of {RECORDS} records were read")


def replay(texts: list[bytes], fixes: Fixes) -> Work:
    bucket = MemoryBucket()
    size = RECORDS // OBJECTS
    for number in range(OBJECTS):
        lines = (
            envelope(texts[index % len(texts)], index) for index in range(number * size, (number + 1) * size)
        )
        bucket.objects[f"error/processing-failed/{number}.gz"] = gzip.compress(b"\n".join(lines), 1)
    ledger = Ledger(bucket, "replay-ledger/")
    return Work(Replay(bucket, ledger, "error/", TransformFunction(Function(), "transform"), fixes, None))


def envelope(payload: bytes, number: int) -> bytes:
    return json.dumps(
        {
            "attemptsMade": 4,
            "arrivalTimestamp": 1_795_000_000_000 + number,
            "errorCode": "Lambda.FunctionError",
            "errorMessage": "The Lambda function was successfully invoked but it returned an error result.",
            "attemptEndingTimestamp": 1_795_000_060_000,
            "rawData": b64encode(payload).decode(),
            "lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:transform:$LATEST",
        }
    ).encode()
