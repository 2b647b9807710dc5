"""Functions as API Gateway calls them: by a role or by the function's own policy, and not for ever.

https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from local_runtime.assembly.model import Assembly
from local_runtime.gateway.api import Target
from local_runtime.gateway.iam import Role
from local_runtime.gateway.policy import wildcards
from local_runtime.services.asynchronous import function_name
from local_runtime.services.events import Events

PARALLEL_CALLS = 64
_ARN_PARTS = 7
"""arn:partition:lambda:region:account:function:name, and perhaps a version or an alias after it."""


class Answer(Protocol):
    @property
    def payload(self) -> bytes: ...
    @property
    def function_error(self) -> str | None: ...
    @property
    def request_id(self) -> str: ...


class Function(Protocol):
    """`local_runtime.lambdas.LambdaFunction`, as far as it is used here."""

    def invoke(self, payload: bytes) -> Answer: ...


class PermissionMissingError(Exception):
    """API Gateway may not call the function; the message says what is missing."""


def unqualified(arn: str) -> str:
    return ":".join(arn.split(":")[:_ARN_PARTS])


@dataclass(frozen=True)
class Permissions:
    """The functions' own policies: `AWS::Lambda::Permission` with one service as the principal."""

    grants: tuple[tuple[str, str], ...]
    """(function name, pattern of the caller's ARN)."""

    @classmethod
    def from_assembly(cls, assembly: Assembly, principal: str = "apigateway.amazonaws.com") -> Permissions:
        grants = []
        for resource in assembly.of_type("AWS::Lambda::Permission"):
            given = resource.properties
            may_invoke = given.get("Action") in ("lambda:InvokeFunction", "lambda:*")
            if may_invoke and given.get("Principal") == principal:
                grants.append((function_name(str(given["FunctionName"])), str(given.get("SourceArn", "*"))))
        return cls(tuple(grants))

    def allow(self, function_arn: str, caller_arn: str) -> bool:
        name = function_name(function_arn)
        return any(
            name == granted and wildcards([callers]).fullmatch(caller_arn) for granted, callers in self.grants
        )


class FunctionCaller:
    def __init__(
        self,
        functions: Mapping[str, Function],
        permissions: Permissions,
        roles: Mapping[str, Role],
        events: Events,
    ) -> None:
        self._functions = functions
        self._permissions = permissions
        self._roles = roles
        self._pool = ThreadPoolExecutor(PARALLEL_CALLS, thread_name_prefix="gateway-function")
        self._events = events

    def call(self, target: Target, caller_arn: str, payload: bytes, timeout: float) -> Answer:
        """Invoke the function and wait for its answer.

        Raises:
            PermissionMissingError: neither the role nor the function's policy allows it.
            TimeoutError: it took longer than API Gateway waits; the function goes on by itself.
            AwsError: Lambda refused the event.
        """
        function = self._function(target, caller_arn)
        return self._pool.submit(function.invoke, payload).result(timeout)

    def start(self, target: Target, caller_arn: str, payload: bytes) -> None:
        """Invoke the function and do not wait (`X-Amz-Invocation-Type: Event`); a failure is tried again.

        Raises:
            PermissionMissingError: neither the role nor the function's policy allows it.
        """
        function = self._function(target, caller_arn)
        self._events.submit(unqualified(target.function), function.invoke, payload)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _function(self, target: Target, caller_arn: str) -> Function:
        arn = target.function
        if target.credentials:
            if not self._roles[target.credentials].allows("lambda:InvokeFunction", arn):
                raise PermissionMissingError(f"the role {target.credentials} does not allow to invoke {arn}")
        elif not self._permissions.allow(arn, caller_arn):
            raise PermissionMissingError(
                f"no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke {arn} for {caller_arn}"
            )
        return self._functions[unqualified(arn)]
