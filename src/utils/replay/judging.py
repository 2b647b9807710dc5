"""What becomes of failed records now: judged as they are, and what fails is repaired and judged again."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .fixes import Fixes
from .records import FailedRecord
from .verdicts import Judge, Verdict


class Outcome(StrEnum):
    """What becomes of a failed record."""

    PASSES = "passes as it is"
    REPAIRED = "passes when repaired"
    UNRECOVERABLE = "unrecoverable"


@dataclass(frozen=True, slots=True)
class Judged:
    """A failed record with its outcome; `payload` is what goes back.

    `reason` is the transform's word; for a record that passes, Firehose's code of the first failure.
    """

    record: FailedRecord
    outcome: Outcome
    reason: str
    event_id: str | None = None
    payload: bytes = b""


def judge_records(records: Sequence[FailedRecord], judge: Judge, fixes: Fixes) -> list[Judged]:
    """The records in order, each with what becomes of it."""
    verdicts = iter(judge([record.data for record in records if record.unusable is None]))
    judged = [
        _judged(record, next(verdicts))
        if record.unusable is None
        else Judged(record, Outcome.UNRECOVERABLE, record.unusable)
        for record in records
    ]
    return _repaired(judged, judge, fixes) if fixes.fixes else judged


def _judged(record: FailedRecord, verdict: Verdict) -> Judged:
    if verdict.reason is None:
        return Judged(record, Outcome.PASSES, record.code, verdict.event_id)
    return Judged(record, Outcome.UNRECOVERABLE, verdict.reason, verdict.event_id)


def _repaired(judged: Sequence[Judged], judge: Judge, fixes: Fixes) -> list[Judged]:
    tries = {
        index: payload for index, item in enumerate(judged) if (payload := _repair(item, fixes)) is not None
    }
    verdicts = judge([b64encode(payload).decode() for payload in tries.values()])
    result = list(judged)
    for (index, payload), verdict in zip(tries.items(), verdicts, strict=True):
        if verdict.reason is None:
            item = judged[index]
            result[index] = Judged(item.record, Outcome.REPAIRED, item.reason, verdict.event_id, payload)
    return result


def _repair(item: Judged, fixes: Fixes) -> bytes | None:
    # A record without an id is no base64, or none at all.
    if item.outcome is not Outcome.UNRECOVERABLE or item.event_id is None:
        return None
    return fixes.repaired(item.record.payload, item.reason, item.event_id)
