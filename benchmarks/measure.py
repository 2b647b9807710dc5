"""How a case measures: CPU seconds of variants run in turn; a noisy machine disturbs all alike."""

import gc
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Result:
    """One measured figure; without a target it only informs."""

    name: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["higher", "lower"] = "higher"

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.better == "higher" else self.value <= self.target


class Rounds:
    """CPU seconds of each variant, one figure a round; ratios compare within a round."""

    def __init__(self, seconds: Mapping[str, Sequence[float]]) -> None:
        self._seconds = seconds

    def median(self, variant: str) -> float:
        return statistics.median(self._seconds[variant])

    def ratio(self, over: str, under: str) -> float:
        """How many times the CPU of `under` the variant `over` takes: the median of the rounds' ratios."""
        pairs = zip(self._seconds[over], self._seconds[under], strict=True)
        return statistics.median(a / b for a, b in pairs)


def in_process(variants: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: int = 1) -> Rounds:
    """Calls every variant once a round, without the collector, and takes the CPU time of this process."""
    timed = {name: partial(_cpu_of_call, call) for name, call in variants.items()}
    return in_turn(timed, rounds=rounds, warm_up=warm_up)


def whole_process(
    variants: Mapping[str, Sequence[str]],
    *,
    rounds: int,
    warm_up: int = 1,
    env: Mapping[str, str] | None = None,
) -> Rounds:
    """Runs every command once a round and takes the system's account of it and its children."""
    timed = {name: partial(_cpu_of_command, argv, env) for name, argv in variants.items()}
    return in_turn(timed, rounds=rounds, warm_up=warm_up)


def in_turn(timed: Mapping[str, Callable[[], float]], *, rounds: int, warm_up: int = 1) -> Rounds:
    """Calls every variant once a round and takes its own word for the CPU seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(warm_up + rounds):
        # In another order each round: what one variant leaves in the CPU's caches slows the next.
        for name in random.Random(number).sample(list(timed), len(timed)):
            taken = timed[name]()
            if number >= warm_up:
                seconds[name].append(taken)
    return Rounds(seconds)


def _cpu_of_call(call: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        call()
        return time.process_time() - start
    finally:
        gc.enable()


def _cpu_of_command(argv: Sequence[str], env: Mapping[str, str] | None) -> float:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(argv, env=env, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            said = output.read().decode(errors="replace")
            raise RuntimeError(
                f"`{' '.join(argv)}` ended with {process.returncode} while it was measured:\n{said}"
            )
    return usage.ru_utime + usage.ru_stime
