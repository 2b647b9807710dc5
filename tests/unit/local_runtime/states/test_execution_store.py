"""Executions in their file: moments and how long they are kept."""

from __future__ import annotations

from pathlib import Path

from local_runtime.states.execution import KEPT_SECONDS, SUCCEEDED, Event, ExecutionStore

ARN = "arn:aws:states:us-east-1:123456789012:execution:report:{}".format


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def begin(store: ExecutionStore, name: str) -> None:
    store.create(ARN(name), "machine", name, "{}", Event("ExecutionStarted"))


def test_moments_do_not_go_back_with_the_machines_clock(tmp_path: Path) -> None:
    clock = Clock()
    store = ExecutionStore(tmp_path / "states.db", clock)
    begin(store, "one")
    clock.now = 999.0
    store.record(ARN("one"), [Event("PassStateEntered", {"name": "A"}), Event("PassStateExited")])
    assert store.finish(ARN("one"), SUCCEEDED, [Event("ExecutionSucceeded")]) == 1000.0
    assert [event.moment for event in store.history(ARN("one"))] == [1000.0] * 4


def test_what_ended_long_ago_is_forgotten_with_its_history_and_its_name_is_free(tmp_path: Path) -> None:
    clock = Clock()
    store = ExecutionStore(tmp_path / "states.db", clock)
    for name in ("old", "running", "young"):
        begin(store, name)
    store.finish(ARN("old"), SUCCEEDED, [])
    clock.now += 1.0
    store.finish(ARN("young"), SUCCEEDED, [Event("ExecutionSucceeded")])
    clock.now = 1000.5 + KEPT_SECONDS
    store.forget_old()
    assert store.find(ARN("old")) is None
    assert store.history(ARN("old")) == []
    assert [item.name for item in store.listed("machine", None)] == ["young", "running"]
    begin(store, "old")
