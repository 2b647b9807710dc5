"""A resource policy that lets requests to an API come from some ranges of addresses alone.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk.aws_iam import AnyPrincipal, Effect, PolicyDocument, PolicyStatement


def source_policy(ranges: Sequence[str], *, unsigned_methods: Sequence[str]) -> PolicyDocument:
    """Denies every other address; what is not denied needs an allow where nobody signs.

    A signed request gets none here: it would spare a caller of the account the permission in IAM.
    """
    invoke = ["execute-api:Invoke"]
    return PolicyDocument(
        statements=[
            PolicyStatement(
                sid="UnsignedRequests",
                principals=[AnyPrincipal()],
                actions=invoke,
                resources=[f"execute-api:/*/{method}/*" for method in unsigned_methods],
            ),
            PolicyStatement(
                sid="OtherAddresses",
                effect=Effect.DENY,
                principals=[AnyPrincipal()],
                actions=invoke,
                resources=["execute-api:/*"],
                conditions={"NotIpAddress": {"aws:SourceIp": list(ranges)}},
            ),
        ]
    )
