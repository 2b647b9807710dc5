"""What a template says of a function's asynchronous invocations, and where what failed in the end goes.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import UnsupportedResourceError

SIX_HOURS = 21_600
_PLAYED = ("sqs", "sns", "lambda")
SdkCall = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class AsynchronousSettings:
    """`AWS::Lambda::EventInvokeConfig` and the function's `DeadLetterConfig`; destinations are ARNs."""

    retries: int = 2
    maximum_age_seconds: float = SIX_HOURS
    on_success: str | None = None
    on_failure: str | None = None
    dead_letters: str | None = None


def function_name(function: str) -> str:
    """Out of an ARN, `account:function:name` or `name:alias`."""
    _, found, after = function.rpartition(":function:")
    return (after if found else function).partition(":")[0]


def asynchronous_settings(assembly: Assembly) -> dict[str, AsynchronousSettings]:
    """By function name; a function that is not in it has the defaults.

    Raises:
        UnsupportedResourceError: a destination that is neither a queue, a topic nor a function.
    """
    dead_letters = {
        item.physical_id: _destination(item, item.properties.get("DeadLetterConfig", {}).get("TargetArn"))
        for item in assembly.of_type("AWS::Lambda::Function")
    }
    settings = {name: AsynchronousSettings(dead_letters=arn) for name, arn in dead_letters.items() if arn}
    for resource in assembly.of_type("AWS::Lambda::EventInvokeConfig"):
        given, name = resource.properties, function_name(str(resource.properties["FunctionName"]))
        destinations = given.get("DestinationConfig", {})
        settings[name] = AsynchronousSettings(
            retries=int(given.get("MaximumRetryAttempts", 2)),
            maximum_age_seconds=float(given.get("MaximumEventAgeInSeconds", SIX_HOURS)),
            on_success=_destination(resource, destinations.get("OnSuccess", {}).get("Destination")),
            on_failure=_destination(resource, destinations.get("OnFailure", {}).get("Destination")),
            dead_letters=dead_letters.get(name),
        )
    return settings


def _destination(resource: Resource, arn: Any) -> str | None:
    if arn is None:
        return None
    if str(arn).split(":")[2] not in _PLAYED:
        detail = f"the destination {arn} is not played; {', '.join(_PLAYED)} are"
        raise UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
    return str(arn)


class Destinations:
    """Sends documents to queues and topics of the run, through its own port."""

    def __init__(self, assembly: Assembly, sdk: SdkCall) -> None:
        self._sdk = sdk
        self._queues = {item.arn: item.physical_id for item in assembly.of_type("AWS::SQS::Queue")}

    def send(self, arn: str, body: str, attributes: Mapping[str, str] | None = None) -> None:
        """
        Raises:
            AwsError: the service refuses.
            KeyError: the queue is not in the assembly.
        """
        given = {
            name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()
        }
        if arn.split(":")[2] == "sqs":
            request = {"QueueUrl": self._queues[arn], "MessageBody": body, "MessageAttributes": given}
            self._sdk("sqs", "sendMessage", request)
        else:
            self._sdk("sns", "publish", {"TopicArn": arn, "Message": body, "MessageAttributes": given})
