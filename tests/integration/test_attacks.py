"""The attack corpus against the real templates and the whole local pipeline: HTTP in, rows and errors out."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LocalRunProcess, StartRun
from tests.events.attacks import ACCOUNT, STREAM, VICTIM, End, event
from tests.events.attacks_on_events import EVENT_ATTACKS
from tests.events.attacks_on_requests import BODY_ATTACKS, ENTRY_ATTACKS, REQUEST_ATTACKS

pytestmark = pytest.mark.xdist_group("attacks")  # one campaign for all tests of the module

TABLE = "web_log_iceberg_db.web_log_iceberg"
COLUMNS = tuple(event(""))
OF_THE_PIPELINE = frozenset({"event_id", "received_at"})
LEAST_ATTACKS = 60
NO_HTTP = frozenset({"method: one of its own"})
"""What the HTTP server refuses by itself, in plain text."""
Attempt = tuple[str, str]
"""(name of the attack, "alone" or "beside")."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Sent:
    """What was sent in one request, by the token of each record."""

    answer: Answer
    hostile: dict[str, str]
    """Token -> the event's JSON text; one of these is the attack."""
    neighbours: tuple[str, ...]
    keys: list[str]
    """The partition keys in the order of the records."""
    end: End


@dataclass
class Campaign:
    """All attacks sent, then everything delivered."""

    run: LocalRunProcess
    sent: dict[Attempt, Sent] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    shards: dict[str, tuple[int, int]] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.run.port, timeout=30)
        try:
            connection.request(method, f"/log-collector/v1/streams{path}", body, headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def put(self, endpoint: str, body: bytes) -> Answer:
        return self.request("PUT", f"/{STREAM}/{endpoint}", body, {"Content-Type": "application/json"})


def record(text: str, key: str) -> bytes:
    return b'{"Data": %s, "PartitionKey": %s}' % (text.encode(), json.dumps(key).encode())


def batch(*entries: str) -> bytes:
    return f'{{"records": [{", ".join(entries)}]}}'.encode()


def entry(text: str, key: str = "good") -> str:
    return json.dumps({"data": text, "partition-key": key})


def good(token: str) -> str:
    return json.dumps(event(token))


def send_events(campaign: Campaign) -> None:
    for number, attack in enumerate(EVENT_ATTACKS):
        token = f"event-{number}"
        before, after = f"{token}-before", f"{token}-after"
        text = attack.text(f"{token}-alone")
        end = attack.end if attack.alone is None else attack.alone
        answer = campaign.put("record", record(text, attack.key))
        campaign.sent[attack.name, "alone"] = Sent(answer, {f"{token}-alone": text}, (), [attack.key], end)
        text = attack.text(f"{token}-beside")
        entries = [entry(good(before)), entry(text, attack.key), entry(good(after))]
        answer = campaign.put("records", batch(*entries))
        keys = ["good", attack.key, "good"]
        hostile = {f"{token}-beside": text}
        campaign.sent[attack.name, "beside"] = Sent(answer, hostile, (before, after), keys, attack.end)


def send_entries(campaign: Campaign) -> None:
    for number, attack in enumerate(ENTRY_ATTACKS):
        token = f"entry-{number}"
        alone = campaign.put("records", batch(attack.entry))
        campaign.sent[attack.name, "alone"] = Sent(alone, {}, (), [], End.REFUSED)
        entries = [entry(good(token)), attack.entry, entry(good(token))]
        beside = campaign.put("records", batch(*entries))
        campaign.sent[attack.name, "beside"] = Sent(beside, {token: ""}, (), [], End.REFUSED)


def send_bodies(campaign: Campaign) -> None:
    for attack in BODY_ATTACKS:
        answer = campaign.put(attack.endpoint, attack.body)
        campaign.sent[attack.name, "alone"] = Sent(answer, {"body": ""}, (), [], End.REFUSED)


def send_requests(campaign: Campaign) -> None:
    for number, attack in enumerate(REQUEST_ATTACKS):
        headers = {"Content-Type": "application/json", **attack.headers}
        tokens = [f"request-{number}-{place}" for place in ("alone", "before", "after")]
        alone, before, after = map(good, tokens)
        for way, endpoint, text, texts in (
            ("alone", "record", record(alone, "k").decode(), {tokens[0]: alone}),
            ("beside", "records", batch(entry(before), entry(after)).decode(), {tokens[1]: before}),
        ):
            path = f"/{attack.stream}/{endpoint}{attack.query}"
            answer = campaign.request(attack.method, path, attack.encode(text), headers)
            neighbours = (tokens[2],) if way == "beside" else ()
            keys = ["good", "good"] if way == "beside" else ["k"]
            campaign.sent[attack.name, way] = Sent(answer, texts, neighbours, keys, attack.end)


def collect(campaign: Campaign) -> None:
    run = campaign.run
    run.flush()
    for stored in run.sql(f"select * from {TABLE}"):
        campaign.rows.setdefault(stored["session_id"], []).append(stored)
    files = [path for path in (run.state / "s3").rglob("*-failed/**/*") if path.is_file()]
    envelopes = [json.loads(line) for path in files for line in path.read_bytes().splitlines()]
    campaign.errors = [base64.b64decode(item["rawData"]).decode() for item in envelopes]
    described = campaign.request("GET", f"/{STREAM}", b"", {}).document["StreamDescription"]
    for shard in described["Shards"]:
        bounds = shard["HashKeyRange"]
        campaign.shards[shard["ShardId"]] = (int(bounds["StartingHashKey"]), int(bounds["EndingHashKey"]))
    campaign.status = json.loads(run.command("status", "--json").stdout)


@pytest.fixture(scope="module")
def with_victim(assembly_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthesized app and, in the same account, a stream that the API does not serve."""
    directory = tmp_path_factory.mktemp("attacked") / "cdk.out"
    shutil.copytree(assembly_directory, directory)
    file = directory / "WebAnalyticsKinesisStream.template.json"
    template = json.loads(file.read_text())
    template["Resources"]["Victim"] = {
        "Type": "AWS::Kinesis::Stream",
        "Properties": {"Name": VICTIM, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
    }
    file.write_text(json.dumps(template))
    return directory


@pytest.fixture(scope="module")
def campaign(
    start_run: StartRun, with_victim: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Campaign]:
    options = ("--interval", "300", "--assembly", str(with_victim))
    with start_run(tmp_path_factory.mktemp("state"), *options) as run:
        campaign = Campaign(run)
        for send in (send_events, send_entries, send_bodies, send_requests):
            send(campaign)
        collect(campaign)
        yield campaign


ALONE_AND_BESIDE = [
    (attack.name, way)
    for attacks in (EVENT_ATTACKS, ENTRY_ATTACKS, REQUEST_ATTACKS)
    for attack in attacks
    for way in ("alone", "beside")
]
ATTEMPTS = [*ALONE_AND_BESIDE, *((attack.name, "alone") for attack in BODY_ATTACKS)]


def test_corpus_is_large_and_names_are_unique() -> None:
    assert len(set(ATTEMPTS)) == len(ATTEMPTS)
    assert len({name for name, _ in ATTEMPTS}) >= LEAST_ATTACKS


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: f"{attempt[0]} ({attempt[1]})")
def test_attack_ends_refused_or_stored_as_it_was_sent(campaign: Campaign, attempt: Attempt) -> None:
    sent = campaign.sent[attempt]
    status, tokens = sent.answer.status, (*sent.hostile, *sent.neighbours)
    if sent.end is End.REFUSED:
        assert 400 <= status < 500, sent.answer
        assert [campaign.rows.get(token) for token in tokens] == [None] * len(tokens)
        return
    assert status == 200, sent.answer
    for token, text in sent.hostile.items():
        if sent.end is End.STORED:
            sent_event = json.loads(text, parse_int=str)
            assert row(campaign, token) == {name: sent_event[name] for name in COLUMNS}
        else:
            assert token not in campaign.rows
            (kept,) = [error for error in campaign.errors if f'"{token}"' in error]
            assert is_whole(kept, text), kept
    for token in sent.neighbours:
        assert row(campaign, token) == event(token)


def is_whole(kept: str, text: str) -> bool:
    """What Firehose set aside, before the transform or after it, has all that was sent.

    PutRecord takes the event as a part of its body's JSON, whose blanks it does not keep.
    """
    if kept == text:
        return True
    members = {
        name: value for name, value in json.loads(kept, parse_int=str).items() if name not in OF_THE_PIPELINE
    }
    return bool(members == json.loads(text, parse_int=str))


def row(campaign: Campaign, token: str) -> dict[str, Any]:
    """The contract's ten columns of the one row that has the token, as an event spells them."""
    (found,) = campaign.rows[token]
    columns = {name: found[name] for name in COLUMNS}
    columns["timestamp"] = f"{found['timestamp'][:19].replace(' ', 'T')}Z"
    return columns


def test_answers_are_json_with_a_reason_and_without_the_account(campaign: Campaign) -> None:
    for attempt, sent in campaign.sent.items():
        assert ACCOUNT.encode() not in sent.answer.body, attempt
        assert "evil" not in json.dumps(sent.answer.headers).lower(), attempt
        assert "<script>" not in json.dumps(sent.answer.headers), attempt
        if sent.answer.status >= 400 and attempt[0] not in NO_HTTP:
            assert sent.answer.document["message"], attempt


def test_no_attack_reached_another_stream(campaign: Campaign) -> None:
    records = {stream["name"]: stream["records"] for stream in campaign.status["streams"]}
    accepted = sum(len(sent.keys) for sent in campaign.sent.values() if sent.end is not End.REFUSED)
    assert records == {STREAM: accepted, VICTIM: 0}
    assert sum(map(len, campaign.rows.values())) + len(campaign.errors) == accepted


def test_no_record_chose_its_shard(campaign: Campaign) -> None:
    assert len(campaign.shards) > 1
    used: Counter[str] = Counter()
    for attempt, sent in campaign.sent.items():
        if sent.end is End.REFUSED:
            continue
        answer = sent.answer.document
        answered = answer.get("Records", [answer])
        for key, place in zip(sent.keys, answered, strict=True):
            low, high = campaign.shards[place["ShardId"]]
            assert low <= int.from_bytes(hashlib.md5(key.encode()).digest(), "big") <= high, attempt
            used[place["ShardId"]] += 1
    assert len(used) > 1


def test_run_is_sound_afterwards(campaign: Campaign) -> None:
    answer = campaign.put("records", batch(entry(good("afterwards"))))
    assert (answer.status, answer.document["FailedRecordCount"]) == (200, 0)
    campaign.run.flush()
    count = f"select count(*) as n from {TABLE} where session_id = 'afterwards'"
    assert campaign.run.sql(count) == [{"n": 1}]
