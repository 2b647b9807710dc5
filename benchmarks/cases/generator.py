"""The event generator beside a mimesis Schema of the same ten fields, and what sending costs the client."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import orjson
import requests
from mimesis import Field, Schema

from benchmarks.measure import Result, in_process
from src.utils.fake_data.display import Silent
from src.utils.fake_data.kdg.template import TextTemplate
from src.utils.fake_data.payloads import RecordSource, record_body
from src.utils.fake_data.sender import Sender
from src.utils.fake_data.settings import MAX_BATCH, Settings
from src.utils.fake_data.templates import TEMPLATES
from src.utils.fake_data.visitors import web_log_events

NAME = "generator: web_log events, made and sent"
RECORDS = 2_000
ROUNDS = 11
OURS, MIMESIS, ENCODED = "our generator", "mimesis Schema", "our generator with its JSON"
TEMPLATE = "a template of the Kinesis Data Generator"
TEMPLATE_FILE = Path(__file__).parents[2] / "docs" / "examples" / "app_event.template.txt"

SENT = 20_000
SENT_ONE_BY_ONE = 100
SEND_ROUNDS = 5
BATCHES, ONE_BY_ONE = f"sender, {MAX_BATCH} records a request", "requests.put, one record a request"
STREAM = "benchmark"


def run() -> list[Result]:
    return [*generating(), *sending()]


def generating() -> list[Result]:
    """Events of a generator that is under way: both have made their providers and pools before."""
    events = web_log_events(random.Random(1), time.time)
    source = RecordSource(TEMPLATES["web_log"], seed=1, clock=time.time, max_count=None)
    template = TextTemplate.read(str(TEMPLATE_FILE))
    texts = RecordSource(template, seed=1, clock=time.time, max_count=None)
    schema = mimesis_schema()
    check_same_fields(next(events), next(iter(schema)))
    rounds = in_process(
        {
            MIMESIS: schema.create,
            OURS: lambda: list(islice(events, RECORDS)),
            ENCODED: partial(source.take, RECORDS),
            TEMPLATE: partial(texts.take, RECORDS),
        },
        rounds=ROUNDS,
    )
    return [
        Result(
            name=f"{OURS} / {MIMESIS}, records per CPU second",
            value=rounds.ratio(MIMESIS, OURS),
            unit="x",
            target=20,
        ),
        *(
            Result(name=name, value=RECORDS / rounds.median(name), unit="records/CPU s")
            for name in (OURS, ENCODED, MIMESIS)
        ),
        Result(
            name=TEMPLATE,
            value=RECORDS / rounds.median(TEMPLATE),
            unit="records/CPU s",
            target=100_000,
        ),
    ]


def mimesis_schema() -> Schema:
    """Each field by the provider of its name, or by the nearest one."""
    field = Field(seed=1)
    kinds = ["visit", "view", "list", "like", "cart", "purchase"]
    return Schema(
        schema=lambda: {
            "user_id": field("person.identifier", mask="############"),
            "session_id": field("cryptographic.token_hex", entropy=16),
            "event": field("choice", items=kinds),
            "referrer": field("internet.url"),
            "user_agent": field("internet.user_agent"),
            "ip": field("internet.ip_v4"),
            "hostname": field("internet.hostname"),
            "os": field("development.os"),
            "timestamp": field("datetime.formatted_datetime", fmt="%Y-%m-%dT%H:%M:%SZ"),
            "uri": field("internet.uri"),
        },
        iterations=RECORDS,
    )


def check_same_fields(ours: dict[str, object], theirs: dict[str, object]) -> None:
    if list(ours) != list(theirs):
        raise RuntimeError(f"the two make different fields: {list(ours)} and {list(theirs)}")


def sending() -> list[Result]:
    """CPU of the client alone, making the records included; the server is a process that only answers."""
    with sink() as url:
        rounds = in_process(
            {BATCHES: partial(send_batches, url), ONE_BY_ONE: partial(send_one_by_one, url)},
            rounds=SEND_ROUNDS,
        )
    batched, single = rounds.median(BATCHES) / SENT, rounds.median(ONE_BY_ONE) / SENT_ONE_BY_ONE
    return [
        Result(name=BATCHES, value=batched * 1e6, unit="client CPU µs/record", better="lower"),
        Result(name=ONE_BY_ONE, value=single * 1e6, unit="client CPU µs/record", better="lower"),
        Result(
            name=f"{BATCHES} / {ONE_BY_ONE}, records per CPU second",
            value=rounds.ratio(ONE_BY_ONE, BATCHES) * SENT / SENT_ONE_BY_ONE,
            unit="x",
        ),
    ]


def send_batches(url: str) -> None:
    settings = Settings(api_url=url, stream_name=STREAM, max_count=SENT, batch_size=MAX_BATCH, concurrency=4)
    sender = Sender(settings, web_log_records(SENT), Silent())
    asyncio.run(sender.run())
    if sender.tally.accepted != SENT:
        raise RuntimeError(
            f"the sink accepted {sender.tally.accepted} of {SENT} records: {sender.tally.failures}"
        )


def send_one_by_one(url: str) -> None:
    for record in web_log_records(SENT_ONE_BY_ONE):
        answer = requests.put(f"{url}/streams/{STREAM}/record", data=record_body([record]), timeout=10)
        answer.raise_for_status()


def web_log_records(count: int) -> RecordSource:
    return RecordSource(TEMPLATES["web_log"], seed=1, clock=time.time, max_count=count)


@contextmanager
def sink() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.cases.generator"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def serve_sink() -> None:
    """Answers every PUT as Kinesis does when all is well, and prints its URL first."""
    server = await asyncio.start_server(answer_all, "127.0.0.1", 0, limit=2**20)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    stored = {"SequenceNumber": "4" * 56, "ShardId": "shardId-000000000000"}
    answers = {
        b"record": orjson.dumps(stored),
        b"records": orjson.dumps({"FailedRecordCount": 0, "Records": [stored] * MAX_BATCH}),
    }
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            body = answers[head.split(b" ", 2)[1].rsplit(b"/")[-1]]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    except asyncio.IncompleteReadError:  # the client has closed the connection
        writer.close()


if __name__ == "__main__":
    asyncio.run(serve_sink())
