"""Which CloudFormation types the local run plays, which have no effect here, and which stop it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from local_runtime.assembly import Assembly, Resource
from local_runtime.errors import UnsupportedResourceError

PLAYED = frozenset(
    {
        "AWS::ApiGateway::ApiKey",
        "AWS::ApiGateway::Authorizer",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::GatewayResponse",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::Model",
        "AWS::ApiGateway::RequestValidator",
        "AWS::ApiGateway::Resource",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Stage",
        "AWS::ApiGateway::UsagePlan",
        "AWS::ApiGateway::UsagePlanKey",
        "AWS::Athena::NamedQuery",
        "AWS::Athena::WorkGroup",
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolDomain",
        "AWS::Cognito::UserPoolGroup",
        "AWS::Cognito::UserPoolUser",
        "AWS::Cognito::UserPoolUserToGroupAttachment",
        "AWS::DynamoDB::Table",
        "AWS::Events::Rule",
        "AWS::Glue::Crawler",
        "AWS::Glue::Database",
        "AWS::Glue::Table",
        "AWS::Glue::TableOptimizer",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Kinesis::Stream",
        "AWS::KinesisFirehose::DeliveryStream",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::S3::Bucket",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
    }
)

WITHOUT_EFFECT: Mapping[str, str] = {
    "AWS::ApiGateway::Account": "it lets API Gateway write to CloudWatch Logs; access logs are files here",
    "AWS::CDK::Metadata": "it tells AWS which constructs were used",
    "AWS::CloudWatch::Alarm": "no alarm is raised here; `python -m local_runtime status` has the numbers",
    "AWS::CloudWatch::Dashboard": "it is a page of the AWS console",
    "AWS::Cognito::ManagedLoginBranding": "signing in has no page here",
    "AWS::KMS::Alias": "files in the state directory are not encrypted",
    "AWS::KMS::Key": "files in the state directory are not encrypted",
    "AWS::LakeFormation::DataLakeSettings": "the local run has no Lake Formation: IAM alone decides",
    "AWS::LakeFormation::PrincipalPermissions": "the local run has no Lake Formation: IAM alone decides",
    "AWS::Logs::LogGroup": "logs are files in the state directory",
    "AWS::Logs::LogStream": "logs are files in the state directory",
    "Custom::S3AutoDeleteObjects": "it empties the bucket when its stack is destroyed, and none is here",
    "AWS::QuickSight::DataSet": "QuickSight is a page of AWS; `sql` answers the data set's query",
    "AWS::QuickSight::DataSource": "QuickSight is a page of AWS; `sql` answers the data set's query",
    "AWS::S3::BucketPolicy": "objects are files in the state directory",
    "AWS::SNS::TopicPolicy": "who may publish is not evaluated here",
    "AWS::SecretsManager::ResourcePolicy": "who may read a secret is not evaluated here",
    "AWS::SecretsManager::RotationSchedule": "no secret is rotated here",
    "AWS::SQS::QueuePolicy": "who may send to a queue is not evaluated here",
    "AWS::SSM::Parameter": "it tells the other stacks the ARN of a key, and nothing is encrypted here",
    "AWS::WAFv2::WebACL": "the stage's own throttle is played; addresses are not counted",
    "AWS::WAFv2::WebACLAssociation": "the stage's own throttle is played; addresses are not counted",
}


def serves_a_deployment(assembly: Assembly, function: Resource) -> bool:
    """Whether a function is there for a custom resource: CloudFormation calls it, and none is here."""
    return any(resource.properties.get("ServiceToken") == function.arn for resource in assembly.resources)


def check_coverage(assembly: Assembly) -> dict[str, int]:
    """The types that are accepted without an effect, with how many resources have them.

    Raises:
        UnsupportedResourceError: a type that is neither played nor known to have no effect here.
    """
    skipped: Counter[str] = Counter()
    for resource in assembly.resources:
        if resource.type in WITHOUT_EFFECT:
            skipped[resource.type] += 1
        elif resource.type not in PLAYED:
            known = ", ".join(sorted(PLAYED))
            raise UnsupportedResourceError(
                resource.type,
                resource.stack,
                resource.logical_id,
                f"the local run does not play this type; it plays {known}",
            )
    return dict(skipped)
