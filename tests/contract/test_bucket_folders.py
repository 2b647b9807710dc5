"""The stacks keep the table out of the folders in which the tools write, and let S3 empty the right ones."""

from __future__ import annotations

import re

from src.utils.aws.erasures import PREFIX
from src.utils.aws.error_objects import HANDLED
from src.utils.replay.cli import LEDGER
from src.utils.replay.replay import REPLAYED, UNRECOVERABLE
from stacks.config import ROOT
from stacks.web_analytics import bucket_folders


def test_replay_moves_records_to_the_folders_that_expire_with_the_errors() -> None:
    assert set(HANDLED) == {folder.rstrip("/") for folder in (REPLAYED, UNRECOVERABLE)}
    assert set(bucket_folders.HANDLED) == set(HANDLED)


def test_what_the_tools_remember_never_expires() -> None:
    assert {f"{folder}/" for folder in bucket_folders.KEPT} == {PREFIX, LEDGER}


def test_results_of_queries_go_to_the_folder_that_is_emptied() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src" / "utils").rglob("*.py")]
    folders = {folder for text in sources for folder in re.findall(r"s3://\{\w+\}/([\w-]+)/", text)}
    assert folders == {bucket_folders.ATHENA_RESULTS}
