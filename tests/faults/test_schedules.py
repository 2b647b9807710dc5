"""Random faults under a load: whatever happens, what was acknowledged is accounted for when it is over.

A failing seed N again, cut down to the steps that matter: `FAULT_SEEDS=N make test ARGS=tests/faults`.
More of them: `FAULT_SEEDS=1000-1999 make test ARGS=tests/faults`.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from local_runtime.firehose.crash_point import CRASH_POINTS
from tests.faults.account import Account
from tests.faults.conftest import NewWorld
from tests.faults.events import POISONS
from tests.faults.function import FAULTS
from tests.faults.schedules import Schedule, run, schedule, seeds
from tests.faults.shrink import Steps, shrink
from tests.faults.steps import ALL_STEPS, FailFunction, KillAt, Send

DEFAULT_SEEDS = "0-209"


SEEDS = seeds(os.environ.get("FAULT_SEEDS", DEFAULT_SEEDS))


@pytest.mark.parametrize("seed", SEEDS)
def test_account_closes_after_any_faults(seed: int, new_world: NewWorld) -> None:
    chosen = schedule(seed)
    print(f"again: FAULT_SEEDS={seed} make test ARGS=tests/faults\n{chosen}")
    try:
        _play(chosen, new_world)
    except Exception:
        if len(SEEDS) == 1:
            print(f"these steps are enough:\n{_cut_down(chosen, new_world)}")
        raise


def _play(chosen: Schedule, new_world: NewWorld) -> None:
    with new_world(chosen.profile) as world:
        run(world, chosen.steps)
        Account(world).check()


def _cut_down(chosen: Schedule, new_world: NewWorld) -> Schedule:
    def fails(steps: Steps) -> bool:
        try:
            _play(replace(chosen, steps=steps), new_world)
        except Exception:
            return True
        return False

    return replace(chosen, steps=shrink(chosen.steps, fails))


def test_seeds_cover_every_fault_in_every_kind_of_world() -> None:
    chosen = [schedule(seed) for seed in seeds(DEFAULT_SEEDS)]
    assert len(chosen) >= 200
    steps = [step for item in chosen for step in item.steps]
    assert {type(step) for step in steps} == set(ALL_STEPS)
    invocations = {fault for step in steps if isinstance(step, FailFunction) for fault in step.faults}
    assert invocations == {*FAULTS, None}
    assert {step.point for step in steps if isinstance(step, KillAt)} == set(CRASH_POINTS)
    assert {step.poison for step in steps if isinstance(step, Send)} == {*POISONS, None}
    assert len({item.profile for item in chosen}) == 16


@pytest.mark.parametrize("seed", [3, 8])
def test_seed_gives_the_same_outcome_each_time(seed: int, new_world: NewWorld) -> None:
    outcomes = []
    for _ in range(2):
        chosen = schedule(seed)
        with new_world(chosen.profile) as world:
            run(world, chosen.steps)
            account = Account(world)
            rows = sorted(map(str, account.rows))
            outcomes.append((rows, account.failed, account.stream, world.seen, world.function.seen))
    assert outcomes[0] == outcomes[1]
