"""The URIs of AWS integrations and of authorizers: an action of a service, or a function.

https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html
"""

from __future__ import annotations

import re

from local_runtime.gateway.api import Target
from local_runtime.gateway.service_integration import TRAITS

_ACTION = re.compile(r"arn:[^:]+:apigateway:[^:]+:([a-z0-9-]+):action/(\w+)")
_FUNCTION = re.compile(r"arn:[^:]+:apigateway:[^:]+:lambda:path/[\d-]+/functions/(arn:.+)/invocations")


def read_target(uri: str, credentials: str) -> Target:
    """What a URI names.

    Raises:
        ValueError: a service that is not run, or credentials that are no role's.
    """
    if "*" in credentials:
        raise ValueError(f"Credentials {credentials}, the caller's own identity, are not run; a role's are")
    function = _FUNCTION.fullmatch(uri)
    if function is not None:
        return Target(function=function[1], credentials=credentials)
    action = _ACTION.fullmatch(uri)
    if action is None or action[1] not in TRAITS:
        raise ValueError(
            f"the integration with {uri!r} is not run; "
            f"functions and actions of {', '.join(sorted(TRAITS))} are"
        )
    if not credentials:
        raise ValueError("an integration with a service needs Credentials, the role that it assumes")
    return Target(service=action[1], action=action[2], credentials=credentials)
