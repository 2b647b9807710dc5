"""Each fault alone: it really happens, and this is what becomes of the records it meets."""

from __future__ import annotations

import pytest

from local_runtime.firehose.crash_point import CRASH_POINTS
from tests.faults.account import Account
from tests.faults.conftest import NewWorld
from tests.faults.function import FAILURES, NONSENSE, SLIPS
from tests.faults.producer import Load
from tests.faults.schedules import run
from tests.faults.steps import (
    ClockJumps,
    Contend,
    Deliver,
    FailCalls,
    FailFunction,
    FillDisk,
    KillAt,
    KillAtWrite,
    Maintain,
    Pass,
    RefuseRecords,
    RefuseWrites,
    RepeatDelivery,
    Send,
)
from tests.faults.world import Profile, World

INSERTS = Profile(unique_keys=False, two_tables=False, lakehouse=False, ordered=True)
UPSERTS = Profile(unique_keys=True, two_tables=False, lakehouse=False, ordered=True)
ICEBERG = Profile(unique_keys=False, two_tables=False, lakehouse=True, ordered=True)
UPSERTING_ICEBERG = Profile(unique_keys=True, two_tables=False, lakehouse=True, ordered=True)
TWO_ICEBERG = Profile(unique_keys=True, two_tables=True, lakehouse=True, ordered=True)
TEN = Send(Load("records", 10))
DELIVERED = (Deliver(4), Pass(61.0), Deliver(6))
"""Read ahead first: a buffer is due by the time that its oldest record has waited in it."""


def checked(world: World) -> Account:
    account = Account(world)
    account.check()
    return account


def test_client_sends_only_the_refused_records_again(new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        run(world, (RefuseRecords("x..i......"), TEN))
        assert (world.producer.statuses[503], world.producer.statuses[200]) == (1, 1)
        account = checked(world)
        assert len(account.stream) == len(account.rows) == 10


def test_answer_that_is_lost_makes_copies_that_unique_keys_merge(new_world: NewWorld) -> None:
    for profile, rows in ((INSERTS, 20), (UPSERTS, 10)):
        with new_world(profile) as world:
            run(world, (FailCalls("answer lost"), TEN))
            account = checked(world)
            assert (len(account.stream), len(account.rows)) == (20, rows)


def test_call_that_is_refused_is_sent_again_as_a_whole(new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        run(world, (FailCalls("refused", 2), TEN, TEN))
        assert world.producer.statuses[500] == 2
        assert len(checked(world).stream) == 20


@pytest.mark.parametrize("fault", FAILURES)
def test_invocation_that_fails_is_tried_again_and_then_given_up(fault: str, new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        assert world.settings.transform is not None
        tries = world.settings.transform.retries + 1
        few = Send(Load("records", 3))
        recovers = (few, FailFunction((fault,) * (tries - 1)), *DELIVERED)
        run(world, (*recovers, few, FailFunction((fault,) * tries), *DELIVERED))
        account = checked(world)
        assert world.function.seen[fault] == 2 * tries - 1
        assert (len(account.rows), account.failed.total()) == (3, 3)
        assert {envelope["attemptsMade"] for envelope in account.failures} == {tries}


@pytest.mark.parametrize("fault", NONSENSE)
def test_nonsense_fails_the_batch_that_it_answers_and_no_other(fault: str, new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        few = Send(Load("records", 3))
        run(world, (few, FailFunction((fault,)), *DELIVERED, few))
        account = checked(world)
        assert (len(account.rows), account.failed.total()) == (3, 3)
        assert {envelope["errorCode"] for envelope in account.failures} == {NONSENSE[fault][0]}


@pytest.mark.parametrize("fault", SLIPS)
def test_neighbours_of_a_record_that_goes_wrong_are_stored(fault: str, new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        run(world, (FailFunction((fault,)), TEN, *DELIVERED))
        account = checked(world)
        assert len(account.rows) == 9
        assert account.failed.total() + len(world.function.dropped) == 1


@pytest.mark.parametrize("point", CRASH_POINTS)
@pytest.mark.parametrize("profile", [INSERTS, TWO_ICEBERG])
def test_kill_at_a_named_point_loses_and_doubles_nothing(
    profile: Profile, point: str, new_world: NewWorld
) -> None:
    with new_world(profile) as world:
        run(world, (Send(Load("records", 10), poison="cut off"), KillAt(point), *DELIVERED, TEN))
        checked(world)
        assert world.seen[f"killed {point}"] == 1


def test_kill_before_the_error_objects_of_a_batch_without_rows_loses_no_failure(new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        run(world, (Send(Load("record", 1), poison="cut off"), KillAt("after-begin"), *DELIVERED))
        assert checked(world).failed.total() == 1


def test_maintenance_keeps_the_positions_that_tell_a_commit_was_made(new_world: NewWorld) -> None:
    with new_world(ICEBERG) as world:
        once = (TEN, *DELIVERED)
        run(world, (*once, *once, Maintain(), KillAt("after-commit"), *once, Maintain(), *once))
        assert world.seen["killed after-commit"] == 1
        assert world.seen["snapshots expired"] > 0
        checked(world)


def test_disk_that_is_full_for_a_while_holds_up_delivery_and_loses_nothing(new_world: NewWorld) -> None:
    with new_world(ICEBERG) as world:
        run(world, (TEN, FillDisk(after=3, failures=2), *DELIVERED))
        assert world.disk.seen["disk full at a write"] == 2
        assert world.seen["OSError"] > 0
        assert len(checked(world).rows) == 10


def test_process_that_dies_in_the_middle_of_a_commit_leaves_no_half_of_it(new_world: NewWorld) -> None:
    with new_world(TWO_ICEBERG) as world:
        for after in (0, 4, 9, 15, 21):
            run(world, (TEN, KillAtWrite(after), *DELIVERED))
        assert world.disk.seen["killed at a write"] == 5
        checked(world)


def test_put_is_not_acknowledged_while_the_kernel_refuses_writes(new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        run(world, (TEN, RefuseWrites(calls=2, steps=0)))
        assert world.producer.statuses[500] == 2
        assert len(checked(world).stream) == 20


def test_batch_waits_while_the_kernel_refuses_writes(new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        run(world, (TEN, Deliver(4), Pass(61.0), RefuseWrites(calls=0, steps=3)))
        assert world.seen["OperationalError"] == 3
        assert len(checked(world).rows) == 10


@pytest.mark.parametrize("profile", [ICEBERG, UPSERTING_ICEBERG])
def test_commit_that_loses_its_files_to_a_compaction_is_made_again(
    profile: Profile, new_world: NewWorld
) -> None:
    with new_world(profile) as world:
        once = (TEN, *DELIVERED)
        run(world, (*once, *once, *once, Contend(1), *once))
        assert world.lakehouse is not None
        assert world.lakehouse.seen["compacted by a rival"] == 1
        # An append is made again by PyIceberg itself; a rewrite of files that are gone is planned anew.
        assert world.seen["ValidationException"] == (1 if profile.unique_keys else 0)
        checked(world)


def test_batch_that_is_delivered_twice_is_stored_once_with_unique_keys(new_world: NewWorld) -> None:
    for profile, rows in ((INSERTS, 20), (UPSERTS, 10)):
        with new_world(profile) as world:
            run(world, (RepeatDelivery(1), TEN, *DELIVERED))
            assert len(checked(world).rows) == rows


@pytest.mark.parametrize("seconds", [-7200.0, 90_000.0])
def test_clock_that_is_set_neither_holds_up_delivery_nor_breaks_the_order(
    seconds: float, new_world: NewWorld
) -> None:
    with new_world(UPSERTS) as world:
        for step in (TEN, Deliver(4), ClockJumps(seconds), TEN, *DELIVERED):
            step.apply(world)
        assert len(world.producer.acknowledged) == 20
        assert world.is_delivered
        checked(world)


def expire(world: World) -> tuple[int, int]:
    """What the run does once a minute: records given up, and records that left the stream."""
    expired = world.delivery.expire()
    return expired, world.store.trim({world.store.streams()[0].name: [world.delivery.positions()]})


def test_records_that_nobody_read_in_time_leave_the_stream_and_are_counted(new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        for step in (TEN, Deliver(1), Pass(25 * 3600.0), TEN):
            step.apply(world)
        assert expire(world) == (10, 10)
        world.restart()
        run(world, DELIVERED)
        counters = world.ledger.counters(world.settings.name)
        assert (counters["expired"], counters["stored"], len(world.rows())) == (10, 10, 10)


def test_records_that_are_under_way_stay_in_the_stream_beyond_its_retention(new_world: NewWorld) -> None:
    with new_world(INSERTS) as world:
        for step in (TEN, Deliver(3), Pass(25 * 3600.0)):
            step.apply(world)
        assert expire(world) == (0, 0)
        world.restart()  # what was read is in the stream still
        run(world, DELIVERED)
        assert len(checked(world).rows) == 10
        assert expire(world) == (0, 10)
