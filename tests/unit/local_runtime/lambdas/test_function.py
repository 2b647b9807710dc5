"""Functions run by AWS's runtime client: what they see, what they answer, and how they fail."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Resource
from local_runtime.errors import AwsError, UnsupportedResourceError
from local_runtime.lambdas.configuration import FunctionConfiguration
from local_runtime.lambdas.execution import Invocation
from local_runtime.lambdas.function import FunctionClosedError, LambdaFunction

MakeFunction = Callable[..., LambdaFunction]


def invoke(function: LambdaFunction, event: object) -> Invocation:
    return function.invoke(json.dumps(event).encode())


def value(invocation: Invocation) -> Any:
    assert invocation.function_error is None, invocation.payload
    return json.loads(invocation.payload)


def failure(invocation: Invocation) -> tuple[str, str]:
    """The type and the message of a failed invocation."""
    assert invocation.function_error == "Unhandled"
    document = json.loads(invocation.payload)
    return document["errorType"], document["errorMessage"]


def process_is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_event_comes_back_unchanged_from_an_echo(make_function: MakeFunction) -> None:
    echo = make_function("def handler(event, context): return event")
    event = {"text": 'ü "quoted"\n', "numbers": [1, 2.5, None, True], "large": "x" * 2_000_000}

    assert value(invoke(echo, event)) == event


def test_process_stays_warm_between_invocations(make_function: MakeFunction) -> None:
    function = make_function("""
import os
count = 0
def handler(event, context):
    global count
    count += 1
    return [os.getpid(), count]
""")

    first, second = value(invoke(function, {})), value(invoke(function, {}))

    assert (first[0], first[1], second[1]) == (second[0], 1, 2)


def test_bytes_in_an_answer_become_text_as_in_lambda(make_function: MakeFunction) -> None:
    function = make_function("def handler(event, context): return {'data': b'abc'}")
    assert value(invoke(function, {})) == {"data": "abc"}


def test_function_sees_the_templates_environment_and_lambdas_own_and_no_other(
    make_function: MakeFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "x")
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    function = make_function(
        """
import os, sys
def handler(event, context):
    return {"env": dict(os.environ), "path": sys.path, "cwd": os.getcwd(), "name": context.function_name,
            "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb}
""",
        Environment={"Variables": {"TABLE_NAME": "events", "AWS_LAMBDA_FUNCTION_NAME": "forged"}},
        MemorySize=512,
        endpoint_url="http://127.0.0.1:9",
    )

    seen = value(invoke(function, {}))

    environment = seen["env"]
    assert environment["TABLE_NAME"] == "events"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == function.name
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.14"
    assert environment["AWS_REGION"] == "us-east-1"
    assert "SECRET_OF_THE_SHELL" not in environment
    assert seen["path"][0] == seen["cwd"] == environment["LAMBDA_TASK_ROOT"]
    assert str(Path.cwd()) not in seen["path"]
    assert (seen["arn"], seen["name"], seen["memory"]) == (function.arn, function.name, "512")


def test_project_source_is_out_of_reach(make_function: MakeFunction) -> None:
    function = make_function("import local_runtime\ndef handler(event, context): pass")

    error_type, message = failure(invoke(function, {}))

    assert error_type == "Runtime.ImportModuleError"
    assert "No module named 'local_runtime'" in message


def test_raised_exception_is_the_answer_and_the_process_lives_on(make_function: MakeFunction) -> None:
    function = make_function("""
import os
def handler(event, context):
    if event: raise ValueError("bad " + event)
    return os.getpid()
""")
    process_id = value(invoke(function, ""))

    invocation = invoke(function, "event")

    assert failure(invocation) == ("ValueError", "bad event")
    assert "raise ValueError" in json.loads(invocation.payload)["stackTrace"][0]
    assert "[ERROR] ValueError: bad event" in invocation.log_tail
    assert value(invoke(function, "")) == process_id


def test_function_that_takes_too_long_is_ended_and_started_anew(make_function: MakeFunction) -> None:
    function = make_function(
        """
import os, time
def handler(event, context):
    while event: pass
    return os.getpid()
""",
        Timeout=1,
    )
    first = value(invoke(function, 0))

    invocation = invoke(function, 1)

    error_type, message = failure(invocation)
    assert error_type == "Sandbox.Timedout"
    assert message == f"RequestId: {invocation.request_id} Error: Task timed out after 1.00 seconds"
    assert 1000 <= invocation.duration_ms < 2000
    assert not process_is_alive(first)
    assert value(invoke(function, 0)) != first


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_crash_is_an_exit_error_and_the_next_event_finds_a_new_process(
    make_function: MakeFunction, statement: str, reason: str
) -> None:
    function = make_function(f"""
import os
def handler(event, context):
    print("last words", flush=True)
    if event: {statement}
    return "fine"
""")

    invocation = invoke(function, 1)

    assert failure(invocation) == ("Runtime.ExitError", f"RequestId: {invocation.request_id} Error: {reason}")
    assert "last words\n" in invocation.log_tail
    assert value(invoke(function, 0)) == "fine"


def test_process_that_dies_between_events_is_replaced_unseen(make_function: MakeFunction) -> None:
    function = make_function("import os\ndef handler(event, context): return os.getpid()")
    first = value(invoke(function, {}))
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)  # dead, its status left for the run to read

    assert value(invoke(function, {})) != first


@pytest.mark.parametrize(
    ("source", "error_type", "message"),
    [
        (
            "import nothing_of_this_name",
            "Runtime.ImportModuleError",
            "No module named 'nothing_of_this_name'",
        ),
        ("def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'module'"),
        ("other = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'module'"),
        ("raise RuntimeError('no setting')", "RuntimeError", "no setting"),
        ("import os; os._exit(5)", "Runtime.ExitError", "exit status 5"),
    ],
)
def test_module_that_does_not_load_is_an_answer_each_time(
    make_function: MakeFunction, source: str, error_type: str, message: str
) -> None:
    function = make_function(source)

    for _ in range(2):
        found_type, found_message = failure(invoke(function, {}))
        assert found_type == error_type
        assert message in found_message


def test_answer_over_six_megabytes_is_refused_as_lambda_does(make_function: MakeFunction) -> None:
    function = make_function("def handler(event, context): return 'x' * event")

    assert len(value(invoke(function, 6_291_554))) == 6_291_554
    assert failure(invoke(function, 6_291_555)) == (
        "Function.ResponseSizeTooLarge",
        "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    )
    assert value(invoke(function, 1)) == "x"


def test_event_over_six_megabytes_never_reaches_the_function(make_function: MakeFunction) -> None:
    function = make_function("def handler(event, context): return 1")

    with pytest.raises(AwsError, match=r"6291457 byte payload is too large .*limit 6291456 bytes") as caught:
        function.invoke(b"x" * 6_291_457)
    assert (caught.value.code, caught.value.status) == ("RequestTooLargeException", 413)


def test_as_many_processes_as_allowed_work_at_once(make_function: MakeFunction) -> None:
    function = make_function(
        "import os, time\ndef handler(event, context):\n time.sleep(0.3)\n return os.getpid()", concurrency=2
    )
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(value(invoke(function, {})))) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 4
    assert len(set(answers)) == 2


def test_whatever_the_function_prints_is_in_its_log_and_its_tail(
    make_function: MakeFunction, tmp_path: Path
) -> None:
    function = make_function("""
import logging, sys
print("loading")
def handler(event, context):
    logging.getLogger().warning("careful")
    sys.stderr.write("to stderr\\n")
    print("größe " * event, end="")
""")

    short, long = invoke(function, 1), invoke(function, 100_000)
    function.close()

    log = (tmp_path / "state/logs/function-0.log").read_text()
    assert re.search(
        rf"START RequestId: {short.request_id} .*\nloading\n\[WARNING\]\t.*\tcareful\nto stderr\ngröße ?\n"
        rf"END RequestId: {short.request_id}\nREPORT RequestId: {short.request_id}\tDuration: [\d.]+ ms\n",
        log,
    )
    assert log.count("größe") == 100_001
    assert "careful" in short.log_tail
    assert len(long.log_tail) == 4096


def test_close_ends_the_processes_and_an_invocation_under_way_has_no_outcome(
    make_function: MakeFunction, tmp_path: Path
) -> None:
    function = make_function(
        f"""
import os, pathlib, time
def handler(event, context):
    pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(os.getpid()))
    time.sleep(60)
""",
        Timeout=60,
    )
    outcome: list[Exception] = []

    def call() -> None:
        try:
            invoke(function, {})
        except FunctionClosedError as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")

    function.close()
    thread.join(5)

    assert len(outcome) == 1
    assert not process_is_alive(int((tmp_path / "pid").read_text()))
    with pytest.raises(FunctionClosedError, match="function-0 is closed"):
        invoke(function, {})


@pytest.mark.parametrize("work", ["time.sleep(60)", "[None for _ in iter(int, 1)]"], ids=["sleeping", "busy"])
def test_function_ends_with_the_run_even_when_that_is_killed(tmp_path: Path, work: str) -> None:
    (tmp_path / "module.py").write_text(f"""
import os, time
def handler(event, context):
    print(os.getpid(), flush=True)
    {work}
""")
    program = f"""
import os, sys, time
from pathlib import Path
from local_runtime.lambdas.process import RuntimeProcess
folder = {str(tmp_path)!r}
def environment(address):
    return {{**os.environ, "PYTHONPATH": folder, "AWS_LAMBDA_RUNTIME_API": address}}
def on_output(chunk):
    sys.stdout.buffer.write(chunk)
    sys.stdout.flush()
process = RuntimeProcess("module.handler", Path(folder), environment, on_output)
process.wait_ready(time.monotonic() + 30)
process.send(b"{{}}", {{"Lambda-Runtime-Aws-Request-Id": "1", "Lambda-Runtime-Deadline-Ms": "1"}})
process.answer("1", time.monotonic() + 60)
"""
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    with run, run.stdout as output:
        process_id = int(output.readline())
        run.send_signal(signal.SIGKILL)

    assert wait_until(lambda: not process_is_alive(process_id))


def test_only_python_functions_are_run() -> None:
    resource = Resource("Stack", "F", "AWS::Lambda::Function", {"Runtime": "nodejs24.x"}, "f", {"Arn": "arn"})
    with pytest.raises(UnsupportedResourceError, match=r"Stack/F: .*must be a Python one.*nodejs24\.x"):
        FunctionConfiguration.from_resource(resource)
