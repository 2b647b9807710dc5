"""What runs by itself: state machines, scheduled rules and asynchronous invocations of a run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from local_runtime.assembly import Assembly
from local_runtime.lambdas.function import LambdaFunction
from local_runtime.rules.rules import Rules
from local_runtime.schedules import Scheduler
from local_runtime.services.asynchronous import Destinations, asynchronous_settings
from local_runtime.services.events import RETRY_SECONDS, Events
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
        UnsupportedResourceError: a definition or a rule is wrong or asks for what is not played.
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
        by_name = {function.name: function for function in functions}
        sdk = SdkCalls(endpoint_url, assembly.region)
        destinations = Destinations(assembly, sdk)
        self.events = Events(
            [seconds * wait_scale for seconds in RETRY_SECONDS],
            asynchronous_settings(assembly),
            destinations.send,
            by_name,
        )
        machines = [StateMachine.from_resource(item, assembly) for item in assembly.of_type(MACHINE_TYPE)]
        store = ExecutionStore(state / "states.db")
        self.machines = StateMachines(machines, store, Tasks(by_name, sdk), wait_scale)
        self.service = StepFunctionsService(self.machines, time.time())
        self.rules = Rules(assembly, functions, self.machines, self.events, destinations)

    def start(self, scheduler: Scheduler) -> None:
        """Go on with what an earlier run left behind, and follow the rules' schedules."""
        self.machines.resume()
        self.rules.schedule(scheduler)

    def interrupt(self) -> None:
        """Begin nothing more."""
        self.events.close()
        self.machines.interrupt()

    def close(self) -> None:
        """After the functions: their ends end the tasks."""
        self.machines.close()
