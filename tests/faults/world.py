"""The pipeline from the API to the tables over one state directory, with a fault at every joint.

One thread drives it, a step at a time, so that a schedule always runs in the same way.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local_runtime.assembly import Assembly
from local_runtime.deliveries import DELIVERY_STREAM_TYPE, StreamSource
from local_runtime.firehose.buffer import covers
from local_runtime.firehose.config import Buffering, DeliveryStreamSettings, IcebergOutput, TableRoute
from local_runtime.firehose.iceberg import IcebergDestination
from local_runtime.firehose.ledger import Ledger
from local_runtime.firehose.transform import Transformer
from local_runtime.gateway import Gateway
from local_runtime.gateway.context import Request, Response
from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.service import KinesisService
from local_runtime.kinesis.store import StreamStore
from local_runtime.lakehouse.object_store import ObjectStore
from local_runtime.lakehouse.table_definition import TABLE_TYPE, TableDefinition, table_definition
from tests.faults.function import TransformFunction
from tests.faults.machine import Machine, SteppedDelivery
from tests.faults.producer import Producer
from tests.faults.stream import FaultyService, Switch
from tests.faults.tables import ContendedLakehouse, FaultyTables, MemoryTables, ReadableTables

BUFFER_BYTES = 6_000
CHUNK_BYTES = 2_000
INTERVAL_SECONDS = 60.0
PARALLEL = 2
KEYS = tuple(f"k{number}" for number in range(24))
UNIQUE_KEYS = ("event_id",)


@dataclass(frozen=True)
class Profile:
    """What kind of world a schedule runs in."""

    unique_keys: bool
    """Rows are updates by `event_id`; else every record is a row."""
    two_tables: bool
    """A batch is then written to two tables, in two commits."""
    lakehouse: bool
    """PyIceberg tables on disk; else tables in memory."""
    ordered: bool
    """Producers wait for each acknowledgement before they send more of the same key."""


@dataclass(frozen=True)
class Blueprint:
    """What the worlds of a session share, all of it from the synthesized templates."""

    assembly: Assembly
    gateway: Gateway
    switch: Switch
    new_function: Callable[[Profile, tuple[str, ...]], TransformFunction]

    @property
    def stream(self) -> StreamDefinition:
        (resource,) = self.assembly.of_type("AWS::Kinesis::Stream")
        return StreamDefinition.from_resource(resource)

    @property
    def table(self) -> TableDefinition:
        iceberg = "OpenTableFormatInput"
        (resource,) = (item for item in self.assembly.of_type(TABLE_TYPE) if iceberg in item.properties)
        definition = table_definition(resource)
        # A lost race is tried again at once: PyIceberg's own pause would make up most of a schedule's time.
        return replace(definition, properties={**definition.properties, "commit.retry.min-wait-ms": "1"})

    @property
    def delivery_stream(self) -> DeliveryStreamSettings:
        (resource,) = self.assembly.of_type(DELIVERY_STREAM_TYPE)
        return DeliveryStreamSettings.from_resource(resource)


class World(Machine):
    """One state directory, the process that lives on it, and the producer outside."""

    def __init__(self, blueprint: Blueprint, profile: Profile, state: Path) -> None:
        super().__init__(state)
        self.profile = profile
        self._blueprint = blueprint
        definition = blueprint.table
        names = [definition.name, f"{definition.name}_2"][: 2 if profile.two_tables else 1]
        self.definitions = [
            replace(definition, name=name, location=definition.location.replace(definition.name, name))
            for name in names
        ]
        self.settings = self._settings()
        self.function = blueprint.new_function(profile, tuple(names))
        self.producer = Producer(self._call, KEYS, ordered=profile.ordered)
        self._memory = MemoryTables(self.definitions)
        self.repetitions: Counter[int] = Counter()
        self._boot()

    def _settings(self) -> DeliveryStreamSettings:
        given = self._blueprint.delivery_stream
        assert given.transform is not None
        keys = UNIQUE_KEYS if self.profile.unique_keys else ()
        return replace(
            given,
            buffering=Buffering(BUFFER_BYTES, INTERVAL_SECONDS),
            transform=replace(given.transform, buffering=Buffering(CHUNK_BYTES, 1)),
            destination=IcebergOutput(
                tuple(TableRoute(item.database, item.name, keys) for item in self.definitions)
            ),
        )

    def _boot(self) -> None:
        state = self._state
        self.store = StreamStore(state / "kinesis.db", clock=self.clock.wall)
        self.store.ensure_stream(self._blueprint.stream)
        service = KinesisService(self.store, fault=self.stream_faults.admit, clock=self.clock.wall)
        self._blueprint.switch.target = FaultyService(service, self.stream_faults)
        self.objects = ObjectStore(state / "s3")
        self.objects.create_bucket(self.settings.error_output.bucket)
        self.ledger = Ledger(state / "firehose.db")
        self.lakehouse = ContendedLakehouse(state, self.definitions) if self.profile.lakehouse else None
        self.tables: ReadableTables = self._memory if self.lakehouse is None else self.lakehouse
        self.faulty_tables = FaultyTables(self.tables, self.disk)
        self.delivery = self._delivery()

    def _delivery(self) -> SteppedDelivery:
        settings = self.settings
        assert settings.transform is not None
        return SteppedDelivery(
            settings,
            source=StreamSource(self.store, self._blueprint.stream.name, self.clock.wall),
            transformer=Transformer(
                settings, settings.transform, self.function, self._blueprint.assembly.region
            ),
            destination=lambda: IcebergDestination(self.faulty_tables, settings.name, settings.routes),
            objects=self.objects,
            ledger=self.ledger,
            parallel=PARALLEL,
            clock=self.clock.wall,
            steady_clock=self.clock.steady,
            crash_point=self._crash_point,
        )

    def _call(self, path: str, body: object) -> Response:
        gateway, stream = self._blueprint.gateway, self._blueprint.stream.name
        api = gateway.apis["log-collector"]
        request = Request("PUT", f"/streams/{stream}/{path}", {}, {}, json.dumps(body).encode(), "127.0.0.1")
        return gateway.handle(api, api.stages["v1"], request)

    def maintain(self, item: TableDefinition) -> None:
        """Another writer compacts a table, then its old snapshots expire; memory has nothing of the kind."""
        lakehouse = self.lakehouse
        if lakehouse is not None:
            self.survive(lambda: lakehouse.maintain(item.database, item.name))
            self.survive(lambda: lakehouse.expire(item.database, item.name))

    def close(self) -> None:
        self.repetitions.update(self.faulty_tables.repeated)
        if self.lakehouse is not None:
            self.seen.update(self.lakehouse.seen)
        self.tables.close()
        self.ledger.close()
        self.store.close()

    @property
    def is_delivered(self) -> bool:
        return covers(self.delivery.positions(), self.store.newest(self._blueprint.stream.name))

    def rows(self) -> list[dict[str, Any]]:
        """The rows of all tables."""
        return [row for item in self.definitions for row in self.tables.rows(item.database, item.name)]
