"""State machines of a run: made from the templates, asked through Step Functions' API."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from local_runtime.assembly import Assembly
from local_runtime.lambdas.function import LambdaFunction
from local_runtime.services.stepfunctions import StepFunctionsService
from local_runtime.states.engine import StateMachines
from local_runtime.states.execution import ExecutionStore
from local_runtime.states.machine import StateMachine
from local_runtime.states.sdk import SdkCalls
from local_runtime.states.tasks import Tasks

MACHINE_TYPE = "AWS::StepFunctions::StateMachine"


class Workflows:
    """
    Args:
        state: the state directory.
        wait_scale: the share of each Wait state and of each pause before a retry that is really waited for.

    Raises:
        UnsupportedResourceError: a definition is wrong or asks for what is not played.
    """

    def __init__(
        self,
        assembly: Assembly,
        state: Path,
        functions: Sequence[LambdaFunction],
        *,
        endpoint_url: str,
        wait_scale: float = 1.0,
    ) -> None:
        machines = [StateMachine.from_resource(item, assembly) for item in assembly.of_type(MACHINE_TYPE)]
        tasks = Tasks(
            {function.name: function for function in functions}, SdkCalls(endpoint_url, assembly.region)
        )
        self.machines = StateMachines(machines, ExecutionStore(state / "states.db"), tasks, wait_scale)
        self.service = StepFunctionsService(self.machines, time.time())

    def start(self) -> None:
        """Go on with what an earlier run left behind."""
        self.machines.resume()

    def interrupt(self) -> None:
        """Begin nothing more."""
        self.machines.interrupt()

    def close(self) -> None:
        """After the functions: their ends end the tasks."""
        self.machines.close()
