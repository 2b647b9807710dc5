"""Worlds for the schedules, over the API and the tables of the synthesized templates."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from pyiceberg.utils.concurrent import ExecutorFactory

from lambdas.common.event_check import EventCheck
from lambdas.common.event_schema import EventSchema
from lambdas.web_analytics.transform.handler import SCHEMA
from lambdas.web_analytics.transform.settings import Settings
from local_runtime.assembly import Assembly
from tests.faults.function import FaultyFunction, web_log_transform
from tests.faults.s3_world import S3Profile, S3World
from tests.faults.stream import Switch
from tests.faults.world import UNIQUE_KEYS, Blueprint, Profile, World
from tests.gateways import gateway_over

NewWorld = Callable[[Profile], AbstractContextManager[World]]
NewS3World = Callable[[S3Profile], AbstractContextManager[S3World]]


@pytest.fixture(scope="session")
def blueprint(assembly: Assembly) -> Blueprint:
    switch = Switch()
    check = EventCheck(EventSchema.parse(SCHEMA.read_text(encoding="utf-8"), pipeline_fields=True))

    def new_function(profile: Profile, tables: tuple[str, ...]) -> FaultyFunction:
        settings = Settings.load(
            {
                "ICEBERG_DATABASE_NAME": "web_log_iceberg_db",
                "ICEBERG_TABLE_NAME": tables[0],
                "ICEBERG_UNIQUE_KEYS": ",".join(UNIQUE_KEYS) if profile.unique_keys else "",
                "METRICS_NAMESPACE": "WebAnalytics",
                "ADD_EVENT_ID_AND_RECEIVED_AT": "true",
                "TRUNCATE_IP": "false",
            }
        )
        return FaultyFunction(web_log_transform(settings, check, tables))

    return Blueprint(assembly, gateway_over(assembly, {"kinesis": switch}), switch, new_function)


@pytest.fixture(scope="session")
def one_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def new_world(
    blueprint: Blueprint, one_thread: ThreadPoolExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> NewWorld:
    """`with new_world(profile) as world:`"""
    # PyIceberg writes files side by side: in one thread, the n-th write is always the same one.
    monkeypatch.setattr(ExecutorFactory, "_instance", one_thread)
    monkeypatch.setattr(ExecutorFactory, "_instance_pid", os.getpid())

    @contextmanager
    def make(profile: Profile) -> Iterator[World]:
        state = tmp_path / str(len(list(tmp_path.iterdir())))
        state.mkdir()
        with monkeypatch.context() as patches:
            world = World(blueprint, profile, state)
            world.disk.install(patches)
            try:
                yield world
            finally:
                world.close()

    return make


@pytest.fixture
def new_s3_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NewS3World:
    """`with new_s3_world(profile) as world:`"""

    @contextmanager
    def make(profile: S3Profile) -> Iterator[S3World]:
        state = tmp_path / str(len(list(tmp_path.iterdir())))
        state.mkdir()
        with monkeypatch.context() as patches:
            world = S3World(profile, state)
            world.disk.install(patches)
            try:
                yield world
            finally:
                world.close()

    return make
