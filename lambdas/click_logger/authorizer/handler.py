"""API Gateway asks this what the bearer of a token may do; the token itself is never logged.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

import os
import time
from functools import cache
from typing import Any

from lambdas.click_logger.authorizer.logic import policy
from lambdas.click_logger.authorizer.settings import Settings
from lambdas.click_logger.authorizer.token_cache import TokenCache
from lambdas.click_logger.authorizer.tokens import Tokens, TokensError
from lambdas.common.aws_client import CallBudget, aws_client, error_code
from lambdas.common.telemetry import embedded_metrics, write_line

BUDGET = CallBudget(attempts=2)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    caller = token_cache(context.function_name).caller(event["authorizationToken"])
    if caller is None:
        # These very words make API Gateway answer 401.
        raise Exception("Unauthorized")
    return policy(caller, event["methodArn"])


@cache
def token_cache(function_name: str) -> TokenCache:
    settings = Settings.load(os.environ)
    client = aws_client("secretsmanager", BUDGET)

    def fetch() -> Tokens:
        return Tokens.parse(client.get_secret_value(SecretId=settings.tokens_secret_id)["SecretString"])

    def on_failure(error: Exception) -> None:
        reason = str(error) if isinstance(error, TokensError) else error_code(error)
        write_line({"level": "ERROR", "message": "tokens could not be read", "reason": reason})
        write_line(
            embedded_metrics(
                {"TokensUnavailable": 1},
                namespace=settings.metrics_namespace,
                dimensions={"FunctionName": function_name},
                timestamp_ms=time.time_ns() // 1_000_000,
            )
        )

    return TokenCache(
        fetch, ttl_seconds=settings.tokens_cache_seconds, clock=time.monotonic, on_failure=on_failure
    )
