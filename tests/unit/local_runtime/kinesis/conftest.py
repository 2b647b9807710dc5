from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.service import KinesisService
from local_runtime.kinesis.store import StreamStore

STREAM = StreamDefinition("web", "arn:aws:kinesis:us-east-1:123456789012:stream/web")


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[StreamStore]:
    store = StreamStore(tmp_path / "kinesis.db", clock)
    store.ensure_stream(STREAM)
    yield store
    store.close()


@pytest.fixture
def kinesis(store: StreamStore, clock: Clock) -> KinesisService:
    return KinesisService(store, clock=clock)
