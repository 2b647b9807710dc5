"""One replay: every error object is judged, repaired, put back and moved, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from src.utils.aws.error_objects import FAILED_SUFFIX, READERS

from .bucket import Bucket, lines_of, packed_like
from .fixes import Fixes
from .judging import Judged, Outcome, judge_records
from .ledger import Ledger
from .records import FailedRecord, Note, parse_lines, with_note
from .stream import PUT_BYTES, PUT_RECORDS, Putter
from .verdicts import Judge, batches

REPLAYED, UNRECOVERABLE = "replayed/", "unrecoverable/"
SAMPLE_LENGTH = 240


@dataclass
class Tally:
    """The account of a replay: every record that was read is in one of `outcomes` or in `again`."""

    objects: int = 0
    read: int = 0
    again: int = 0
    """Records that an earlier replay put back, or copies of such."""
    not_put: int = 0
    outcomes: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    samples: dict[tuple[str, Outcome], list[str]] = field(default_factory=dict)

    def count(self, outcome: Outcome) -> int:
        return sum(number for (_, kind), number in self.outcomes.items() if kind is outcome)

    @property
    def unrecoverable(self) -> int:
        return self.count(Outcome.UNRECOVERABLE)

    @property
    def put_back(self) -> int:
        return self.count(Outcome.PASSES) + self.count(Outcome.REPAIRED) - self.not_put

    @property
    def adds_up(self) -> bool:
        return self.read == self.outcomes.total() + self.again


@dataclass(frozen=True)
class Replay:
    """What a replay works with; without a putter it only says what it would do."""

    bucket: Bucket
    ledger: Ledger
    error_prefix: str
    judge: Judge
    fixes: Fixes
    putter: Putter | None
    retry_unrecoverable: bool = False
    batch_size: int = PUT_RECORDS
    samples: int = 1
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def sources(self) -> list[str]:
        """The error objects to read, oldest first as their keys have it."""
        keys = [key for key in self.bucket.keys(self.error_prefix) if _is_error_object(key)]
        if self.retry_unrecoverable:
            keys += self._given_up_keys()
        return keys

    def _given_up_keys(self) -> list[str]:
        return list(self.bucket.keys(f"{UNRECOVERABLE}{self.error_prefix}"))

    def given_up(self) -> int:
        """Records that this and earlier replays have moved to unrecoverable/."""
        with ThreadPoolExecutor(READERS) as pool:
            return sum(pool.map(self._count_lines, self._given_up_keys()))

    def _count_lines(self, key: str) -> int:
        data = self.bucket.get(key)
        return 0 if data is None else len(lines_of(data))

    def run(self, sources: Sequence[str], tally: Tally) -> Iterator[str]:
        """Handle the objects; each key comes when its object is done."""
        for key in sources:
            data = self.bucket.get(key)
            if data is not None:
                self._handle(key, data, tally)
            yield key

    def _handle(self, key: str, data: bytes, tally: Tally) -> None:
        records = parse_lines(lines_of(data))
        known = self.ledger.put_keys
        before = [record for record in records if record.key in known]
        judged = judge_records(
            [record for record in records if record.key not in known], self.judge, self.fixes
        )
        tally.objects += 1
        tally.read += len(records)
        tally.again += len(before)
        for item in judged:
            kind = item.reason, item.outcome
            tally.outcomes[kind] += 1
            samples = tally.samples.setdefault(kind, [])
            if len(samples) < self.samples:
                samples.append(_sample(item.record))
        if self.putter is not None:
            refused = self._put(judged)
            tally.not_put += len(refused)
            self._move(key, data, before, judged, refused)

    def _put(self, judged: Sequence[Judged]) -> set[str]:
        """Put what passes; the keys of what the stream did not take."""
        assert self.putter is not None
        entries = [
            (item.record.key, item.payload if item.outcome is Outcome.REPAIRED else item.record.payload)
            for item in judged
            if item.outcome is not Outcome.UNRECOVERABLE
        ]
        refused: set[str] = set()
        sizes = [len(data) + 256 for _, data in entries]
        for batch in batches(entries, sizes, self.batch_size, PUT_BYTES):
            refused |= self.putter.put(batch)
        return refused

    def _move(
        self,
        key: str,
        data: bytes,
        before: Sequence[FailedRecord],
        judged: Sequence[Judged],
        refused: set[str],
    ) -> None:
        """Write the copies first and take the object away last: after a kill in between, all of it again."""
        at = self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        name = key.removeprefix(UNRECOVERABLE)
        replayed = {record.key: with_note(record, Note(record.key, at=at)) for record in before}
        lost: dict[str, bytes] = {}
        left: list[bytes] = []
        for item in judged:
            note = Note(item.record.key, item.reason, item.event_id, item.outcome.value, at)
            if item.record.key in refused:
                left.append(item.record.line)
            elif item.outcome is Outcome.UNRECOVERABLE:
                lost[item.record.key] = with_note(item.record, note)
            else:
                replayed[item.record.key] = with_note(item.record, note)
        self._merge(f"{REPLAYED}{name}", data, replayed)
        if key.startswith(UNRECOVERABLE):
            self._replace(key, data, [*lost.values(), *left])
        else:
            self._merge(f"{UNRECOVERABLE}{name}", data, lost)
            self._replace(key, data, left)

    def _merge(self, key: str, like: bytes, lines: dict[str, bytes]) -> None:
        """Add lines to an object; those that it has, by their keys, stay as they are."""
        if not lines:
            return
        found = self.bucket.get(key)
        if found is not None:
            old = lines_of(found)
            have = {record.key: line for record, line in zip(parse_lines(old), old, strict=True)}
            lines = {**lines, **have}
        self.bucket.put(key, packed_like(like, list(lines.values())))

    def _replace(self, key: str, data: bytes, lines: list[bytes]) -> None:
        if lines:
            self.bucket.put(key, packed_like(data, lines))
        else:
            self.bucket.delete(key)


def _is_error_object(key: str) -> bool:
    return any(folder.endswith(FAILED_SUFFIX) for folder in key.split("/")[:-1])


def _sample(record: FailedRecord) -> str:
    raw = record.line if record.unusable else record.payload
    return raw[:SAMPLE_LENGTH].decode(errors="replace").strip()
