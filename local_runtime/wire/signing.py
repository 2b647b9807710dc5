"""Which service a request is signed for: the name in the credential scope of Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
"""

from __future__ import annotations

from collections.abc import Mapping

_TERMINATOR = "aws4_request"


def signed_for(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """The service of a signed or presigned request; None when the request carries no signature."""
    authorization = headers.get("authorization", "")
    credential = authorization.partition("Credential=")[2].partition(",")[0].strip()
    parts = (credential or query.get("X-Amz-Credential", "")).split("/")
    # An access key may hold no slash; a multi-region signature (4A) leaves the region out.
    if len(parts) >= 4 and parts[-1] == _TERMINATOR:
        return parts[-2].lower()
    if authorization.startswith("AWS ") or "AWSAccessKeyId" in query:
        return "s3"  # only S3 clients still know how to sign with version 2
    return None
