"""Random schedules for delivery to a bucket; a seed always gives the same one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from local_runtime.firehose.crash_point import CRASH_POINTS
from tests.faults.events import POISONS
from tests.faults.function import FAILURES, FAULTS
from tests.faults.producer import Load
from tests.faults.s3_world import S3Profile, S3World
from tests.faults.steps import (
    ClockJumps,
    Deliver,
    FailCalls,
    FailFunction,
    FillDisk,
    Kill,
    KillAt,
    KillAtWrite,
    Pass,
    RefuseWrites,
    Send,
)

PROCESSOR_FAULTS = tuple(
    fault for fault in FAULTS if fault not in ("writes garbage", "names an unknown table")
)
"""Without those that only a table notices."""


class S3Step(Protocol):
    def apply(self, world: S3World) -> None: ...


@dataclass(frozen=True)
class Expire:
    """Time goes by, and the run lets go of what is past its retention."""

    seconds: float = 0.0

    def apply(self, world: S3World) -> None:
        world.clock.move_on(self.seconds)
        world.survive(world.expire)


@dataclass(frozen=True)
class Flush:
    """Somebody wants everything delivered now."""

    def apply(self, world: S3World) -> None:
        world.delivery.want_flush()


@dataclass(frozen=True)
class S3Schedule:
    """What happens to one world."""

    profile: S3Profile
    steps: tuple[S3Step, ...]

    def __str__(self) -> str:
        return "\n".join([str(self.profile), *(f"  {step}" for step in self.steps)])


def s3_schedule(seed: int) -> S3Schedule:
    """The schedule of a seed."""
    random = Random(seed)
    profile = S3Profile(*(random.random() < 0.5 for _ in range(3)))
    steps: list[S3Step] = []
    for _ in range(random.randint(6, 12)):
        steps += [random.choice(S3_FAULTS)(random) for _ in range(random.choice((0, 1, 1, 2)))]
        steps += [_send(random)]
        if random.random() < 0.2:  # before anything of it is read
            steps += [Expire(random.choice((0.0, 90_000.0)))]
        steps += [Deliver(random.randint(1, 4))]
        if random.random() < 0.5:
            steps += [random.choice((Pass(5.0), Pass(61.0), Flush())), Deliver(random.randint(1, 4))]
    return S3Schedule(profile, tuple(steps))


def _send(random: Random) -> Send:
    method = random.choice(("record", "records", "records"))
    return Send(
        Load(method, 1 if method == "record" else random.choice((3, 10, 30))),
        calls=random.randint(1, 4),
        poison=random.choice(POISONS) if random.random() < 0.3 else None,
    )


def _function_fault(random: Random) -> FailFunction:
    if random.random() < 0.5:  # up to one try more than Firehose makes
        return FailFunction(tuple(random.choice(list(FAILURES)) for _ in range(random.randint(1, 4))))
    return FailFunction((*[None] * random.randint(0, 2), random.choice(PROCESSOR_FAULTS)))


S3_FAULTS: tuple[Callable[[Random], S3Step], ...] = (
    lambda random: FailCalls(random.choice(("refused", "answer lost")), random.randint(1, 3)),
    _function_fault,
    _function_fault,
    lambda random: FillDisk(random.randint(0, 6), random.randint(1, 3)),
    lambda random: RefuseWrites(random.randint(0, 2), random.randint(1, 4)),
    lambda random: ClockJumps(random.choice((-7200.0, -5.0, 3.0, 3600.0, 90_000.0))),
    lambda random: Expire(random.choice((0.0, 3600.0, 90_000.0))),
    lambda random: Flush(),
    lambda random: KillAt(random.choice(CRASH_POINTS)),
    lambda random: KillAt(random.choice(CRASH_POINTS)),
    lambda random: KillAtWrite(random.randint(0, 4)),
    lambda random: Kill(),
)
ALL_S3_STEPS = {
    ClockJumps,
    Deliver,
    Expire,
    FailCalls,
    FailFunction,
    FillDisk,
    Flush,
    Kill,
    KillAt,
    KillAtWrite,
    Pass,
    RefuseWrites,
    Send,
}
