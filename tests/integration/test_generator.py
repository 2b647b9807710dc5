"""The generator against a real HTTP server that answers, throttles, fails or hangs up as the API does."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.utils.fake_data import pacing
from src.utils.fake_data.cli import run_command_line

THROUGHPUT = "ProvisionedThroughputExceededException"
STREAM = "PUT-Firehose-aEhWz"


class FakeApi:
    """Stores what it accepts. `script` says what happens to each request: ok (also after its end), throttle,
    error, refuse, drop, or a set of record indexes that fail (an index beyond the batch fails nothing)."""

    def __init__(self) -> None:
        self.script: list[str | set[int]] = []
        self.stored: list[str] = []
        self.received = 0
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.arrivals: list[float] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.02))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/log-collector/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reset(self, script: Sequence[str | set[int]] = ()) -> None:
        self.script, self.stored, self.received, self.requests, self.arrivals = list(script), [], 0, [], []

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_PUT(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                answer = api.answer(self.path, json.loads(text))
                if answer is None:
                    self.close_connection = True
                    return
                status, document = answer
                body = json.dumps(document, indent=2).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return None

        return Handler

    def answer(self, path: str, document: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        with self._lock:
            self.requests.append((path, document))
            self.arrivals.append(time.monotonic())
            records = (
                [entry["data"] for entry in document["records"]]
                if "records" in document
                else [document["Data"]]
            )
            self.received += len(records)
            act = self.script.pop(0) if self.script else "ok"
            failed = act if isinstance(act, set) else set()
            if act == "ok" or isinstance(act, set):
                return self._store(records, failed, one="Data" in document)
        answers: dict[str, tuple[int, dict[str, Any]] | None] = {
            "throttle": (429, {"__type": THROUGHPUT}),
            "error": (500, {"message": "Internal server error"}),
            "refuse": (400, {"__type": "ResourceNotFoundException", "message": f"Stream {STREAM} not found"}),
            "drop": None,
        }
        return answers[str(act)]

    def _store(self, records: list[Any], failed: set[int], *, one: bool) -> tuple[int, dict[str, Any]]:
        kept = [record for index, record in enumerate(records) if index not in failed]
        self.stored += [record if isinstance(record, str) else json.dumps(record) for record in kept]
        result = {"SequenceNumber": "4967", "ShardId": "shardId-000000000000"}
        if one:
            return 200, result
        entries = [{"ErrorCode": THROUGHPUT} if index in failed else result for index in range(len(records))]
        lost = len(records) - len(kept)
        return (503 if lost else 200), {"FailedRecordCount": lost, "Records": entries}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeApi]:
    api = FakeApi()
    yield api
    api.close()


@pytest.fixture
def api(server: FakeApi, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    monkeypatch.setattr(pacing, "BASE_DELAY", 0.002)
    server.reset()
    return server


Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(api: FakeApi, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the tool in this process: (exit code, lines of stderr, stdout)."""

    def run_tool(*flags: str | int, url: str | None = None) -> tuple[int, list[str], str]:
        target = ["--api-url", api.url if url is None else url, "--stream-name", STREAM]
        code = run_command_line([*target, *map(str, flags)])
        captured = capfd.readouterr()
        return code, captured.err.splitlines(), captured.out

    return run_tool


def report_of(stdout: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(stdout)
    return report


def test_the_contract_flags_print_one_line_a_response(api: FakeApi, run: Run) -> None:
    code, err, out = run("--api-method", "records", "--max-count", 3)
    assert (code, out, len(err)) == (0, "", 3)
    assert all(line.startswith('[200 OK] { "FailedRecordCount": 0,') for line in err)
    assert [path for path, _ in api.requests] == [f"/log-collector/v1/streams/{STREAM}/records"] * 3


def test_put_record_sends_the_event_as_a_json_value(api: FakeApi, run: Run) -> None:
    code, err, _ = run("--api-method", "record", "--max-count", 2)
    assert code == 0
    assert [line[:8] for line in err] == ["[200 OK]"] * 2
    path, body = api.requests[0]
    assert path == f"/log-collector/v1/streams/{STREAM}/record"
    assert body.keys() == {"Data", "PartitionKey"}
    assert body["PartitionKey"] == body["Data"]["user_id"]


def test_put_records_sends_json_text_with_the_user_as_partition_key(api: FakeApi, run: Run) -> None:
    assert run("--max-count", 5, "--batch-size", 5)[0] == 0
    (_, body) = api.requests[0]
    assert body.keys() == {"records"}
    for entry in body["records"]:
        assert entry["data"].endswith("}\n")
        assert entry["partition-key"] == json.loads(entry["data"])["user_id"]


def test_without_max_count_ten_records_are_sent(api: FakeApi, run: Run) -> None:
    assert run()[0] == 0
    assert len(api.stored) == 10


@pytest.mark.parametrize("failure", ["refuse", "throttle", "error", {0}])
def test_the_contract_flags_end_with_1_on_the_first_response_that_is_no_200(
    api: FakeApi, run: Run, failure: str | set[int]
) -> None:
    api.script = ["ok", failure]
    code, err, _ = run("--max-count", 5)
    assert code == 1
    assert len(err) == len(api.requests) == 2
    assert err[0].startswith("[200 OK] ")
    assert not err[1].startswith("[200 OK] ")


def test_a_server_that_is_not_there_is_one_line_and_exit_1(run: Run) -> None:
    code, err, _ = run(url="http://127.0.0.1:1/v1")
    assert (code, err) == (1, ["[no answer] cannot connect to 127.0.0.1:1 (connection refused)"])


def test_only_the_failed_records_of_an_answer_are_sent_again(api: FakeApi, run: Run) -> None:
    api.script = [{1, 3}, {0}]
    code, _, out = run("--max-count", 5, "--batch-size", 5, "--report", "json", "--seed", 1)
    report = report_of(out)
    assert code == 0
    assert [len(body["records"]) for _, body in api.requests] == [5, 2, 1]
    assert len(set(api.stored)) == len(api.stored) == 5
    assert (report["sent"], report["accepted"], report["rejected"], report["retried"]) == (5, 5, 0, 3)


@pytest.mark.parametrize("failure", ["throttle", "error", "drop"])
@pytest.mark.parametrize("method", ["record", "records"])
def test_a_throttled_broken_or_dropped_request_is_sent_again(
    api: FakeApi, run: Run, failure: str, method: str
) -> None:
    api.script = ["ok", failure, failure, "ok"]
    code, _, out = run("--max-count", 4, "--api-method", method, "--report", "json")
    report = report_of(out)
    assert code == 0
    assert (report["sent"], report["accepted"], report["retried"]) == (4, 4, 2)
    assert (len(api.stored), api.received) == (4, 6)


def test_a_refused_request_is_not_sent_again(api: FakeApi, run: Run) -> None:
    api.script = ["refuse"]
    code, _, out = run("--max-count", 6, "--batch-size", 2, "--report", "json")
    report = report_of(out)
    assert code == 1
    assert (report["sent"], report["accepted"], report["rejected"], report["retried"]) == (6, 4, 2, 0)
    assert report["failures"] == {f"HTTP 400 ResourceNotFoundException: Stream {STREAM} not found": 2}


def test_records_that_fail_to_the_last_retry_are_rejected(api: FakeApi, run: Run) -> None:
    api.script = [{0}] * 3
    code, err, out = run("--max-count", 3, "--batch-size", 3, "--max-retries", 2, "--report", "json")
    report = report_of(out)
    assert code == 1
    assert (report["accepted"], report["rejected"], report["retried"]) == (2, 1, 2)
    assert report["failures"] == {THROUGHPUT: 1}
    assert any(THROUGHPUT in line for line in err)


def test_a_run_that_cannot_succeed_ends_early(api: FakeApi, run: Run) -> None:
    api.script = ["refuse"] * 1000
    code, err, _ = run("--max-count", 1000, "--seed", 1)
    assert (code, len(api.requests)) == (1, 10)
    assert any(line.startswith("stopped early: 10 batches in a row failed") for line in err)


def test_a_server_that_stays_away_ends_the_run_after_one_batch(run: Run) -> None:
    code, _, out = run("--max-retries", 2, "--report", "json", url="http://127.0.0.1:1/v1")
    report = report_of(out)
    assert code == 1
    assert (report["sent"], report["rejected"], report["retried"], report["requests"]) == (1, 1, 2, 0)
    assert report["latency_ms"] == {"p50": None, "p95": None, "p99": None}


def test_deliberately_invalid_records_are_counted_apart(api: FakeApi, run: Run) -> None:
    code, _, out = run(
        "--max-count", 500, "--batch-size", 100, "--invalid-ratio", 0.1, "--seed", 3, "--report", "json"
    )
    report = report_of(out)
    assert code == 0
    assert report["accepted"] == len(api.stored) == 500
    assert 20 < report["invalid_sent"] == report["invalid_accepted"] < 90
    assert sum(report["invalid_accepted_by_reason"].values()) == report["invalid_sent"]
    assert report["invalid_accepted_by_reason"]["not_json"] == sum(not is_json(text) for text in api.stored)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_the_rate_spreads_requests_evenly(api: FakeApi, run: Run) -> None:
    code, _, _ = run("--max-count", 10, "--batch-size", 2, "--rate", 20, "--concurrency", 3)
    assert code == 0
    assert 0.3 < api.arrivals[-1] - api.arrivals[0] < 1.5
    assert len(api.arrivals) == 5


def test_the_duration_ends_a_run_without_a_count(api: FakeApi, run: Run) -> None:
    began = time.monotonic()
    code, _, out = run("--duration", 0.4, "--rate", 50, "--report", "json")
    assert code == 0
    assert time.monotonic() - began < 3
    assert 10 < report_of(out)["sent"] == len(api.stored) < 30


def test_several_requests_are_under_way_at_once(api: FakeApi, run: Run) -> None:
    code, err, _ = run("--max-count", 1000, "--batch-size", 50, "--concurrency", 8)
    assert code == 0
    assert len(set(api.stored)) == 1000
    assert err[0].startswith("sent 1,000 = accepted 1,000 + rejected 0 in ")


def test_quiet_says_nothing_of_a_run_without_failures(run: Run) -> None:
    assert run("--quiet") == (0, [], "")


def test_quiet_still_says_what_failed(api: FakeApi, run: Run) -> None:
    api.script = ["refuse"]
    code, err, _ = run("--quiet", "--max-count", 2)
    assert code == 1
    assert any("rejected 1: HTTP 400" in line for line in err)


ACTS = st.one_of(st.sampled_from(["ok", "throttle", "error", "refuse", "drop"]), st.sets(st.integers(0, 6)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=st.lists(ACTS, max_size=12),
    count=st.integers(1, 25),
    batch=st.integers(1, 7),
    workers=st.integers(1, 3),
    retries=st.integers(0, 3),
)
def test_the_account_closes_whatever_the_api_answers(
    api: FakeApi, run: Run, script: list[str | set[int]], count: int, batch: int, workers: int, retries: int
) -> None:
    api.reset(script)
    code, _, out = run(
        *("--max-count", count, "--batch-size", batch, "--concurrency", workers, "--max-retries", retries),
        *("--invalid-ratio", 0.3, "--seed", 1, "--report", "json"),
    )
    report = report_of(out)
    assert report["sent"] == report["accepted"] + report["rejected"]
    assert report["accepted"] == len(api.stored)
    assert report["retried"] == api.received - report["sent"]
    assert report["rejected"] == sum(report["failures"].values())
    assert (
        report["invalid_accepted"]
        == sum(report["invalid_accepted_by_reason"].values())
        <= report["invalid_sent"]
    )
    assert code == (1 if report["rejected"] else 0)
    assert report["sent"] == count or report["stopped_early"]
    assert max(Counter(api.stored).values(), default=1) == 1


def test_a_template_of_the_users_goes_to_the_api_as_well(run: Run, api: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "template.txt"
    file.write_text('{"n": {{random.number({"min": 7, "max": 7})}}}')
    code, _, _ = run("--template-file", file, "--max-count", 4, "--batch-size", 2, "--quiet")
    assert code == 0
    assert api.stored == ['{"n": 7}\n'] * 4
    code, _, _ = run("--template-file", file, "--max-count", 1, "--api-method", "record", "--quiet")
    assert code == 0
    assert api.stored[4:] == ['{"n": 7}']
