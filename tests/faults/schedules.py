"""Random schedules: a seed gives a world's profile and its steps, always the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from local_runtime.firehose.crash_point import CRASH_POINTS
from tests.faults.events import POISONS
from tests.faults.function import FAILURES, FAULTS
from tests.faults.machine import Machine
from tests.faults.producer import Load
from tests.faults.steps import (
    ClockJumps,
    Contend,
    Deliver,
    FailCalls,
    FailFunction,
    FillDisk,
    Kill,
    KillAt,
    KillAtWrite,
    Maintain,
    Pass,
    RefuseRecords,
    RefuseWrites,
    RepeatDelivery,
    Send,
    Step,
)
from tests.faults.world import Profile

LAKEHOUSE_SHARE = 0.15
"""Schedules with PyIceberg tables; they take ten times as long."""


@dataclass(frozen=True)
class Schedule:
    """What happens to one world."""

    profile: Profile
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "\n".join([str(self.profile), *(f"  {step}" for step in self.steps)])


def schedule(seed: int) -> Schedule:
    """The schedule of a seed."""
    random = Random(seed)
    lakehouse = random.random() < LAKEHOUSE_SHARE
    profile = Profile(
        unique_keys=random.random() < 0.6,
        two_tables=random.random() < 0.3,
        lakehouse=lakehouse,
        ordered=random.random() < 0.6,
    )
    steps: list[Step] = []
    for _ in range(random.randint(3, 5) if lakehouse else random.randint(6, 12)):
        steps += [_fault(random) for _ in range(random.choice((0, 1, 1, 2)))]
        steps += [_send(random), Deliver(random.randint(1, 4))]
        if random.random() < 0.5:
            steps += [Pass(random.choice((5.0, 61.0))), Deliver(random.randint(1, 4))]
    return Schedule(profile, tuple(steps))


def seeds(text: str) -> list[int]:
    """`7` or `0-209`."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _send(random: Random) -> Step:
    method = random.choice(("record", "records", "records"))
    return Send(
        Load(method, 1 if method == "record" else random.choice((3, 10, 30))),
        calls=random.randint(1, 4),
        poison=random.choice(POISONS) if random.random() < 0.3 else None,
    )


def _function_fault(random: Random) -> Step:
    if random.random() < 0.5:  # up to one try more than Firehose makes
        return FailFunction(tuple(random.choice(list(FAILURES)) for _ in range(random.randint(1, 4))))
    return FailFunction((*[None] * random.randint(0, 2), random.choice(FAULTS)))


def _refusals(random: Random) -> Step:
    share = random.choice((0.1, 0.5, 1.0))
    signs = (random.choice("xxi") if random.random() < share else "." for _ in range(random.randint(1, 40)))
    return RefuseRecords("".join(signs))


FAULT_MAKERS: tuple[Callable[[Random], Step], ...] = (
    _refusals,
    lambda random: FailCalls(random.choice(("refused", "answer lost")), random.randint(1, 3)),
    _function_fault,
    _function_fault,
    lambda random: FillDisk(random.randint(0, 30), random.randint(1, 3)),
    lambda random: RefuseWrites(random.randint(0, 2), random.randint(1, 4)),
    lambda random: Contend(random.randint(1, 6)),
    lambda random: Maintain(),
    lambda random: ClockJumps(random.choice((-7200.0, -5.0, 3.0, 3600.0, 90_000.0))),
    lambda random: RepeatDelivery(random.randint(1, 2)),
    lambda random: KillAt(random.choice(CRASH_POINTS)),
    lambda random: KillAt(random.choice(CRASH_POINTS)),
    lambda random: KillAtWrite(random.randint(0, 30)),
    lambda random: Kill(),
)


def _fault(random: Random) -> Step:
    return random.choice(FAULT_MAKERS)(random)


def run(world: Machine, steps: Iterable[Any]) -> None:
    """All steps, then the faults end and everything that was sent is delivered."""
    for step in steps:
        step.apply(world)
    heal(world)


def heal(world: Machine, patience: int = 200) -> None:
    """No fault from now on: the producer gets rid of all it has, the delivery of all that was accepted.

    Raises:
        AssertionError: it does not come to an end.
    """
    world.stream_faults.clear()
    world.function.faults.clear()
    world.disk.clear()
    world.crash_at = None
    for _ in range(patience):
        if not world.producer.waits:
            break
        world.producer.put(Load("records", 100), 0, None)
    assert not world.producer.waits, f"no put is accepted any more: {world.producer.statuses}"
    for _ in range(patience):
        world.advance()
        if world.is_delivered:
            return
        world.clock.move_on(5.0)
    raise AssertionError(
        f"not everything was delivered after {patience} steps without a fault: {world.delivery.status()}"
    )
