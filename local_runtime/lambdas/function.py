"""The functions of the templates as their callers see them: an event in, what Invoke would answer out.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

import queue
import threading
from dataclasses import replace
from pathlib import Path

from local_runtime.addresses import LocalAddresses
from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.lambdas.configuration import FunctionConfiguration
from local_runtime.lambdas.environment import Surroundings
from local_runtime.lambdas.execution import ExecutionEnvironment, Invocation
from local_runtime.lambdas.logs import LogFile, LogSink
from local_runtime.lambdas.package import unpack_code, unpack_layer

REQUEST_LIMIT_BYTES = 6 * 1024 * 1024


class FunctionClosedError(LocalRuntimeError):
    """The run is ending: the invocation has no outcome, neither success nor failure."""


class LambdaFunction:
    """A function of a template, in at most `concurrency` processes that are started when they are needed.

    Further callers wait for their turn. `invoke` may be called from any thread.
    """

    def __init__(
        self,
        configuration: FunctionConfiguration,
        surroundings: Surroundings,
        sink: LogSink,
        concurrency: int = 1,
    ) -> None:
        self.configuration = configuration
        self._surroundings = surroundings
        self._sink = sink
        self._concurrency = concurrency
        # Last in, first out: a warm process is taken before an empty slot.
        self._slots: queue.LifoQueue[ExecutionEnvironment | None] = queue.LifoQueue()
        for _ in range(concurrency):
            self._slots.put(None)
        self._living: set[ExecutionEnvironment] = set()
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def from_resource(
        cls,
        resource: Resource,
        assembly: Assembly,
        *,
        state: Path,
        endpoint_url: str,
        concurrency: int = 1,
        sink: LogSink | None = None,
    ) -> LambdaFunction:
        """The function of an `AWS::Lambda::Function`, its code and layers unpacked under the state directory.

        Raises:
            UnsupportedResourceError: its runtime is not Python, or it is a container image.
            LocalRuntimeError: its code is no asset, or the environment lacks a package of a layer.
        """
        configuration = FunctionConfiguration.from_resource(resource)
        localize = LocalAddresses(assembly, endpoint_url).localize
        variables = {name: localize(value) for name, value in configuration.environment.items()}
        configuration = replace(configuration, environment=variables)
        packages = state.absolute() / "lambda"
        layers = [unpack_layer(arn, assembly, packages / "layers") for arn in configuration.layers]
        surroundings = Surroundings(
            region=assembly.region,
            task_root=unpack_code(resource, assembly, packages / "code"),
            layer_folders=[folder for folders in layers for folder in folders],
            bytecode=packages / "bytecode",
            endpoint_url=endpoint_url,
        )
        log = LogFile(state / "logs" / f"{configuration.name}.log") if sink is None else sink
        return cls(configuration, surroundings, log, concurrency)

    @property
    def name(self) -> str:
        return self.configuration.name

    @property
    def arn(self) -> str:
        return self.configuration.arn

    def invoke(self, payload: bytes) -> Invocation:
        """Runs the function for an event. Its failures are answers, not exceptions.

        Raises:
            AwsError: the event is larger than Lambda takes.
            FunctionClosedError: the function was closed before it answered.
        """
        if len(payload) > REQUEST_LIMIT_BYTES:
            raise AwsError(
                "RequestTooLargeException",
                f"{len(payload)} byte payload is too large for the RequestResponse invocation type "
                f"(limit {REQUEST_LIMIT_BYTES} bytes)",
                413,
            )
        slot = self._slots.get()
        environment: ExecutionEnvironment | None = None
        try:
            environment = self._ready(slot)
            invocation = environment.run(payload)
        finally:
            self._slots.put(self._kept(environment))
        if self._closed:
            raise FunctionClosedError(f"function {self.name} was closed during an invocation")
        return invocation

    def _ready(self, environment: ExecutionEnvironment | None) -> ExecutionEnvironment:
        if environment is not None:
            if environment.is_waiting():
                return environment
            self._discard(environment)
        with self._lock:
            if self._closed:
                raise FunctionClosedError(f"function {self.name} is closed")
            fresh = ExecutionEnvironment(self.configuration, self._surroundings, self._sink)
            self._living.add(fresh)
        return fresh

    def _kept(self, environment: ExecutionEnvironment | None) -> ExecutionEnvironment | None:
        if environment is None or environment.reusable:
            return environment
        self._discard(environment)
        return None

    def _discard(self, environment: ExecutionEnvironment) -> None:
        with self._lock:
            self._living.discard(environment)
        environment.close()

    def close(self) -> None:
        """Ends all processes; an invocation under way raises FunctionClosedError in its own thread."""
        with self._lock:
            self._closed = True
            for environment in self._living:
                environment.kill()
        # Each slot comes back when its invocation has noticed.
        for slot in [self._slots.get() for _ in range(self._concurrency)]:
            if slot is not None:
                self._discard(slot)
            self._slots.put(None)
        if isinstance(self._sink, LogFile):
            self._sink.close()
