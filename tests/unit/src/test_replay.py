"""A replay on a bucket and a stream in memory: killed at every step, with lost answers and refusals."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from src.utils.aws.errors import BadInputError
from src.utils.replay.bucket import ChangedError
from src.utils.replay.fixes import Fixes, load_fixes
from src.utils.replay.ledger import Batch, Ledger
from src.utils.replay.replay import Replay, Tally
from src.utils.replay.report import as_report, print_report
from src.utils.replay.stream import Putter, UncertainError
from src.utils.replay.verdicts import Verdict

KEY = "error/year=2026/processing-failed/stream-1-object"


class KilledError(BaseException):
    """The process is gone: nothing catches this."""


@dataclass
class MemoryBucket:
    """A bucket; `writes_left` counts down to a kill, before or after a write."""

    objects: dict[str, bytes] = field(default_factory=dict)
    steps_left: int = -1

    def keys(self, prefix: str) -> Iterator[str]:
        return iter(sorted(key for key in self.objects if key.startswith(prefix)))

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def put(self, key: str, data: bytes) -> None:
        self.step()
        self.objects[key] = data
        self.step()

    def put_if(self, key: str, data: bytes, expected: bytes | None) -> None:
        if self.objects.get(key) != expected:
            raise ChangedError(key)
        self.objects[key] = data

    def delete(self, key: str) -> None:
        if "lock" not in key:
            self.step()
        self.objects.pop(key, None)
        if "lock" not in key:
            self.step()

    def step(self) -> None:
        if self.steps_left == 0:
            raise KilledError
        self.steps_left -= 1


@dataclass
class MemoryStream:
    """A stream; a put may be killed before and after, `answers` are what the next ones do."""

    bucket: MemoryBucket
    name: str = "events"
    records: dict[str, bytes] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    forgetful: bool = False

    def put(self, records: Sequence[tuple[str, bytes]]) -> list[int]:
        self.bucket.step()
        answer = self.answers.pop(0) if self.answers else "taken"
        refused = {"half refused": set(range(0, len(records), 2)), "refused": set(range(len(records)))}.get(
            answer, set()
        )
        if answer != "lost before":
            taken = {key: data for index, (key, data) in enumerate(records) if index not in refused}
            assert not taken.keys() & self.records.keys()
            self.records.update(taken)
        self.bucket.step()
        if answer.startswith("lost"):
            raise UncertainError(answer)
        return sorted(refused)

    def find(self, batch: Batch) -> set[int]:
        return {index for index in range(len(batch.keys)) if batch.partition_key(index) in self.records}

    def remembers(self, moment: float) -> bool:
        return not self.forgetful

    @property
    def users(self) -> Counter[str]:
        return Counter(json.loads(data)["user_id"] for data in self.records.values())


def judge(data: Sequence[str]) -> list[Verdict]:
    """Accepts objects with a `user_id`."""
    verdicts = []
    for text in data:
        payload = base64.b64decode(text)
        reason = None if b'"user_id"' in payload else "missing_field" if b"{" in payload else "not_json"
        verdicts.append(Verdict(reason, f"id-{len(payload)}"))
    return verdicts


def envelope(payload: str, arrival: int = 1_790_000_000_000) -> bytes:
    raw = base64.b64encode(payload.encode()).decode()
    return json.dumps(
        {"rawData": raw, "arrivalTimestamp": arrival, "errorCode": "Lambda.FunctionError"}
    ).encode()


def replay(bucket: MemoryBucket, stream: MemoryStream, fixes: Fixes, **options: bool | str) -> Tally:
    """One run of the tool."""
    ledger = Ledger(bucket, "replay-ledger/")
    putter = Putter(stream, ledger, sleep=lambda seconds: None)
    retry = bool(options.get("retry_unrecoverable", False))
    work = Replay(bucket, ledger, "error/", judge, fixes, putter, batch_size=4, retry_unrecoverable=retry)
    tally = Tally()
    with ledger.held():
        for batch in ledger.open_batches():
            assume = options.get("assume")
            putter.settle(batch, assume if isinstance(assume, str) else None)
        list(work.run(work.sources(), tally))
    assert tally.adds_up
    return tally


def lines(bucket: MemoryBucket, prefix: str) -> list[dict[str, object]]:
    found = [data for key, data in sorted(bucket.objects.items()) if key.startswith(prefix)]
    return [json.loads(line) for data in found for line in data.splitlines()]


@pytest.fixture
def fixes(tmp_path: Path) -> Fixes:
    path = tmp_path / "fixes.yaml"
    path.write_text("fixes: [{rename: {from: userId, to: user_id}}]")
    return load_fixes(path)


@pytest.fixture
def bucket() -> MemoryBucket:
    good = [envelope(json.dumps({"user_id": f"u{number}"})) for number in range(5)]
    bad = [envelope(json.dumps({"userId": f"v{number}"})) for number in range(4)]
    return MemoryBucket({KEY: b"\n".join([*good, *bad, envelope("poison"), b"no envelope"]) + b"\n"})


EVERYBODY = Counter({**{f"u{number}": 1 for number in range(5)}, **{f"v{number}": 1 for number in range(4)}})


def test_what_passes_goes_back_and_everything_is_moved(bucket: MemoryBucket, fixes: Fixes) -> None:
    stream = MemoryStream(bucket)
    tally = replay(bucket, stream, fixes)
    assert (tally.read, tally.put_back, tally.again) == (11, 9, 0)
    assert stream.users == EVERYBODY
    assert [key for key in bucket.objects if key.startswith("error/")] == []
    assert len(lines(bucket, "replayed/")) == 9
    assert b"no envelope" in bucket.objects[f"unrecoverable/{KEY}"]


def test_repaired_record_carries_the_id_of_the_original(bucket: MemoryBucket, fixes: Fixes) -> None:
    stream = MemoryStream(bucket)
    replay(bucket, stream, fixes)
    ids = {json.loads(data).get("event_id") for data in stream.records.values()}
    assert ids == {None, f"id-{len(json.dumps({'userId': 'v0'}))}"}


@pytest.mark.parametrize("steps", range(40))
def test_kill_at_any_step_loses_nothing_and_repeats_nothing(
    bucket: MemoryBucket, fixes: Fixes, steps: int
) -> None:
    stream = MemoryStream(bucket)
    bucket.steps_left = steps
    with contextlib.suppress(KilledError):
        replay(bucket, stream, fixes)
    bucket.steps_left = -1
    replay(bucket, stream, fixes)
    assert stream.users == EVERYBODY
    assert [key for key in bucket.objects if key.startswith("error/")] == []
    kept = Counter(str(line["rawData"]) for line in lines(bucket, "replayed/"))
    assert (len(kept), set(kept.values())) == (9, {1})


@pytest.mark.parametrize("answer", ["lost before", "lost after", "half refused", "refused"])
def test_lost_answer_or_refusal_is_made_good(bucket: MemoryBucket, fixes: Fixes, answer: str) -> None:
    stream = MemoryStream(bucket, answers=[answer, "taken", answer, answer])
    assert replay(bucket, stream, fixes).not_put == 0
    assert stream.users == EVERYBODY


def test_records_that_the_stream_keeps_refusing_stay_for_the_next_time(
    bucket: MemoryBucket, fixes: Fixes
) -> None:
    stream = MemoryStream(bucket, answers=["refused"] * 10)
    tally = replay(bucket, stream, fixes)
    assert (tally.not_put, tally.put_back) == (4, 5)
    assert len(lines(bucket, "error/")) == 4
    again = replay(bucket, stream, fixes)
    assert (again.put_back, stream.users) == (4, EVERYBODY)
    assert len(lines(bucket, "replayed/")) == 9


def test_copy_of_an_error_object_is_not_put_again(bucket: MemoryBucket, fixes: Fixes) -> None:
    stream = MemoryStream(bucket)
    copy = bucket.objects[KEY]
    replay(bucket, stream, fixes)
    bucket.objects[f"{KEY}-copy"] = copy
    assert replay(bucket, stream, fixes).again == 9
    assert stream.users == EVERYBODY


def test_same_text_twice_in_an_object_is_two_records(fixes: Fixes) -> None:
    bucket = MemoryBucket({KEY: b"\n".join([envelope('{"user_id": "twin"}')] * 2)})
    stream = MemoryStream(bucket)
    assert replay(bucket, stream, fixes).put_back == 2
    assert stream.users == {"twin": 2}


def test_record_that_fails_again_is_put_again(fixes: Fixes) -> None:
    payload = '{"user_id": "again"}'
    bucket = MemoryBucket({KEY: envelope(payload)})
    stream = MemoryStream(bucket)
    replay(bucket, stream, fixes)
    bucket.objects[f"{KEY}-later"] = envelope(payload, arrival=1_790_000_999_000)
    assert replay(bucket, stream, fixes).put_back == 1


def test_given_up_records_can_be_tried_again_and_join_the_others(bucket: MemoryBucket, fixes: Fixes) -> None:
    stream = MemoryStream(bucket)
    assert replay(bucket, stream, Fixes()).put_back == 5
    assert replay(bucket, stream, fixes).read == 0
    tally = replay(bucket, stream, fixes, retry_unrecoverable=True)
    assert (tally.read, tally.put_back) == (6, 4)
    assert stream.users == EVERYBODY
    assert len(lines(bucket, f"replayed/{KEY}")) == 9


@pytest.mark.parametrize("packed", [False, True])
def test_records_under_unrecoverable_are_counted_over_all_replays(fixes: Fixes, packed: bool) -> None:
    lines = b"\n".join([envelope("poison"), envelope("[]")])
    bucket = MemoryBucket({KEY: gzip.compress(lines) if packed else lines})
    stream = MemoryStream(bucket)
    replay(bucket, stream, fixes)
    bucket.objects[f"{KEY}-later"] = envelope("more poison")
    replay(bucket, stream, fixes)
    ledger = Ledger(bucket, "replay-ledger/")
    assert Replay(bucket, ledger, "error/", judge, fixes, None).given_up() == 3


def test_compressed_object_stays_compressed(bucket: MemoryBucket, fixes: Fixes) -> None:
    bucket.objects[KEY] = gzip.compress(bucket.objects[KEY])
    replay(bucket, MemoryStream(bucket), fixes)
    assert len(gzip.decompress(bucket.objects[f"replayed/{KEY}"]).splitlines()) == 9


def test_batch_that_the_stream_has_forgotten_needs_a_persons_word(bucket: MemoryBucket, fixes: Fixes) -> None:
    stream = MemoryStream(bucket, forgetful=True)
    bucket.steps_left = 3  # the first batch is claimed and in the stream, not confirmed
    with pytest.raises(KilledError):
        replay(bucket, stream, fixes)
    bucket.steps_left = -1
    with pytest.raises(
        BadInputError, match=r"a batch of 4 records was interrupted .* pass --assume put or --assume lost"
    ):
        replay(bucket, stream, fixes)
    replay(bucket, stream, fixes, assume="put")
    assert stream.users == EVERYBODY


def test_second_replay_at_the_same_time_is_refused(bucket: MemoryBucket) -> None:
    first, second = Ledger(bucket, "replay-ledger/"), Ledger(bucket, "replay-ledger/")
    with first.held(), pytest.raises(BadInputError, match="a replay is under way"), second.held():
        pass
    with second.held():
        pass


def test_lease_that_has_run_out_is_taken_over(bucket: MemoryBucket) -> None:
    Ledger(bucket, "replay-ledger/", clock=lambda: 0.0)._acquire()
    with Ledger(bucket, "replay-ledger/", clock=lambda: 121.0).held():
        pass


def test_report_adds_up_and_no_sample_steers_the_terminal(fixes: Fixes) -> None:
    bucket = MemoryBucket({KEY: b"\n".join([envelope("\x1b[2Jpoison [red]"), envelope('{"userId": "u"}')])})
    tally = replay(bucket, MemoryStream(bucket), fixes)
    console = Console(file=io.StringIO(), width=120)
    print_report(tally, dry_run=False, given_up=3, console=console)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert r"\x1b[2Jpoison [red]" in shown
    assert (
        "2 failed records (error objects: 1) = 0 that pass as they are + 1 that pass when repaired" in shown
    )
    assert "1 were put back now." in shown
    assert "3 lie under unrecoverable/: `--retry-unrecoverable --fixes FILE` reads them again." in shown
    report = as_report(tally, dry_run=False, given_up=None)
    assert (report["put_back_now"], report["unrecoverable"], report["adds_up"]) == (1, 1, True)
