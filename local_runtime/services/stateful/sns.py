"""SNS: the templates' topics and who is subscribed to them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError, UnsupportedResourceError
from local_runtime.services.moto_calls import Call, Moto
from local_runtime.services.stateful.messages import MessageFiles

_NOT_SENT = frozenset({"email", "email-json", "http", "https", "sms"})
"""Protocols that lead out of this machine: messages to them are written down and go nowhere."""
_SENT = frozenset({"sqs"})


class Topics:
    def __init__(self, assembly: Assembly, messages: MessageFiles) -> None:
        self._messages = messages
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
        action = form.get("Action", [""])[0]
        if action == "Subscribe" and form.get("Protocol", [""])[0] not in _NOT_SENT | _SENT:
            raise AwsError("InvalidParameter", f"Protocol must be one of {_names()} in the local run")
        if action == "Publish" and "PhoneNumber" in form:
            raise AwsError("InvalidParameter", "PhoneNumber: the local run sends no text messages")

    def keep(self, moto: Moto) -> None:
        """Write down what was published, and keep moto from calling those who subscribed."""
        backend = moto.backend("sns")
        for subscription in backend.subscriptions.values():
            if subscription.protocol in _NOT_SENT:
                subscription.publish = _send_nothing
        for topic in backend.topics.values():
            while topic.sent_notifications:
                message_id, message, subject, attributes, _group = topic.sent_notifications[0]
                receivers = [
                    {"protocol": item.protocol, "endpoint": item.endpoint}
                    for item in backend.subscriptions.values()
                    if item.topic == topic and _receives(item, message, attributes)
                ]
                written = {
                    "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "topic": topic.name,
                    "message_id": message_id,
                    "subject": subject,
                    "message": message,
                    "attributes": {name: item["Value"] for name, item in (attributes or {}).items()},
                    "subscriptions": receivers,
                }
                self._messages.append(topic.name, written)
                del topic.sent_notifications[0]  # a full disk leaves the rest to the next call


def _receives(subscription: Any, message: str, attributes: Mapping[str, Any] | None) -> bool:
    matcher = subscription._filter_policy_matcher
    return matcher is None or bool(matcher.matches(attributes, message))


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
