"""Functions behind a REST API: the proxy integration of a method, and who may call it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

from aws_cdk import CfnResource
from aws_cdk.aws_apigateway import CfnAuthorizer, CfnMethod, Integration, IntegrationType, Method, RestApi
from constructs import Construct

from stacks.common.pseudo_parameters import account, partition, region


def function_proxy(function_arn: str) -> Integration:
    """Hands the request to a function as it is, and answers what the function answers."""
    return Integration(
        type=IntegrationType.AWS_PROXY, integration_http_method="POST", uri=_invocation(function_arn)
    )


def allow_api(scope: Construct, id: str, *, api: RestApi, function_arn: str, caller: str) -> None:
    """Lets an API call a function for one `caller`: `{stage}/POST/path`, or `authorizers/{id}`."""
    CfnResource(
        scope,
        id,
        type="AWS::Lambda::Permission",
        properties={
            "FunctionName": function_arn,
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": f"arn:{partition()}:execute-api:{region()}:{account()}:{api.rest_api_id}/{caller}",
        },
    )


def add_token_authorizer(
    scope: Construct,
    id: str,
    *,
    api: RestApi,
    function_arn: str,
    result_ttl_in_seconds: int,
    token_pattern: str,
) -> CfnAuthorizer:
    """Asks a function about the header `Authorization`; what does not fit the pattern is a 401 at once."""
    authorizer = CfnAuthorizer(
        scope,
        id,
        rest_api_id=api.rest_api_id,
        name=id,
        type="TOKEN",
        authorizer_uri=_invocation(function_arn),
        identity_source="method.request.header.Authorization",
        identity_validation_expression=token_pattern,
        authorizer_result_ttl_in_seconds=result_ttl_in_seconds,
    )
    allow_api(
        scope, f"{id}Permission", api=api, function_arn=function_arn, caller=f"authorizers/{authorizer.ref}"
    )
    # A deployment is a snapshot: a changed authorizer would wait for the next change of a method.
    if api.latest_deployment is not None:
        api.latest_deployment.add_to_logical_id([id, result_ttl_in_seconds, token_pattern])
    return authorizer


def add_user_pool_authorizer(scope: Construct, id: str, *, api: RestApi, pool_arn: str) -> CfnAuthorizer:
    """Lets in who has an ID token of a user pool in the header `Authorization`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
    """
    authorizer = CfnAuthorizer(
        scope,
        id,
        rest_api_id=api.rest_api_id,
        name=id,
        type="COGNITO_USER_POOLS",
        identity_source="method.request.header.Authorization",
        provider_arns=[pool_arn],
    )
    if api.latest_deployment is not None:
        api.latest_deployment.add_to_logical_id([id, pool_arn])
    return authorizer


def protect(method: Method, authorizer: CfnAuthorizer) -> None:
    """Puts an authorizer in front of a method whose authorization type asks for one.

    The CDK's own authorizers take functions and pools of its large modules alone (docs/decisions/0005).
    """
    resource = method.node.default_child
    assert isinstance(resource, CfnMethod)
    resource.authorizer_id = authorizer.ref


def _invocation(function_arn: str) -> str:
    return (
        f"arn:{partition()}:apigateway:{region()}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    )
