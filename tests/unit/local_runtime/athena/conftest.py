"""An Athena over a lakehouse of its own, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_runtime.athena.engine import Athena
from local_runtime.lakehouse.lakehouse import Lakehouse
from tests.unit.local_runtime.lakehouse.tables import open_lakehouse

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]


@pytest.fixture
def empty_lakehouse(tmp_path: Path) -> Lakehouse:
    lakehouse = open_lakehouse(tmp_path)
    lakehouse.create_database("db")
    return lakehouse


@pytest.fixture
def ask(empty_lakehouse: Lakehouse) -> Ask:
    """Run a statement in database `db`; its rows."""
    athena = Athena(empty_lakehouse)
    return lambda sql, **options: athena.execute(sql, "db", **options).rows
