"""MOCK integrations: the request template's `{"statusCode": 200}` chooses the integration response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
"""

from __future__ import annotations

import re

from local_runtime.gateway.context import Invocation, Response
from local_runtime.gateway.gateway_response import GatewayError

# API Gateway takes names without quotation marks here; the CDK's preflight answer is `{ statusCode: 200 }`.
_STATUS = re.compile(rb"""[{,]\s*["']?statusCode["']?\s*:\s*["']?(\d{3})["']?\s*[,}]""")


def mock_integration(invocation: Invocation) -> None:
    match = _STATUS.search(invocation.integration_body)
    if match is None:
        raise GatewayError("API_CONFIGURATION_ERROR")
    invocation.endpoint_response = Response(int(match[1]), {}, b"")
