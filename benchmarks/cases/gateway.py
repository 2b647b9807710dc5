"""The local API and its stream beside the same server with an empty handler, and beside moto's Kinesis."""

import asyncio
import base64
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.measure import Result
from src.utils.fake_data.visitors import web_log_events

NAME = "the local API: records a second into the stream"
ROOT = Path(__file__).resolve().parents[2]
STREAM = "PUT-Firehose-aEhWz"
API_PATH = f"/log-collector/v1/streams/{STREAM}"
CONNECTIONS = 8
ROUNDS = 5
LIMIT_SECONDS = 60
REQUESTS = {1: 2_000, 10: 1_500, 500: 150}
"""Records a request -> requests a round: about a second of the server's time."""
MOTO_REQUESTS = 10
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=x"
)


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    port: int
    process: subprocess.Popen[str]

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


@dataclass(frozen=True)
class Load:
    """Requests that are all alike, ready to be written to a socket."""

    request: bytes
    count: int


@dataclass(frozen=True)
class Taken:
    """What one round of a load took."""

    seconds: float
    cpu: float


def run() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, ExitStack() as stack:
        assembly = Path(folder) / "cdk.out"
        variables = {**os.environ, "CDK_OUTDIR": str(assembly), "CDK_VALIDATION": "false"}
        subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=variables, check=True, capture_output=True)
        servers = {}
        for kind in ("empty", "api", "wire"):
            state = Path(folder) / kind
            state.mkdir()
            module = ["benchmarks.gateway_server", kind, str(assembly), str(state)]
            servers[kind] = stack.enter_context(own_server(module))
        moto = stack.enter_context(moto_server())
        made = islice(web_log_events(random.Random(1), time.time), max(REQUESTS))
        events = [json.dumps(event) for event in made]
        results = [
            result
            for size, count in REQUESTS.items()
            for result in beside_empty(servers["empty"], servers["api"], events[:size], count)
        ]
        memory = Result(name="resident memory afterwards", value=servers["api"].resident_mib(), unit="MiB")
        return [*results, memory, *beside_moto(servers["wire"], moto, events)]


def beside_empty(empty: Server, api: Server, events: Sequence[str], count: int) -> list[Result]:
    records = [{"data": f"{text}\n", "partition-key": str(number)} for number, text in enumerate(events)]
    load = Load(request("PUT", f"{API_PATH}/records", {"records": records}, {}), count)
    taken = rounds({"empty": (empty, load), "api": (api, load)})
    size = len(records)
    each = "1 record" if size == 1 else f"{size} records"
    wall = [base.seconds / ours.seconds for base, ours in zip(taken["empty"], taken["api"], strict=True)]
    cpu = [
        (ours.cpu - base.cpu) / (count * size)
        for base, ours in zip(taken["empty"], taken["api"], strict=True)
    ]
    return [
        Result(name=f"{each} a request", value=rate(taken["api"], count * size), unit="records/s"),
        Result(
            name=f"{each} a request, of an empty handler's rate",
            value=100 * statistics.median(wall),
            unit="%",
        ),
        Result(
            name=f"{each} a request, CPU of a record beyond the empty handler's",
            value=statistics.median(cpu) * 1e6,
            unit="µs",
        ),
    ]


def beside_moto(ours: Server, moto: Server, events: Sequence[str]) -> list[Result]:
    call(moto, "CreateStream", {"StreamName": STREAM, "ShardCount": 4})
    records = [
        {"Data": base64.b64encode(text.encode()).decode(), "PartitionKey": str(number)}
        for number, text in enumerate(events)
    ]
    put = request("POST", "/", {"StreamName": STREAM, "Records": records}, kinesis("PutRecords"))
    count = REQUESTS[len(records)]
    taken = rounds({"ours": (ours, Load(put, count)), "moto": (moto, Load(put, MOTO_REQUESTS))})
    own, other = rate(taken["ours"], count * len(records)), rate(taken["moto"], MOTO_REQUESTS * len(records))
    name = f"PutRecords of {len(records)} as the SDK sends it"
    return [
        Result(name=name, value=own, unit="records/s"),
        Result(name=f"{name}, moto's server", value=other, unit="records/s"),
        Result(name=f"{name}, times moto's rate", value=own / other, unit="x"),
    ]


def rate(taken: Sequence[Taken], records: int) -> float:
    return records / statistics.median(one.seconds for one in taken)


def rounds(loads: dict[str, tuple[Server, Load]]) -> dict[str, list[Taken]]:
    """Each load once a round, after one that does not count."""
    taken: dict[str, list[Taken]] = {name: [] for name in loads}
    for number in range(ROUNDS + 1):
        for name, (server, load) in loads.items():
            before = server.cpu_seconds()
            seconds = asyncio.run(send(server.port, load))
            if number > 0:
                taken[name].append(Taken(seconds, server.cpu_seconds() - before))
    return taken


async def send(port: int, load: Load) -> float:
    """Send everything over a few connections; the seconds that it took."""
    waiting = iter(range(load.count))

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in waiting:
            writer.write(load.request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 200"):
                raise RuntimeError(f"a request was not accepted: {head.decode('latin-1')}")
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
            if b"connection: close" in head:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    started = time.perf_counter()
    async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(work())
    return time.perf_counter() - started


def request(method: str, path: str, body: object, headers: dict[str, str]) -> bytes:
    content = json.dumps(body).encode()
    fields = {"Host": "127.0.0.1", "Content-Type": "application/json", **headers}
    fields["Content-Length"] = str(len(content))
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *(f"{name}: {fields[name]}" for name in fields)])
    return head.encode() + b"\r\n\r\n" + content


def kinesis(action: str) -> dict[str, str]:
    return {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"Kinesis_20131202.{action}",
        "Authorization": SIGNED,
    }


def call(server: Server, action: str, body: object) -> None:
    url = f"http://127.0.0.1:{server.port}/"
    asked = urllib.request.Request(url, json.dumps(body).encode(), kinesis(action))
    urllib.request.urlopen(asked).close()


@contextmanager
def own_server(module: Sequence[str]) -> Iterator[Server]:
    command = [sys.executable, "-m", *module]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(int(process.stdout.readline()), process)
        finally:
            process.terminate()


@contextmanager
def moto_server() -> Iterator[Server]:
    """`moto_server`, whose first line of output names its port."""
    command = [sys.executable, "-u", "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]
    output = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **output) as process:  # type: ignore[call-overload]
        try:
            yield Server(_announced_port(process), process)
        finally:
            process.terminate()


def _announced_port(process: subprocess.Popen[str]) -> int:
    assert process.stderr is not None
    for line in process.stderr:
        _, found, after = line.partition("http://127.0.0.1:")
        if found:
            return int(after.split()[0])
    raise RuntimeError("moto's server ended at once")
