"""What may happen: loads, time, and faults. Steps are data: a schedule can be printed and cut down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tests.faults.disk import no_file_grows
from tests.faults.machine import Machine
from tests.faults.producer import Load
from tests.faults.stream import INTERNAL, THROTTLED
from tests.faults.world import World


class Step(Protocol):
    def apply(self, world: World) -> None: ...


@dataclass(frozen=True)
class Send:
    """Some calls of the API."""

    load: Load
    calls: int = 1
    poison: str | None = None

    def apply(self, world: Machine) -> None:
        for _ in range(self.calls):
            world.producer.put(self.load, self.load.size, self.poison)


@dataclass(frozen=True)
class Deliver:
    """The delivery stream gets some steps of its work done."""

    steps: int

    def apply(self, world: Machine) -> None:
        for _ in range(self.steps):
            world.advance()


@dataclass(frozen=True)
class Pass:
    """Time goes by."""

    seconds: float

    def apply(self, world: Machine) -> None:
        world.clock.move_on(self.seconds)


@dataclass(frozen=True)
class ClockJumps:
    """The wall clock is set, forwards or backwards."""

    seconds: float

    def apply(self, world: Machine) -> None:
        world.clock.jump(self.seconds)


@dataclass(frozen=True)
class RefuseRecords:
    """Kinesis refuses some of the next records (`x`: throttled, `i`: internal failure, `.`: taken)."""

    pattern: str

    def apply(self, world: World) -> None:
        verdicts = {"x": THROTTLED, "i": INTERNAL, ".": None}
        world.stream_faults.refusals.extend(verdicts[sign] for sign in self.pattern)


@dataclass(frozen=True)
class FailCalls:
    """The next calls fail as a whole: `refused`, or done with the `answer lost`."""

    fault: str
    calls: int = 1

    def apply(self, world: Machine) -> None:
        world.stream_faults.calls.extend([self.fault] * self.calls)


@dataclass(frozen=True)
class FailFunction:
    """What becomes of the next invocations of the transform function."""

    faults: tuple[str | None, ...]

    def apply(self, world: Machine) -> None:
        world.function.faults.extend(self.faults)


@dataclass(frozen=True)
class FillDisk:
    """`No space left on device` at some writes of objects and tables, after some that succeed."""

    after: int
    failures: int = 1

    def apply(self, world: Machine) -> None:
        world.disk.fail(self.after, self.failures)


@dataclass(frozen=True)
class RefuseWrites:
    """For a while the kernel refuses every write, those of the databases too."""

    calls: int
    steps: int

    def apply(self, world: Machine) -> None:
        with no_file_grows():
            for _ in range(self.calls):
                world.producer.put(Load("records", 5), 5, None)
            for _ in range(self.steps):
                world.advance()
        world.seen["kernel refused writes"] += 1


@dataclass(frozen=True)
class Contend:
    """Another writer commits to the table between the read and the commit of the next ones."""

    commits: int

    def apply(self, world: World) -> None:
        if world.lakehouse is not None:
            world.lakehouse.rival_commits += self.commits


@dataclass(frozen=True)
class Maintain:
    """Another writer compacts the tables and expires their snapshots between two steps."""

    def apply(self, world: World) -> None:
        for item in world.definitions:
            world.maintain(item)


@dataclass(frozen=True)
class RepeatDelivery:
    """The next commits are made twice, as Firehose may: it delivers at least once."""

    commits: int

    def apply(self, world: World) -> None:
        world.faulty_tables.repetitions += self.commits


@dataclass(frozen=True)
class KillAt:
    """The process dies when it next comes to a named point of the delivery."""

    point: str

    def apply(self, world: Machine) -> None:
        world.crash_at = self.point


@dataclass(frozen=True)
class KillAtWrite:
    """The process dies at a write of an object or a table."""

    after: int

    def apply(self, world: Machine) -> None:
        world.disk.kill(self.after)


@dataclass(frozen=True)
class Kill:
    """The process dies between two steps."""

    def apply(self, world: Machine) -> None:
        world.restart()
        world.seen["killed between steps"] += 1


ALL_STEPS: tuple[type[Step], ...] = (
    Send,
    Deliver,
    Pass,
    ClockJumps,
    RefuseRecords,
    FailCalls,
    FailFunction,
    FillDisk,
    RefuseWrites,
    Contend,
    Maintain,
    RepeatDelivery,
    KillAt,
    KillAtWrite,
    Kill,
)
