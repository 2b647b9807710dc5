"""SNS: the templates' topics and who is subscribed to them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError, UnsupportedResourceError
from local_runtime.services.moto_calls import Call, Moto

_NOT_SENT = frozenset({"email", "email-json", "http", "https", "sms"})
"""Protocols that lead out of this machine: messages to them are written down and go nowhere."""
_SENT = frozenset({"sqs"})


class Topics:
    def __init__(self, assembly: Assembly) -> None:
        self._topics = list(assembly.of_type("AWS::SNS::Topic"))
        self._subscriptions = list(_subscriptions(assembly))

    def create(self, moto: Moto) -> None:
        backend = moto.backend("sns")
        for topic in self._topics:
            name = topic.attributes["TopicName"]
            attributes = {
                key: str(topic.properties[key]).lower()
                for key in ("FifoTopic", "ContentBasedDeduplication")
                if key in topic.properties
            }
            created = backend.create_topic(name, attributes, _tags(topic.properties))
            created.display_name = topic.properties.get("DisplayName", "")
        for topic_arn, given in self._subscriptions:
            subscription = backend.subscribe(topic_arn, given["Endpoint"], given["Protocol"])
            for name in ("RawMessageDelivery", "FilterPolicy", "FilterPolicyScope"):
                if name in given:
                    backend.set_subscription_attributes(subscription.arn, name, _attribute(given[name]))
        self.keep(moto)

    def refuse(self, moto: Moto, call: Call) -> None:
        form = parse_qs(call.body.decode("utf-8", "replace"))
        if form.get("Action") == ["Subscribe"] and form.get("Protocol", [""])[0] not in _NOT_SENT | _SENT:
            raise AwsError("InvalidParameter", f"Protocol must be one of {_names()} in the local run")

    def keep(self, moto: Moto) -> None:
        for subscription in moto.backend("sns").subscriptions.values():
            if subscription.protocol in _NOT_SENT:
                subscription.publish = _send_nothing


def _subscriptions(assembly: Assembly) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each topic's ARN with a subscription to it."""
    for topic in assembly.of_type("AWS::SNS::Topic"):
        for given in topic.properties.get("Subscription", ()):
            _check_protocol(topic, given)
            yield topic.physical_id, given
    for resource in assembly.of_type("AWS::SNS::Subscription"):
        _check_protocol(resource, resource.properties)
        yield str(resource.properties["TopicArn"]), resource.properties


def _check_protocol(resource: Resource, given: Mapping[str, Any]) -> None:
    if given.get("Protocol") not in _NOT_SENT | _SENT:
        detail = f"Protocol {given.get('Protocol')} is not played; {_names()} are"
        raise UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)


def _send_nothing(*_args: Any, **_kwargs: Any) -> None:
    """In place of moto's way to a subscriber: it would call the address."""


def _attribute(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _names() -> str:
    return ", ".join(sorted(_NOT_SENT | _SENT))


def _tags(given: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in given.get("Tags", ())}
