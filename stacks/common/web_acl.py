"""A web ACL in front of a stage of a REST API: it counts requests by address and blocks who sends too many.

https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html
"""

from __future__ import annotations

from aws_cdk import CfnResource
from constructs import Construct

WINDOW_IN_SECONDS = 300


def add_rate_limit(scope: Construct, id: str, *, name: str, stage_arn: str, limit: int) -> None:
    """Answers 429 to an address with more requests in five minutes, until it sends fewer again."""
    acl = CfnResource(
        scope,
        id,
        type="AWS::WAFv2::WebACL",
        properties={
            "Name": name,
            "Scope": "REGIONAL",
            "DefaultAction": {"Allow": {}},
            "CustomResponseBodies": {_BODY: {"ContentType": "APPLICATION_JSON", "Content": _MESSAGE}},
            "VisibilityConfig": _metrics(name),
            "Rules": [
                {
                    "Name": "rate-by-address",
                    "Priority": 0,
                    "Action": {"Block": {"CustomResponse": _TOO_MANY_REQUESTS}},
                    "VisibilityConfig": _metrics(f"{name}-rate-by-address"),
                    "Statement": {
                        "RateBasedStatement": {
                            "AggregateKeyType": "IP",
                            "EvaluationWindowSec": WINDOW_IN_SECONDS,
                            "Limit": limit,
                        }
                    },
                }
            ],
        },
    )
    CfnResource(
        scope,
        f"{id}Association",
        type="AWS::WAFv2::WebACLAssociation",
        properties={"ResourceArn": stage_arn, "WebACLArn": acl.get_att("Arn")},
    )


# The answer that the API gives to a request over its throttle, in the form that pages may read.
_BODY = "too-many-requests"
_MESSAGE = '{"message":"Too Many Requests"}'
_TOO_MANY_REQUESTS = {
    "ResponseCode": 429,
    "CustomResponseBodyKey": _BODY,
    "ResponseHeaders": [{"Name": "Access-Control-Allow-Origin", "Value": "*"}],
}


def _metrics(name: str) -> dict[str, object]:
    # A sampled request would show what clients sent.
    return {"CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": False, "MetricName": name}
