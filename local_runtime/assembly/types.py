"""Physical names, ARNs and attributes of the CloudFormation types, as CloudFormation would give them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
lists what `Ref` and `Fn::GetAtt` return for each type.
"""

from __future__ import annotations

import hashlib
import re
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the stacks live: what the pseudo parameters give."""

    partition: str
    region: str
    account: str


@dataclass(frozen=True)
class TypeNames:
    """How one type names itself.

    `name` is the path of the property that holds the physical name (`other_name` where that is absent),
    `arn` a template over
    partition, region, account and id, `attributes` further `Fn::GetAtt` names as templates.
    """

    name: tuple[str, ...] | None = None
    other_name: tuple[str, ...] = ()
    arn: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    ref: Callable[[str, str, Place], str] | None = None
    """Makes the physical id from (stack, logical id) when the template gives no name."""
    ref_is: str | None = None
    """What `Ref` gives instead of the name: a template over partition, region, account, name and suffix."""


def short_id(stack: str, logical_id: str, length: int = 10) -> str:
    """A lower-case identifier that depends on nothing but where the resource stands."""
    return hashlib.sha256(f"{stack}/{logical_id}".encode()).hexdigest()[:length]


def _api_id(stack: str, logical_id: str, _place: Place) -> str:
    return short_id(stack, logical_id)


def _url_safe_id(stack: str, logical_id: str, length: int, alphabet: str) -> str:
    number = int(hashlib.sha256(f"{stack}/{logical_id}".encode()).hexdigest(), 16)
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(digits)


def _user_pool_id(stack: str, logical_id: str, place: Place) -> str:
    return f"{place.region}_{_url_safe_id(stack, logical_id, 9, string.ascii_letters + string.digits)}"


def _user_pool_client_id(stack: str, logical_id: str, _place: Place) -> str:
    return _url_safe_id(stack, logical_id, 26, string.ascii_lowercase + string.digits)


_ARN = "arn:{partition}:"
_REGIONAL = "arn:{partition}:%s:{region}:{account}:"

NAMES: Mapping[str, TypeNames] = {
    "AWS::ApiGateway::RestApi": TypeNames(
        ref=_api_id,
        arn=_ARN + "apigateway:{region}::/restapis/{id}",
        attributes={"RootResourceId": "root-{id}", "RestApiId": "{id}"},
    ),
    "AWS::ApiGateway::Resource": TypeNames(ref=_api_id, attributes={"ResourceId": "{id}"}),
    "AWS::ApiGateway::Deployment": TypeNames(ref=_api_id, attributes={"DeploymentId": "{id}"}),
    "AWS::ApiGateway::Stage": TypeNames(name=("StageName",)),
    "AWS::ApiGateway::Model": TypeNames(name=("Name",)),
    "AWS::ApiGateway::RequestValidator": TypeNames(ref=_api_id, attributes={"RequestValidatorId": "{id}"}),
    "AWS::Athena::NamedQuery": TypeNames(
        ref=lambda stack, logical_id, _place: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{stack}/{logical_id}"))
    ),
    "AWS::Athena::WorkGroup": TypeNames(name=("Name",)),
    "AWS::Cognito::UserPool": TypeNames(
        ref=_user_pool_id,
        arn=_REGIONAL % "cognito-idp" + "userpool/{id}",
        attributes={
            "UserPoolId": "{id}",
            "ProviderName": "cognito-idp.{region}.amazonaws.com/{id}",
            "ProviderURL": "https://cognito-idp.{region}.amazonaws.com/{id}",
        },
    ),
    "AWS::Cognito::UserPoolClient": TypeNames(ref=_user_pool_client_id, attributes={"ClientId": "{id}"}),
    "AWS::Cognito::UserPoolDomain": TypeNames(name=("Domain",)),
    "AWS::Cognito::UserPoolGroup": TypeNames(name=("GroupName",)),
    "AWS::Cognito::UserPoolUser": TypeNames(name=("Username",)),
    "AWS::DynamoDB::Table": TypeNames(name=("TableName",), arn=_REGIONAL % "dynamodb" + "table/{id}"),
    "AWS::IAM::Role": TypeNames(
        name=("RoleName",),
        arn=_ARN + "iam::{account}:role/{id}",
        attributes={"RoleId": "AROA{id}"},
    ),
    "AWS::Kinesis::Stream": TypeNames(name=("Name",), arn=_REGIONAL % "kinesis" + "stream/{id}"),
    "AWS::KinesisFirehose::DeliveryStream": TypeNames(
        name=("DeliveryStreamName",), arn=_REGIONAL % "firehose" + "deliverystream/{id}"
    ),
    "AWS::Lambda::Function": TypeNames(name=("FunctionName",), arn=_REGIONAL % "lambda" + "function:{id}"),
    "AWS::Lambda::LayerVersion": TypeNames(
        ref=lambda stack, logical_id, place: (
            f"arn:{place.partition}:lambda:{place.region}:{place.account}:layer:"
            f"{logical_id}-{short_id(stack, logical_id)}:1"
        )
    ),
    "AWS::Logs::LogGroup": TypeNames(name=("LogGroupName",), arn=_REGIONAL % "logs" + "log-group:{id}:*"),
    "AWS::Logs::LogStream": TypeNames(name=("LogStreamName",)),
    "AWS::S3::Bucket": TypeNames(
        name=("BucketName",),
        arn=_ARN + "s3:::{id}",
        attributes={
            "DomainName": "{id}.s3.amazonaws.com",
            "RegionalDomainName": "{id}.s3.{region}.amazonaws.com",
        },
        ref=lambda stack, logical_id, _place: f"{stack}-{logical_id}-{short_id(stack, logical_id)}".lower(),
    ),
    "AWS::Glue::Crawler": TypeNames(name=("Name",)),
    "AWS::SQS::Queue": TypeNames(
        name=("QueueName",),
        ref_is="https://sqs.{region}.amazonaws.com/{account}/{name}",
        arn=_REGIONAL % "sqs" + "{name}",
        attributes={"QueueName": "{name}", "QueueUrl": "{id}"},
    ),
    "AWS::Glue::Database": TypeNames(name=("DatabaseInput", "Name")),
    "AWS::Glue::Table": TypeNames(name=("Name",), other_name=("TableInput", "Name")),
    "AWS::Events::Rule": TypeNames(name=("Name",), arn=_REGIONAL % "events" + "rule/{id}"),
    "AWS::KMS::Key": TypeNames(arn=_REGIONAL % "kms" + "key/{id}"),
    "AWS::QuickSight::DataSource": TypeNames(
        name=("DataSourceId",), arn=_REGIONAL % "quicksight" + "datasource/{id}"
    ),
    "AWS::SecretsManager::Secret": TypeNames(
        name=("Name",),
        ref_is=_REGIONAL % "secretsmanager" + "secret:{name}-{suffix}",
        attributes={"Id": "{id}"},
    ),
    "AWS::SNS::Topic": TypeNames(
        name=("TopicName",),
        ref_is=_REGIONAL % "sns" + "{name}",
        attributes={"TopicArn": "{id}", "TopicName": "{name}"},
    ),
    "AWS::StepFunctions::StateMachine": TypeNames(
        name=("StateMachineName",),
        ref_is=_REGIONAL % "states" + "stateMachine:{name}",
        arn="{id}",
        attributes={"Name": "{name}", "StateMachineRevisionId": "INITIAL"},
    ),
    "AWS::WAFv2::WebACL": TypeNames(name=("Name",), arn=_REGIONAL % "wafv2" + "regional/webacl/{id}/{id}"),
}


def physical_id(resource_type: str, properties: Properties, stack: str, logical_id: str, place: Place) -> str:
    """What `Ref` gives: the name in the template, else a made-up one that is the same on every load."""
    names = NAMES.get(resource_type, TypeNames())
    name = _name(names, properties, stack, logical_id, place)
    if names.ref_is is None:
        return name
    return names.ref_is.format(name=name, suffix=short_id(stack, logical_id, 6), **vars(place))


def _name(names: TypeNames, properties: Properties, stack: str, logical_id: str, place: Place) -> str:
    for path in filter(None, (names.name, names.other_name)):
        value: Any = properties
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            return value
    if names.ref is not None:
        return names.ref(stack, logical_id, place)
    return f"{stack}-{logical_id}-{short_id(stack, logical_id)}"


def attributes(resource_type: str, resource_id: str, place: Place) -> dict[str, str]:
    """What `Fn::GetAtt` gives, for the attributes that the type table knows."""
    names = NAMES.get(resource_type, TypeNames())
    # Where `Ref` gives an ARN or an address, the name is what stands last in it.
    values = {"id": resource_id, "name": re.split("[:/]", resource_id)[-1], **vars(place)}
    templates = dict(names.attributes)
    if names.arn is not None:
        templates["Arn"] = names.arn
    return {name: template.format(**values) for name, template in templates.items()}
