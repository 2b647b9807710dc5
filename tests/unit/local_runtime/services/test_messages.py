"""Published messages as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_runtime.errors import LocalRuntimeError
from local_runtime.services.stateful.messages import MessageFiles, as_mail


def message(text: str, time: str = "2026-11-22T00:00:00.000+00:00") -> dict[str, object]:
    return {
        "time": time,
        "topic": "reports",
        "message_id": "1",
        "subject": None,
        "message": text,
        "attributes": {},
        "subscriptions": [],
    }


def test_message_after_one_that_a_kill_cut_short_is_read(tmp_path: Path) -> None:
    files = MessageFiles(tmp_path)
    files.append("reports", message("first"))
    with (tmp_path / "reports.jsonl").open("ab") as file:
        file.write(b'{"time": "2026-')
    files.append("reports", message("second"))
    assert [item["message"] for item in files.read("reports")] == ["first", "second"]


def test_messages_of_all_topics_are_in_the_order_of_time(tmp_path: Path) -> None:
    files = MessageFiles(tmp_path)
    files.append("b", message("later", time="2026-11-22T00:00:02.000+00:00"))
    files.append("a", message("sooner", time="2026-11-22T00:00:01.000+00:00"))
    assert [item["message"] for item in files.read()] == ["sooner", "later"]


def test_topics_with_the_longest_names_are_told_apart(tmp_path: Path) -> None:
    files = MessageFiles(tmp_path)
    for last in ("a", "b"):
        files.append("x" * 255 + last, message(last))
    assert [item["message"] for item in files.read("x" * 255 + "b")] == ["b"]
    with pytest.raises(LocalRuntimeError, match=r"nothing was published to '\.\./passwd'"):
        files.read("../passwd")


def test_message_without_subscribers_is_shown_as_for_nobody() -> None:
    shown = as_mail(message("text\n"))
    assert "To:      nobody" in shown
    assert shown.endswith("\n\ntext\n")
