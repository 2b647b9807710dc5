"""What must hold of a bucket after every schedule: each accepted record is in one object, once."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter
from typing import Any

from tests.faults.account import REJECTED
from tests.faults.events import Event, serial_of
from tests.faults.s3_world import BUCKET, COLUMNS, DATA, ERRORS, REFUSED, S3World

UNPARSED = "DataFormatConversion.ParseError"


class S3Account:
    """Four lists of one world: what was acknowledged, accepted, stored, and failed."""

    def __init__(self, world: S3World) -> None:
        self._world = world
        self.accepted = Counter(item.serial for item in world.accepted)
        self.stored = world.stored()
        self.failures = [
            json.loads(line)
            for key in world.objects.list(BUCKET, ERRORS)
            for line in world.objects.get(BUCKET, key).splitlines()
        ]
        self.counters = world.ledger.counters(world.delivery.name)

    def check(self) -> None:
        """Raises AssertionError with what is wrong."""
        self._check_acknowledgements()
        self._check_outcomes()
        self._check_counters()
        self._check_stored()
        self._check_failures()
        self._check_objects()

    @property
    def outcomes(self) -> Counter[int]:
        stored = Counter(_serial(item) for item in self.stored)
        return stored + Counter(serial_of(_raw(envelope)) for envelope in self.failures)

    def _check_acknowledgements(self) -> None:
        """Each acknowledged record was accepted; what was not acknowledged, once a call at most."""
        producer = self._world.producer
        acknowledged = Counter(entry.event.serial for entry in producer.acknowledged)
        assert acknowledged == Counter(producer.sent.keys())
        for serial, copies in self.accepted.items():
            assert acknowledged[serial] <= copies <= 1 + producer.uncertain[serial]
        assert set(self.accepted) == set(acknowledged)

    def _check_outcomes(self) -> None:
        """An accepted record is in one data object or one error object, once; else dropped or expired."""
        outcomes = self.outcomes
        assert not outcomes - self.accepted, f"more than once: {outcomes - self.accepted}"
        assert self._world.expired <= self.accepted - outcomes
        missing = self.accepted - outcomes - self._world.expired
        assert set(missing) <= self._world.function.dropped, f"lost: {missing}"
        assert missing.total() == self.counters.get("dropped", 0), (missing, self.counters)

    def _check_counters(self) -> None:
        """The delivery's own counters close over what the store took, and over the objects."""
        totals = {name: value for name, value in self.counters.items() if ":" not in name}
        assert sum(totals.values()) == len(self._world.accepted) == self._world.direct.totals()[0]
        assert totals.get("stored", 0) == len(self.stored)
        assert totals.get("expired", 0) == self._world.expired.total()
        codes = Counter(_code(envelope) for envelope in self.failures)
        found = {name.partition(":")[2]: value for name, value in self.counters.items() if ":" in name}
        assert found == dict(codes)

    def _check_stored(self) -> None:
        """What is stored is what was sent, or what the processor made of it; nothing that must fail."""
        profile, sent = self._world.profile, self._world.producer.sent
        for item in self.stored:
            event = sent[_serial(item)]
            assert event.poison not in self._doomed, f"{event} was stored"
            if isinstance(item, dict):
                assert item == {name: event.value.get(name) for name in COLUMNS}
            elif profile.processor:
                assert json.loads(item) == {**event.value, "processed": event.value["user_id"]}
            else:
                assert _is_sent(item, event)

    @property
    def _doomed(self) -> tuple[str, ...]:
        if self._world.profile.processor:
            return REFUSED
        return ("cut off", "no object") if self._world.profile.parquet else ()

    def _check_failures(self) -> None:
        """Poison failed for its own sake, and nothing else failed without a fault that explains it."""
        own = REJECTED if self._world.profile.processor else UNPARSED
        for envelope in self.failures:
            event = self._world.producer.sent[serial_of(_raw(envelope))]
            allowed = set(self._world.function.codes.get(event.serial, ()))
            allowed |= {own} if event.poison in self._doomed else set()
            assert _code(envelope) in allowed, f"{event} failed with {_code(envelope)}"
            assert _is_sent(_raw(envelope).rstrip(b"\n"), event)

    def _check_objects(self) -> None:
        """No object is empty, and nothing lies outside the two prefixes."""
        objects = self._world.objects
        for key in objects.list(BUCKET):
            assert key.startswith((DATA, ERRORS)), key
            assert objects.get(BUCKET, key), f"{key} is empty"


def _serial(item: bytes | dict[str, Any]) -> int:
    return serial_of(item if isinstance(item, bytes) else item["uri"].encode())


def _is_sent(data: bytes, event: Event) -> bool:
    return data == event.text.rstrip("\n").encode()


def _raw(envelope: dict[str, Any]) -> bytes:
    return b64decode(envelope["rawData"])


def _code(envelope: dict[str, Any]) -> str:
    return str(envelope.get("errorCode", envelope.get("lastErrorCode")))
