"""Which service a signature is for."""

from __future__ import annotations

import pytest

from local_runtime.wire.signing import signed_for

V4 = "AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/Athena/aws4_request, Signature=ab"
V4A = "AWS4-ECDSA-P256-SHA256 Credential=AKIA/20261121/s3/aws4_request, Signature=ab"


@pytest.mark.parametrize(
    ("headers", "query", "service"),
    [
        ({"authorization": V4}, {}, "athena"),
        ({"authorization": V4A}, {}, "s3"),
        ({}, {"X-Amz-Credential": "AKIA/20261121/us-east-1/s3/aws4_request"}, "s3"),
        ({"authorization": "AWS AKIA:signature"}, {}, "s3"),
        ({}, {"AWSAccessKeyId": "AKIA", "Signature": "x"}, "s3"),
        ({}, {}, None),
        ({"authorization": "Bearer token"}, {}, None),
        ({"authorization": "AWS4-HMAC-SHA256 Credential=broken"}, {}, None),
    ],
)
def test_credential_scope_names_the_service(
    headers: dict[str, str], query: dict[str, str], service: str | None
) -> None:
    assert signed_for(headers, query) == service
