"""The generator against a real HTTP server that answers PutRecordBatch as Firehose does, well or badly."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from src.utils.fake_data import pacing
from src.utils.fake_data.cli import run_command_line

STREAM = "app-analytics-events"
TOOL = Path(__file__).parents[2] / "src/utils/gen_fake_data.py"
THROTTLED = "ServiceUnavailableException"

Act = str | set[int]


class FakeFirehose:
    """Stores what it accepts. `script` says what happens to each request: ok (also after its end), an error's
    name, drop, hang until the server closes, or a set of record indexes that fail."""

    def __init__(self) -> None:
        self.script: list[Act] = []
        self.stored: list[bytes] = []
        self.batches: list[int] = []
        self.arrived = threading.Event()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.02))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        firehose = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["X-Amz-Target"] == "Firehose_20150804.PutRecordBatch"
                answer = firehose.answer(request)
                if answer is None:
                    self.close_connection = True
                    return
                status, document = answer
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return None

        return Handler

    def answer(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        assert request["DeliveryStreamName"] == STREAM
        records = [base64.b64decode(record["Data"]) for record in request["Records"]]
        with self._lock:
            act = self.script.pop(0) if self.script else "ok"
            self.batches.append(len(records))
        self.arrived.set()
        if act == "hang":
            self._closed.wait(60)
        with self._lock:
            if act in ("drop", "hang"):
                return None
            if act == THROTTLED:
                return 503, {"__type": THROTTLED, "message": "Slow down."}
            if isinstance(act, str) and act != "ok":
                return 400, {"__type": act, "message": "No."}
            failed = act if isinstance(act, set) else set()
            self.stored += [record for index, record in enumerate(records) if index not in failed]
        answers = [
            {"ErrorCode": THROTTLED, "ErrorMessage": "Slow down."}
            if index in failed
            else {"RecordId": str(index)}
            for index in range(len(records))
        ]
        return 200, {"FailedPutCount": len(failed), "Encrypted": True, "RequestResponses": answers}


@pytest.fixture
def firehose(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFirehose]:
    monkeypatch.setattr(pacing, "BASE_DELAY", 0.002)
    server = FakeFirehose()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    yield server
    server.close()


Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def run(firehose: FakeFirehose, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the tool in this process: exit code and report."""

    def run_tool(*flags: str | int) -> tuple[int, dict[str, Any]]:
        target = ["--target", "firehose", "--delivery-stream", STREAM, "--report", "json", "--quiet"]
        code = run_command_line([*target, "--template", "app_event", "--seed", "7", *map(str, flags)])
        return code, json.loads(capfd.readouterr().out)

    return run_tool


def printed(capfd: pytest.CaptureFixture[str], count: int) -> Counter[bytes]:
    """What the same seed prints with --dry-run."""
    flags = ["--dry-run", "--template", "app_event", "--seed", "7", "--max-count", str(count)]
    assert run_command_line(flags) == 0
    return Counter(capfd.readouterr().out.encode().splitlines())


def test_events_arrive_once_each_and_without_a_newline(
    run: Run, firehose: FakeFirehose, capfd: pytest.CaptureFixture[str]
) -> None:
    code, report = run("--max-count", 1200, "--batch-size", 500, "--concurrency", 2)
    assert code == 0
    assert (report["sent"], report["accepted"], report["requests"]) == (1200, 1200, 3)
    assert sorted(firehose.batches) == [200, 500, 500]
    assert Counter(firehose.stored) == printed(capfd, 1200)


def test_only_the_records_that_failed_are_sent_again(
    run: Run, firehose: FakeFirehose, capfd: pytest.CaptureFixture[str]
) -> None:
    firehose.script = [{0, 7, 9}, {1}]
    code, report = run("--max-count", 10, "--batch-size", 10)
    assert code == 0
    assert firehose.batches == [10, 3, 1]
    assert (report["accepted"], report["retried"], report["rejected"]) == (10, 4, 0)
    assert Counter(firehose.stored) == printed(capfd, 10)


def test_a_throttled_request_is_sent_again_whole(run: Run, firehose: FakeFirehose) -> None:
    firehose.script = [THROTTLED, "ThrottlingException"]
    code, report = run("--max-count", 5, "--batch-size", 5)
    assert code == 0
    assert firehose.batches == [5, 5, 5]
    assert report["retried"] == 10


def test_a_lasting_throttle_ends_in_rejected_records_and_exit_code_1(
    run: Run, firehose: FakeFirehose
) -> None:
    firehose.script = [THROTTLED] * 3
    code, report = run("--max-count", 5, "--batch-size", 5, "--max-retries", 2)
    assert code == 1
    assert report["failures"] == {f"{THROTTLED}: Slow down": 5}
    assert (report["accepted"], report["rejected"]) == (0, 5)


def test_what_fails_for_good_is_not_sent_again(run: Run, firehose: FakeFirehose) -> None:
    firehose.script = ["ResourceNotFoundException"]
    code, report = run("--max-count", 5, "--batch-size", 5)
    assert code == 1
    assert firehose.batches == [5]
    assert report["failures"] == {"ResourceNotFoundException: No": 5}


def test_a_lost_connection_is_tried_again(run: Run, firehose: FakeFirehose) -> None:
    firehose.script = ["drop"]
    code, report = run("--max-count", 5, "--batch-size", 5)
    assert code == 0
    assert (report["accepted"], report["retried"], report["requests"]) == (5, 5, 1)


def test_a_server_that_is_not_there_ends_the_run_early(
    firehose: FakeFirehose, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    flags = ["--target", "firehose", "--delivery-stream", STREAM, "--max-count", "5", "--max-retries", "1"]
    assert run_command_line(flags) == 1
    assert "stopped early: Could not connect to the endpoint URL" in capfd.readouterr().err


def test_a_second_interrupt_ends_the_run_at_once_with_its_account(firehose: FakeFirehose) -> None:
    firehose.script = ["hang"]
    command = [sys.executable, str(TOOL), "--target", "firehose", "--delivery-stream", STREAM]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert firehose.arrived.wait(30)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    _, shown = process.communicate(timeout=20)
    # two that come at once are handled in either order
    assert process.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert "sent 1 = accepted 0 + rejected 1" in shown
    assert "rejected 1: interrupted before an answer" in shown


def test_a_template_of_the_users_goes_the_same_way(run: Run, firehose: FakeFirehose, tmp_path: Path) -> None:
    file = tmp_path / "template.txt"
    file.write_text("{{name.firstName}},{{random.number(70)}}")
    code = run_command_line(
        ["--target", "firehose", "--delivery-stream", STREAM, "--template-file", str(file), "--quiet"]
    )
    assert code == 0
    assert len(firehose.stored) == 10
    assert all(record.count(b",") == 1 for record in firehose.stored)


def test_standard_output_is_a_target_with_a_rate(capfd: pytest.CaptureFixture[str]) -> None:
    flags = ["--target", "-", "--template", "app_event", "--max-count", "50", "--rate", "5000", "--quiet"]
    assert run_command_line(flags) == 0
    assert len([json.loads(line) for line in capfd.readouterr().out.splitlines()]) == 50


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--target", "kinesis"], "--target must be one of api, firehose, - (got 'kinesis')"),
        (["--target", "firehose"], "--target firehose needs --delivery-stream"),
        (["--target", "firehose", "--delivery-stream", "a/b"], "--delivery-stream must be 1-64 letters"),
        (["--delivery-stream", "x"], "--delivery-stream needs --target firehose (got --target api)"),
        (["--target", "-", "--stream-name", "x"], "--api-url and --stream-name need --target api"),
        (["--target", "-", "--report", "json"], "--report json goes to stdout"),
        (["--template", "app_event", "--template-file", "x", "--dry-run"], "give one"),
        (["--template-file", "x", "--invalid-ratio", "0.5", "--dry-run"], "--invalid-ratio spoils events"),
        (["--template-file", "/nowhere", "--dry-run"], "/nowhere cannot be read: No such file"),
    ],
)
def test_a_wrong_flag_is_one_sentence(
    flags: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(flags) == 2
    assert message in capfd.readouterr().err


def test_a_template_that_is_no_json_cannot_be_one_record_of_the_api(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "template.txt"
    file.write_text("{{name.firstName}},{{random.number(70)}}")
    api = ["--api-url", "http://127.0.0.1:9", "--stream-name", "x", "--api-method", "record"]
    assert run_command_line([*api, "--template-file", str(file)]) == 2
    assert "--api-method record carries JSON" in capfd.readouterr().err
