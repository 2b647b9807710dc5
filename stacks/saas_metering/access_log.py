"""The access log's nine fields: what API Gateway writes, and the columns that the two tables have of it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """A field by its name in the log; a column has the name in lower case.

    In the log every value is text, because API Gateway writes `-` for one that is missing.
    """

    name: str
    variable: str
    doc: str
    type: str = "string"
    """In the merged table."""

    @property
    def column(self) -> str:
        return self.name.lower()


FIELDS = (
    Field(
        "requestId",
        # $context.requestId is the client's choice: it takes the header x-amzn-RequestId.
        "$context.extendedRequestId",
        "The id that API Gateway gave the request: no client can choose it.",
    ),
    Field("ip", "$context.identity.sourceIp", "The address of the caller."),
    Field(
        "user",
        # The user's immutable id: no name and no address, and never given to another user.
        "$context.authorizer.claims.sub",
        "Who called: the id (sub) in the user pool; - without a valid token.",
    ),
    Field(
        "requestTime",
        "$context.requestTimeEpoch",
        "When the request came: UTC; in the log, milliseconds since 1970.",
        "timestamp",
    ),
    Field("httpMethod", "$context.httpMethod", "The method."),
    Field("resourcePath", "$context.resourcePath", "The path of the resource, parameters by their names."),
    Field("status", "$context.status", "The status of the answer."),
    Field("protocol", "$context.protocol", "The protocol, HTTP/1.1."),
    Field(
        "responseLength", "$context.responseLength", "The length of the body of the answer in bytes.", "int"
    ),
)

# Firehose puts records one after another: the line ends here or nowhere.
LINE = json.dumps({field.name: field.variable for field in FIELDS}) + "\n"
