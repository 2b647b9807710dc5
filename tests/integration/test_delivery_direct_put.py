"""Direct PUT to an S3 bucket killed between two durable writes, each record is kept once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from local_runtime.assembly import Resource
from local_runtime.deliveries import Buckets
from local_runtime.firehose.config import DeliveryStreamSettings, S3Output
from local_runtime.firehose.crash_point import CRASH_POINTS
from local_runtime.firehose.delivery import Delivery
from local_runtime.firehose.direct_put import DirectPut, DirectPutStore
from local_runtime.firehose.ledger import Ledger
from local_runtime.firehose.s3 import S3Destination
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_store import ObjectStore

PROPERTIES = {
    "ExtendedS3DestinationConfiguration": {
        "BucketARN": "arn:aws:s3:::logs",
        "Prefix": "raw/",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
    }
}


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs; the files stay."""


class Life:
    """One life of a delivery stream and its buffer on a state directory."""

    def __init__(self, state: Path, crash_at: str = "") -> None:
        objects = ObjectStore(state / "s3")
        objects.create_bucket("logs")
        self._lakehouse = Lakehouse(state, objects)
        self._store = DirectPutStore(state / "direct-put.db")
        self._ledger = Ledger(state / "firehose.db")
        resource = Resource(
            "S", "D", "AWS::KinesisFirehose::DeliveryStream", PROPERTIES, "clicks", {"Arn": "a"}
        )
        settings = DeliveryStreamSettings.from_resource(resource)
        assert isinstance(settings.destination, S3Output)
        buckets = Buckets(lambda: self._lakehouse)
        destination = S3Destination(settings.destination, buckets, settings.name)
        self.direct = DirectPut(self._store, settings.name)
        self.killed = threading.Event()
        self.delivery = Delivery(
            settings,
            source=self.direct,
            transformer=None,
            destination=lambda: destination,
            objects=buckets,
            ledger=self._ledger,
            crash_point=lambda point: self._die() if point == crash_at else None,
        )

    def _die(self) -> None:
        self.killed.set()
        raise Killed

    def close(self) -> None:
        self.delivery.request_stop()
        self.delivery.join()
        self._ledger.close()
        self._store.close()
        self._lakehouse.close()


@pytest.mark.parametrize("point", CRASH_POINTS)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_direct_put_records_are_in_the_bucket_once(tmp_path: Path, point: str) -> None:
    first = Life(tmp_path, crash_at=point)
    first.direct.put([b"1\n", b"2\n"])
    first.delivery.start()
    assert first.killed.wait(10)
    first.close()

    second = Life(tmp_path)
    second.direct.put([b"3\n"])
    second.delivery.start()
    assert second.delivery.flush(10)
    objects = ObjectStore(tmp_path / "s3")
    stored = [objects.get("logs", key) for key in objects.list("logs", "raw/")]
    assert sorted(b"".join(stored).splitlines()) == [b"1", b"2", b"3"]
    assert second.delivery.status()["counters"]["stored"] == 3
    assert second.delivery.expire() == 0
    assert second.direct.waiting({}) == (0, 0, None)
    second.close()
