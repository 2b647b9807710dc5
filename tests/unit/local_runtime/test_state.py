"""The state directory: one run at a time, and a way to find it."""

from __future__ import annotations

import os
import stat
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


@pytest.mark.parametrize("text", [b"", b"\n"])
def test_marker_that_a_power_loss_emptied_counts_as_new_while_nothing_is_stored(
    tmp_path: Path, text: bytes
) -> None:
    (tmp_path / "format").write_bytes(text)
    directory = StateDirectory(tmp_path)
    directory.acquire()
    directory.release()
    assert (tmp_path / "format").read_text() == "1\n"


def test_empty_marker_beside_a_stream_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("")
    (tmp_path / "kinesis.db").write_bytes(b"")
    with pytest.raises(LocalRuntimeError, match=r"format '', this run reads 1"):
        StateDirectory(tmp_path).acquire()


def test_marker_of_random_bytes_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "format").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LocalRuntimeError, match=r"this run reads 1; pass another --state"):
        StateDirectory(tmp_path).acquire()


@pytest.mark.parametrize("name", ["kinesis.db", "firehose.db", "direct-put.db", "catalog.db"])
def test_damaged_database_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "format").write_text("1\n")
    (tmp_path / name).write_bytes(b"no database" * 1000)
    with pytest.raises(LocalRuntimeError, match=rf"{name}: the database cannot be opened: file is not a "):
        StateDirectory(tmp_path).acquire()
    (tmp_path / name).unlink()
    directory = StateDirectory(tmp_path)  # the refusal gave the lock back
    directory.acquire()
    directory.release()


def test_process_with_the_id_of_a_killed_run_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(str(os.getpid()))
    StateDirectory(tmp_path).announce(RunInfo(os.getpid(), 4566, "cdk.out"))
    with pytest.raises(LocalRuntimeError, match="no local run has this state"):
        StateDirectory(tmp_path).find_run()


def test_run_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(LocalRuntimeError, match=r"the state cannot be read: Is a directory"):
        StateDirectory(tmp_path).find_run()


def test_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path / "new" / "state")
    directory.acquire()
    assert stat.S_IMODE(directory.root.stat().st_mode) == 0o700
    directory.release()
