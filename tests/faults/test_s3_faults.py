"""Each fault alone on the way to a bucket: it really happens, and this is what becomes of the records."""

from __future__ import annotations

import pytest

from local_runtime.firehose.crash_point import CRASH_POINTS
from tests.faults.conftest import NewS3World
from tests.faults.function import FAILURES
from tests.faults.producer import Load
from tests.faults.s3_account import S3Account
from tests.faults.s3_schedules import Expire, Flush
from tests.faults.s3_world import BUCKET, DATA, S3Profile, S3World
from tests.faults.schedules import run
from tests.faults.steps import Deliver, FailCalls, FailFunction, FillDisk, KillAt, KillAtWrite, Pass, Send

LINES = S3Profile(parquet=False, processor=False, delimiter=True)
PARQUET = S3Profile(parquet=True, processor=False, delimiter=False)
PROCESSED = S3Profile(parquet=True, processor=True, delimiter=True)
PROFILES = (LINES, PARQUET, PROCESSED)
TEN = Send(Load("records", 10))
POISONED = Send(Load("records", 10), poison="cut off")
DELIVERED = (Deliver(4), Pass(61.0), Deliver(6))
A_DAY = 90_000.0


def checked(world: S3World) -> S3Account:
    account = S3Account(world)
    account.check()
    return account


@pytest.mark.parametrize("point", CRASH_POINTS)
@pytest.mark.parametrize("profile", PROFILES)
def test_kill_at_a_named_point_loses_and_doubles_nothing(
    profile: S3Profile, point: str, new_s3_world: NewS3World
) -> None:
    with new_s3_world(profile) as world:
        run(world, (POISONED, KillAt(point), *DELIVERED, TEN))
        account = checked(world)
        assert world.seen[f"killed {point}"] == 1
        assert (len(account.stored), len(account.failures)) == ((20, 0) if profile == LINES else (19, 1))


def test_object_that_is_there_is_not_put_again_after_a_kill(new_s3_world: NewS3World) -> None:
    with new_s3_world(PROCESSED) as world:
        # The processor would answer otherwise the second time; it is not asked.
        run(world, (TEN, KillAt("after-commit"), *DELIVERED, FailFunction(("throws",) * 4), *DELIVERED))
        assert len(checked(world).stored) == 10
        assert len(world.objects.list(BUCKET, DATA)) == 1


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("after", [0, 1])
def test_process_that_dies_at_a_write_leaves_no_half_object(
    profile: S3Profile, after: int, new_s3_world: NewS3World
) -> None:
    with new_s3_world(profile) as world:
        run(world, (POISONED, KillAtWrite(after), *DELIVERED, TEN, *DELIVERED))
        checked(world)
        assert world.disk.seen["killed at a write"] == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_full_disk_holds_up_the_object_and_loses_nothing(
    profile: S3Profile, new_s3_world: NewS3World
) -> None:
    with new_s3_world(profile) as world:
        run(world, (TEN, FillDisk(after=0, failures=3), *DELIVERED))
        assert world.seen["OSError"] == 3
        assert len(checked(world).stored) == 10


@pytest.mark.parametrize("fault", FAILURES)
def test_processor_that_fails_four_times_makes_errors_of_its_chunk(
    fault: str, new_s3_world: NewS3World
) -> None:
    with new_s3_world(PROCESSED) as world:
        few = Send(Load("records", 3))
        run(world, (few, FailFunction((fault,) * 4), *DELIVERED, few))
        account = checked(world)
        assert (len(account.stored), len(account.failures)) == (3, 3)


def test_lost_answer_leaves_copies_as_firehose_does(new_s3_world: NewS3World) -> None:
    with new_s3_world(LINES) as world:
        run(world, (FailCalls("answer lost"), TEN))
        assert len(checked(world).stored) == 20


def test_flush_delivers_before_the_buffer_is_due(new_s3_world: NewS3World) -> None:
    with new_s3_world(PARQUET) as world:
        for step in (TEN, Deliver(2)):
            step.apply(world)
        assert world.stored() == []
        for step in (Flush(), Deliver(2)):
            step.apply(world)
        assert len(checked(world).stored) == 10


def test_records_that_nobody_read_for_a_day_expire_and_are_counted_over_a_kill(
    new_s3_world: NewS3World,
) -> None:
    with new_s3_world(LINES) as world:
        TEN.apply(world)
        Deliver(1).apply(world)  # it has started, and has read nothing
        Expire(A_DAY).apply(world)
        world.restart()
        run(world, (TEN,))
        account = checked(world)
        assert (account.counters["expired"], len(account.stored)) == (10, 10)


def test_records_that_are_under_way_do_not_expire(new_s3_world: NewS3World) -> None:
    for steps in ((TEN, Deliver(2)), (TEN, Deliver(2), FillDisk(0, 2), Pass(61.0), Deliver(1))):
        with new_s3_world(LINES) as world:
            run(world, (*steps, TEN, Expire(A_DAY), Deliver(3)))
            account = checked(world)
            assert "expired" not in account.counters
            assert len(account.stored) == 20


def test_expiry_that_is_killed_half_way_is_counted_once(
    new_s3_world: NewS3World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_s3_world(LINES) as world:
        for step in (TEN, Deliver(1)):
            step.apply(world)

        def full(positions: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patches:
            patches.setattr(world.direct, "forget", full)
            world.clock.move_on(A_DAY)
            with pytest.raises(OSError, match="No space"):
                world.delivery.expire()
        world.restart()
        assert world.delivery.expire() == 0
        assert world.ledger.counters(world.delivery.name) == {"expired": 10}
        assert world.direct.waiting({}) == (0, 0, None)


def _lose_a_record(world: S3World) -> None:
    key = world.objects.list(BUCKET, DATA)[0]
    body = world.objects.get(BUCKET, key)
    world.objects.put(BUCKET, key, body[body.index(b"\n") + 1 :])


def _double_an_object(world: S3World) -> None:
    key = world.objects.list(BUCKET, DATA)[0]
    world.objects.put(BUCKET, f"{key}-2", world.objects.get(BUCKET, key))


def _halve_an_object(world: S3World) -> None:
    key = world.objects.list(BUCKET, DATA)[0]
    world.objects.put(BUCKET, key, world.objects.get(BUCKET, key)[:-9])


def _change_a_record(world: S3World) -> None:
    key = world.objects.list(BUCKET, DATA)[0]
    body = world.objects.get(BUCKET, key)
    world.objects.put(BUCKET, key, body.replace(b"shop.example.com", b"elsewhere", 1))


def _expire_in_silence(world: S3World) -> None:
    world.accepted.append(world.accepted[0])


@pytest.mark.parametrize(
    "tamper", [_lose_a_record, _double_an_object, _halve_an_object, _change_a_record, _expire_in_silence]
)
def test_account_does_not_close_over_what_is_wrong(tamper: object, new_s3_world: NewS3World) -> None:
    assert callable(tamper)
    with new_s3_world(LINES) as world:
        run(world, (TEN, *DELIVERED, TEN))
        checked(world)
        tamper(world)
        with pytest.raises(AssertionError):
            checked(world)
