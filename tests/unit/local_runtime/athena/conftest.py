"""One Athena for the tests of a module; each test finds an empty database `db` and no buckets."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from local_runtime.athena.engine import Athena
from local_runtime.lakehouse.lakehouse import Lakehouse
from tests.unit.local_runtime.lakehouse.tables import open_lakehouse

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]
Shared = tuple[Lakehouse, Athena]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    lakehouse = open_lakehouse(tmp_path_factory.mktemp("shared"))
    return lakehouse, Athena(lakehouse)


@pytest.fixture
def empty_lakehouse(shared: Shared) -> Lakehouse:
    lakehouse, athena = shared
    for database in lakehouse.databases():
        athena.execute(f"drop database {database} cascade")
    for bucket in lakehouse.objects.buckets():
        shutil.rmtree(lakehouse.objects.root / bucket)
    lakehouse.create_database("db")
    return lakehouse


@pytest.fixture
def empty_athena(shared: Shared, empty_lakehouse: Lakehouse) -> Athena:
    return shared[1]


@pytest.fixture
def ask(empty_athena: Athena) -> Ask:
    """Run a statement in database `db`; its rows."""
    return lambda sql, **options: empty_athena.execute(sql, "db", **options).rows
