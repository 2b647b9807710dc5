"""The state directory: one run at a time, and a way to find it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local_runtime.errors import LocalRuntimeError
from local_runtime.state import RunInfo, StateDirectory


def test_second_owner_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    first = StateDirectory(tmp_path / "state")
    first.acquire()
    with pytest.raises(LocalRuntimeError, match=rf"\(pid {os.getpid()}\) has this state"):
        StateDirectory(tmp_path / "state").acquire()
    first.release()
    second = StateDirectory(tmp_path / "state")
    second.acquire()
    second.release()


def test_state_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("99\n")
    with pytest.raises(LocalRuntimeError, match=r"format '99', this run reads 1; pass another --state"):
        StateDirectory(tmp_path).acquire()


def test_state_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalRuntimeError, match=r"file/state: the state cannot be used: Not a directory"):
        StateDirectory(tmp_path / "file" / "state").acquire()


def test_run_is_found_while_it_lives(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    directory.acquire()
    info = RunInfo(os.getpid(), 4566, "cdk.out")
    directory.announce(info)
    assert StateDirectory(tmp_path).find_run() == info
    directory.release()
    with pytest.raises(LocalRuntimeError, match="no local run has this state"):
        StateDirectory(tmp_path).find_run()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": 1}'])
def test_damaged_run_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(LocalRuntimeError, match=r"run\.json: not a run file"):
        StateDirectory(tmp_path).find_run()
