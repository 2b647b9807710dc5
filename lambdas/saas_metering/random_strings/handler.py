"""API Gateway calls this for `GET /random/strings`; it has checked the caller's token.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from lambdas.saas_metering.random_strings.logic import BadParameterError, random_strings, read

HEADERS = {
    "Content-Type": "application/json",
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-store",
}


def lambda_handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    parameters = event["queryStringParameters"]
    try:
        order = read({} if parameters is None else parameters)
    except BadParameterError as error:
        return answer(400, {"message": str(error)})
    return answer(200, random_strings(order, secrets.choice))


def answer(status: int, body: object) -> dict[str, Any]:
    return {"statusCode": status, "headers": HEADERS, "body": json.dumps(body)}
