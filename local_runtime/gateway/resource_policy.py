"""An API's resource policy: who may call it from where.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import UnsupportedResourceError
from local_runtime.gateway.policy import Statement, as_list, read_policy

_SHORT = "execute-api:/"


def load_resource_policy(api: Resource, assembly: Assembly) -> tuple[Statement, ...] | None:
    """The statements of the RestApi's Policy; None where it has none.

    Raises:
        UnsupportedResourceError: it asks for what is not known here: a principal, a VPC.
    """
    given = api.properties.get("Policy")
    if not given:
        return None
    document = orjson.loads(given) if isinstance(given, str) else given
    place = f"arn:{assembly.partition}:execute-api:{assembly.region}:{assembly.account}:{api.physical_id}/"
    try:
        return tuple(read_policy({"Statement": list(_statements(document, place))}))
    except ValueError as error:
        raise UnsupportedResourceError(
            api.type, api.stack, api.logical_id, f"the resource policy: {error}"
        ) from error


def _statements(document: Mapping[str, Any], place: str) -> Iterator[dict[str, Any]]:
    """With `execute-api:/stage/METHOD/path` spelt out, as API Gateway does when it stores the policy."""
    for statement in as_list(document.get("Statement", [])):
        if statement.get("Principal") not in ("*", {"AWS": "*"}):
            raise ValueError(
                f"Principal must be * (got {statement.get('Principal')!r}): callers are not identified here"
            )
        key = "NotResource" if "NotResource" in statement else "Resource"
        resources = [_spelt_out(str(text), place) for text in as_list(statement.get(key, []))]
        yield {**statement, key: resources}


def _spelt_out(resource: str, place: str) -> str:
    return place + resource.removeprefix(_SHORT) if resource.startswith(_SHORT) else resource
