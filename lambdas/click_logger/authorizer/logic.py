"""The answer of a TOKEN authorizer: the caller's name, and a policy that holds for every method of the stage.

API Gateway keeps the answer for the token and applies it to whatever is asked next, so that it says what the
caller may call and never looks at what was called.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

from typing import Any

from lambdas.click_logger.authorizer.tokens import Caller


def policy(caller: Caller, method_arn: str) -> dict[str, Any]:
    """`method_arn`: `arn:…:{api}/{stage}/POST/clicklogger`. Without rights everything is denied: 403."""
    stage = "/".join(method_arn.split("/")[:2])
    allowed = [f"{stage}/{method}{path}" for method, path in (right.split(" ", 1) for right in caller.rights)]
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if allowed else "Deny",
        "Resource": allowed or [f"{stage}/*"],
    }
    return {
        "principalId": caller.name,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"caller": caller.name},
    }
