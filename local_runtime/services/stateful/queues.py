"""SQS: the templates' queues. Their messages are in memory: they end with the run.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
"""

from __future__ import annotations

import json
from typing import Any

from local_runtime.assembly.model import Assembly
from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.services.moto_calls import Call, Moto

_UNPLAYED = ("RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
"""What changes nothing that a client sees here."""


class Queues:
    def __init__(self, assembly: Assembly) -> None:
        self._queues = list(assembly.of_type("AWS::SQS::Queue"))

    def create(self, moto: Moto) -> None:
        # A queue's dead-letter queue must be there before it.
        for queue in sorted(self._queues, key=lambda item: "RedrivePolicy" in item.properties):
            skipped = {"QueueName", "Tags", *_UNPLAYED}
            attributes = {
                name: _text(value) for name, value in queue.properties.items() if name not in skipped
            }
            request = {"QueueName": queue.attributes["QueueName"], "Attributes": attributes}
            try:
                moto.ask("sqs", "AmazonSQS.CreateQueue", request)
            except AwsError as error:
                raise LocalRuntimeError(f"{queue.stack}/{queue.logical_id}: {error}") from error

    def refuse(self, moto: Moto, call: Call) -> None:
        pass

    def keep(self, moto: Moto) -> None:
        pass


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)
