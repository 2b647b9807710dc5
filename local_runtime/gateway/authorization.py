"""Who may call: the API's resource policy, then the method's authorization, as API Gateway weighs them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

from collections.abc import Callable

from local_runtime.gateway.context import Invocation
from local_runtime.gateway.gateway_response import GatewayError
from local_runtime.gateway.lambda_event import method_arn
from local_runtime.gateway.policy import Decision, decide

INVOKE = "execute-api:Invoke"


class Authorization:
    """`ask_function` and `check_token` stand for authorizers: the first answers a policy's decision."""

    def __init__(
        self, ask_function: Callable[[Invocation], Decision], check_token: Callable[[Invocation], None]
    ) -> None:
        self._ask_function = ask_function
        self._check_token = check_token

    def __call__(self, invocation: Invocation) -> None:
        kind, has_policy = invocation.method.authorization, invocation.api.policy is not None
        if kind == "NONE" and not has_policy:
            return
        decision = _resource_policy(invocation)
        if decision is Decision.DENY:
            raise _denied(invocation, decision)
        if kind == "CUSTOM":
            answered = self._ask_function(invocation)
            # One of the two must allow, neither may deny.
            if answered is not Decision.NEITHER:
                decision = answered
            if decision is not Decision.ALLOW:
                raise GatewayError("ACCESS_DENIED", _DENIED_BY_AUTHORIZER[decision])
        elif kind == "AWS_IAM":
            require_signature(invocation)
        else:
            if kind == "COGNITO_USER_POOLS":
                self._check_token(invocation)
            if has_policy and decision is not Decision.ALLOW:
                raise _denied(invocation, decision)


_DENIED_BY_AUTHORIZER = {
    Decision.DENY: "User is not authorized to access this resource with an explicit deny",
    Decision.NEITHER: "User is not authorized to access this resource",
}


def require_signature(invocation: Invocation) -> None:
    """AWS_IAM wants a request signed with Signature Version 4; the signature itself is taken as good."""
    signed = invocation.request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 ")
    if not signed and "X-Amz-Signature" not in invocation.request.query:
        raise GatewayError("MISSING_AUTHENTICATION_TOKEN")


def _resource_policy(invocation: Invocation) -> Decision:
    policy = invocation.api.policy
    if policy is None:
        return Decision.NEITHER
    return decide(policy, INVOKE, method_arn(invocation), invocation.request.source_ip)


def _denied(invocation: Invocation, decision: Decision) -> GatewayError:
    """With most of the account id hidden, as API Gateway hides it."""
    account = invocation.api.account
    resource = method_arn(invocation).replace(f":{account}:", f":********{account[-4:]}:", 1)
    message = f"User: anonymous is not authorized to perform: {INVOKE} on resource: {resource}"
    if decision is Decision.DENY:
        message += " with an explicit deny"
    return GatewayError("ACCESS_DENIED", message)
