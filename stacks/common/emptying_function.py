"""The CDK's function that empties a bucket before CloudFormation deletes it, fitted to the app's rules.

https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_s3.Bucket.html#autodeleteobjects
"""

from __future__ import annotations

from aws_cdk import CfnResource, Stack
from constructs import IConstruct

from stacks.common.acknowledgement import acknowledge
from stacks.common.log_group import LogSettings, add_log_group

_PROVIDER = "Custom::S3AutoDeleteObjectsCustomResourceProvider"
_LOG = "EmptyBucketLog"
_POLICY = "Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def adapt_emptying_function(stack: Stack, log: LogSettings) -> None:
    """Gives it a log group; Lambda would make one that neither forgets nor ends with the stack."""
    if stack.node.try_find_child(_LOG) is not None:  # the stack's buckets share the function
        return
    provider = stack.node.find_child(_PROVIDER)
    function, role = _resource(provider, "Handler"), _resource(provider, "Role")
    group = add_log_group(stack, _LOG, settings=log)
    function.add_property_override("LoggingConfig", {"LogGroup": group.ref})
    # It has the role's ARN, so that CloudFormation knows the order; cfn-lint minds what is said twice.
    function.remove_resource_dependency(role)
    acknowledge(
        role,
        f"IAM4[{_POLICY}]",
        "The CDK's own function, only with keep_data_on_destroy false. The policy lets it write logs; "
        "the bucket's policy lets it delete the bucket's objects.",
    )


def _resource(provider: IConstruct, id: str) -> CfnResource:
    resource = provider.node.find_child(id)
    assert isinstance(resource, CfnResource)
    return resource
