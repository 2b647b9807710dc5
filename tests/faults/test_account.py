"""The account must notice: a check that never fails would prove nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.account import Account
from tests.faults.conftest import NewWorld
from tests.faults.producer import Acknowledged, Load
from tests.faults.schedules import run
from tests.faults.steps import Send
from tests.faults.world import Profile, World

LOAD = Send(Load("records", 6), calls=3, poison="cut off")


def _rows(world: World) -> list[dict[str, object]]:
    item = world.definitions[0]
    return world.tables.rows(item.database, item.name)


def _lose_a_row(world: World) -> None:
    _rows(world).pop()


def _double_a_row(world: World) -> None:
    _rows(world).append(_rows(world)[0])


def _change_a_row(world: World) -> None:
    _rows(world)[0]["hostname"] = "elsewhere"


def _make_a_row_up(world: World) -> None:
    _rows(world).append({**_rows(world)[0], "uri": "/s009999e"})


def _bring_an_old_version_back(world: World) -> None:
    rows = _rows(world)
    first = world.producer.acknowledged[0].event
    (index,) = [index for index, row in enumerate(rows) if row["event_id"] == first.key]
    rows[index] = {**rows[index], **first.document, "timestamp": rows[index]["timestamp"]}


def _acknowledge_what_is_not_there(world: World) -> None:
    event, shard_id, number = world.producer.acknowledged[0]
    world.producer.acknowledged[0] = Acknowledged(event, shard_id, number.replace("4959", "4958"))


def _swap_two_acknowledgements(world: World) -> None:
    world.producer.acknowledged.reverse()


def _lose_a_failure(world: World) -> None:
    bucket = world.settings.error_output.bucket
    (key, *_) = [key for key in world.objects.list(bucket) if "-failed" in key]
    world.objects.delete(bucket, key)


ALWAYS = (
    _lose_a_row,
    _double_a_row,
    _change_a_row,
    _make_a_row_up,
    _acknowledge_what_is_not_there,
    _swap_two_acknowledgements,
    _lose_a_failure,
)


def _world_of(*, unique_keys: bool) -> Profile:
    return Profile(unique_keys=unique_keys, two_tables=False, lakehouse=False, ordered=True)


@pytest.mark.parametrize("unique_keys", [False, True])
@pytest.mark.parametrize("tamper", ALWAYS)
def test_account_does_not_close_over_what_is_wrong(
    tamper: Callable[[World], None], unique_keys: bool, new_world: NewWorld
) -> None:
    with new_world(_world_of(unique_keys=unique_keys)) as world:
        run(world, (LOAD, LOAD))
        Account(world).check()
        tamper(world)
        with pytest.raises((AssertionError, KeyError)):
            Account(world).check()


def test_account_does_not_close_over_an_old_version(new_world: NewWorld) -> None:
    with new_world(_world_of(unique_keys=True)) as world:
        run(world, (LOAD, LOAD))
        _bring_an_old_version_back(world)
        with pytest.raises(AssertionError, match="is stored"):
            Account(world).check()
