"""The generator as a process: how it is started, dry runs, pipes, Ctrl-C and wrong input."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "src" / "utils" / "gen_fake_data.py"
FIXED = ("--dry-run", "--seed", "4", "--base-time", "2026-11-21T09:30:00Z")


def run(*flags: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *flags], cwd=cwd, capture_output=True, text=True, timeout=60
    )


class SlowApi(BaseHTTPRequestHandler):
    """Takes its time for each answer, so that a signal finds a request under way."""

    protocol_version = "HTTP/1.1"
    seconds = 0.05

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.seconds)
        body = b'{"SequenceNumber": "1", "ShardId": "shardId-000000000000"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return None


@pytest.fixture
def target() -> Iterator[list[str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowApi)
    server.daemon_threads = True
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    yield [
        "--api-url",
        f"http://127.0.0.1:{server.server_address[1]}",
        "--stream-name",
        "s",
        "--api-method",
        "record",
    ]
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_dry_run_prints_one_event_a_line_and_needs_no_target(tmp_path: Path) -> None:
    done = run("--dry-run", "--max-count", "4", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [sorted(json.loads(line))[0] for line in done.stdout.splitlines()] == ["event"] * 4


def test_the_same_seed_and_base_time_print_the_same_bytes_as_script_and_as_module() -> None:
    script = run(*FIXED, "--max-count", "300", "--invalid-ratio", "0.1")
    command = [
        sys.executable,
        "-m",
        "src.utils.gen_fake_data",
        *FIXED,
        "--max-count",
        "300",
        "--invalid-ratio",
        "0.1",
    ]
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    module = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert script.returncode == module.returncode == 0
    assert script.stdout == module.stdout
    assert len(script.stdout.splitlines()) == 300


def test_a_reader_that_goes_away_ends_a_dry_run_without_a_traceback() -> None:
    command = f"{sys.executable} {SCRIPT} --dry-run --max-count 100000 | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)["event"] == "visit"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--batch-size", "501"], "error: --batch-size must be 1-500, the limit of PutRecords (got 501)."),
        (["--invalid-ratio", "-1"], "error: --invalid-ratio must be 0-1 (got -1.0)."),
        (["--max-count", "many"], "error: Invalid value for '--max-count'"),
        (["--no-such-flag"], "error: No such option: --no-such-flag"),
        ([], "error: --api-url is needed to send"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_2(flags: list[str], sentence: str) -> None:
    done = run(*flags)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith(sentence)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_ends_with_its_exact_summary(
    target: list[str], number: signal.Signals, code: int
) -> None:
    flags = [*target, "--duration", "30", "--concurrency", "4", "--report", "json"]
    with subprocess.Popen(
        [sys.executable, SCRIPT, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(1.2)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    report = json.loads(out)
    assert process.returncode == code
    assert report["sent"] == report["accepted"] > 0
    assert "Traceback" not in err
    assert f"sent {report['sent']:,} = accepted {report['accepted']:,} + rejected 0" in err


def test_a_second_ctrl_c_does_not_wait_for_the_answer(
    target: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SlowApi, "seconds", 4.0)
    with subprocess.Popen(
        [sys.executable, SCRIPT, *target], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(1.2)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert time.monotonic() - began < 3
    assert "sent 1 = accepted 0 + rejected 1" in err
    assert "rejected 1: interrupted before an answer" in err


def test_on_a_terminal_a_bar_shows_rate_latency_and_failures(target: list[str]) -> None:
    leader, follower = pty.openpty()
    flags = [*target, "--max-count", "12", "--concurrency", "2"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "140"}
    with subprocess.Popen([sys.executable, SCRIPT, *flags], stderr=follower, env=environment) as process:
        os.close(follower)
        shown = b""
        while chunk := _read(leader):
            shown += chunk
        assert process.wait(timeout=20) == 0
    os.close(leader)
    text = shown.decode()
    assert "12/12" in text
    assert "p95" in text
    assert "retried 0, rejected 0" in text
    assert "sent 12 = accepted 12 + rejected 0" in text


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux: the other end of the terminal is closed
        return b""


def test_help_imports_neither_the_http_client_nor_the_bar() -> None:
    code = (
        "import sys; from src.utils.fake_data.cli import run_command_line; run_command_line(['--help']);"
        "print(sorted({'aiohttp', 'asyncio', 'rich.progress'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--invalid-ratio" in done.stdout
