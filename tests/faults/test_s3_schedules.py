"""Random faults on the way from Direct PUT to a bucket: each accepted record ends in one object, once.

A failing seed N again, cut down: `FAULT_SEEDS=N make test ARGS=tests/faults/test_s3_schedules.py`.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from local_runtime.firehose.crash_point import CRASH_POINTS
from tests.faults.conftest import NewS3World
from tests.faults.events import POISONS
from tests.faults.s3_account import S3Account
from tests.faults.s3_schedules import ALL_S3_STEPS, PROCESSOR_FAULTS, S3Schedule, s3_schedule
from tests.faults.schedules import run, seeds
from tests.faults.shrink import Steps, shrink
from tests.faults.steps import FailFunction, KillAt, Send

DEFAULT_SEEDS = "0-119"
SEEDS = seeds(os.environ.get("FAULT_SEEDS", DEFAULT_SEEDS))


@pytest.mark.parametrize("seed", SEEDS)
def test_bucket_holds_each_accepted_record_once_after_any_faults(seed: int, new_s3_world: NewS3World) -> None:
    chosen = s3_schedule(seed)
    print(f"again: FAULT_SEEDS={seed} make test ARGS=tests/faults/test_s3_schedules.py\n{chosen}")
    try:
        _play(chosen, new_s3_world)
    except Exception:
        if len(SEEDS) == 1:
            print(f"these steps are enough:\n{_cut_down(chosen, new_s3_world)}")
        raise


def _play(chosen: S3Schedule, new_s3_world: NewS3World) -> None:
    with new_s3_world(chosen.profile) as world:
        run(world, chosen.steps)
        S3Account(world).check()


def _cut_down(chosen: S3Schedule, new_s3_world: NewS3World) -> S3Schedule:
    def fails(steps: Steps) -> bool:
        try:
            _play(replace(chosen, steps=steps), new_s3_world)
        except Exception:
            return True
        return False

    return replace(chosen, steps=shrink(chosen.steps, fails))


def test_seeds_cover_every_fault_in_every_kind_of_delivery_stream() -> None:
    chosen = [s3_schedule(seed) for seed in seeds(DEFAULT_SEEDS)]
    steps = [step for item in chosen for step in item.steps]
    assert {type(step) for step in steps} == ALL_S3_STEPS
    invocations = {fault for step in steps if isinstance(step, FailFunction) for fault in step.faults}
    assert invocations == {*PROCESSOR_FAULTS, None}
    assert {step.point for step in steps if isinstance(step, KillAt)} == set(CRASH_POINTS)
    assert {step.poison for step in steps if isinstance(step, Send)} == {*POISONS, None}
    assert len({item.profile for item in chosen}) == 8
