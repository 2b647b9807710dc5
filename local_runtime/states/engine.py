"""All executions of a run: a thread for each, taken up again after a kill."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.states.clock import InterruptedExecutionError
from local_runtime.states.errors import RUNTIME
from local_runtime.states.execution import ABORTED, FAILED, Event, Execution, ExecutionStore
from local_runtime.states.interpreter import Interpreter
from local_runtime.states.machine import StateMachine
from local_runtime.states.tasks import Tasks

log = logging.getLogger(__name__)

PARALLEL_TASKS = 64


class StateMachines:
    """
    Args:
        wait_scale: the share of each wait, and of each pause before a retry, that is really waited for.
    """

    def __init__(
        self, machines: Sequence[StateMachine], store: ExecutionStore, tasks: Tasks, wait_scale: float = 1.0
    ) -> None:
        self.machines: Mapping[str, StateMachine] = {machine.arn: machine for machine in machines}
        self.store = store
        self._tasks = tasks
        self._wait_scale = wait_scale
        self._pool = ThreadPoolExecutor(PARALLEL_TASKS, thread_name_prefix="state-task")
        self._running: dict[str, Interpreter] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._stopping = False

    def resume(self) -> None:
        """Go on with what an earlier run left behind, less what is too old to be asked for."""
        self.store.forget_old()
        for execution in self.store.unfinished():
            machine = self.machines.get(execution.machine)
            problem = _cannot_go_on(machine, execution)
            if machine is None or problem is not None:
                cause = f"The local run ended during the execution, and {problem}."
                event = Event("ExecutionFailed", {"error": RUNTIME, "cause": cause})
                self.store.finish(execution.arn, FAILED, [event], error=RUNTIME, cause=cause)
                log.error("%s: %s", execution.arn, cause)
            else:
                state = execution.position.state if execution.position else machine.definition["StartAt"]
                log.warning("%s goes on with the state %s", execution.name, state)
                self._run(machine, execution)

    def start(self, machine: StateMachine, name: str | None, document: str) -> Execution:
        """Begin an execution, or give the running one of the same name and input.

        Raises:
            AwsError: ExecutionAlreadyExists, or the input is not JSON.
        """
        try:
            json.loads(document)
        except ValueError as error:
            raise AwsError(
                "InvalidExecutionInput", f"Invalid State Machine Execution Input: {error}"
            ) from None
        name = str(uuid.uuid4()) if name is None else name
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
        started = Event(
            "ExecutionStarted",
            {"input": document, "inputDetails": {"truncated": False}, "roleArn": machine.role_arn},
        )
        execution, new = self.store.create(arn, machine.arn, name, document, started)
        if new:
            self._run(machine, execution)
        return execution

    def stop(self, arn: str, error: str | None, cause: str | None) -> float:
        """Abort an execution that runs; the moment.

        Raises:
            InterruptedExecutionError: it is over.
        """
        details: dict[str, Any] = {"error": error, "cause": cause}
        event = Event("ExecutionAborted", {name: word for name, word in details.items() if word is not None})
        moment = self.store.finish(arn, ABORTED, [event], error=error, cause=cause)
        with self._lock:
            running = self._running.get(arn)
        if running is not None:
            running.clock.interrupt()
        return moment

    def _run(self, machine: StateMachine, execution: Execution) -> None:
        interpreter = Interpreter(machine, execution, self.store, self._tasks, self._pool, self._wait_scale)
        thread = threading.Thread(
            target=self._run_one,
            args=(execution, interpreter),
            name=f"execution-{execution.name}",
            daemon=True,
        )
        with self._lock:
            if self._stopping:
                return
            self._running[execution.arn] = interpreter
            self._threads.add(thread)
        thread.start()

    def _run_one(self, execution: Execution, interpreter: Interpreter) -> None:
        try:
            interpreter.run()
        except Exception as error:
            log.exception("%s failed inside the local run", execution.arn)
            cause = f"The local run failed: {type(error).__name__}: {error}"
            event = Event("ExecutionFailed", {"error": RUNTIME, "cause": cause})
            try:
                self.store.finish(execution.arn, FAILED, [event], error=RUNTIME, cause=cause)
            except InterruptedExecutionError:
                log.info("%s was stopped meanwhile", execution.arn)
        finally:
            with self._lock:
                self._running.pop(execution.arn, None)
                self._threads.discard(threading.current_thread())

    def interrupt(self) -> None:
        """Begin nothing more; executions under way stay as they are for the next run."""
        with self._lock:
            self._stopping = True
            running = list(self._running.values())
        for interpreter in running:
            interpreter.clock.interrupt()

    def close(self) -> None:
        """Wait for the threads; the functions must have been closed."""
        self.interrupt()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.store.close()


def _cannot_go_on(machine: StateMachine | None, execution: Execution) -> str | None:
    if machine is None:
        return "its state machine is no longer in the assembly"
    position = execution.position
    if position is not None and position.state not in machine.definition["States"]:
        return f"its state {position.state} is no longer in the definition"
    return None
