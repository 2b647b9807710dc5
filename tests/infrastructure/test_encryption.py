"""A customer-managed key: what it encrypts, who may use it, and by which way the other stacks know it."""

from __future__ import annotations

import json
from typing import Any

import pytest

LOOKED_UP = "{{resolve:ssm:/web-analytics/encryption-key-arn}}"
OWN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture(scope="module")
def encrypted(synthesize_app: Any) -> Any:
    return synthesize_app(systems="web_analytics", encryption={"customer_managed_key": True})


def resources(assembly: Any, type: str) -> list[dict[str, Any]]:
    return [
        resource["Properties"]
        for stack in assembly.stacks
        for resource in assembly[stack].of_type(type).values()
    ]


def test_without_the_switch_there_is_no_key(assembly: Any) -> None:
    text = json.dumps([assembly[stack].document for stack in assembly.stacks])
    assert "kms:" not in text
    assert LOOKED_UP not in text


def test_key_comes_first_and_is_kept(encrypted: Any) -> None:
    assert encrypted.stacks[0] == "WebAnalyticsEncryptionKey"
    key = encrypted["WebAnalyticsEncryptionKey"].resource("AWS::KMS::Key")
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert key["Properties"]["EnableKeyRotation"] is True


def test_every_other_stack_waits_for_the_key(encrypted: Any) -> None:
    for stack in encrypted.stacks[1:]:
        assert "WebAnalyticsEncryptionKey" in encrypted.manifest[stack]["dependencies"]


def test_key_is_found_by_a_parameter_and_not_by_an_export(encrypted: Any) -> None:
    template = encrypted["WebAnalyticsEncryptionKey"]
    (key,) = template.of_type("AWS::KMS::Key")
    assert template.properties("AWS::SSM::Parameter") == {
        "Name": LOOKED_UP.removeprefix("{{resolve:ssm:").removesuffix("}}"),
        "Type": "String",
        "Value": {"Fn::GetAtt": [key, "Arn"]},
    }
    for stack in encrypted.stacks:
        assert "Fn::ImportValue" not in json.dumps(encrypted[stack].document)


@pytest.mark.parametrize(("key_arn", "expected"), [(None, LOOKED_UP), (OWN, OWN)])
def test_key_encrypts_stream_bucket_logs_and_topic(
    synthesize_app: Any, encrypted: Any, key_arn: str | None, expected: str
) -> None:
    own = {"customer_managed_key": True, "key_arn": key_arn}
    assembly = encrypted if key_arn is None else synthesize_app(systems="web_analytics", encryption=own)
    (stream,) = resources(assembly, "AWS::Kinesis::Stream")
    (bucket,) = resources(assembly, "AWS::S3::Bucket")
    (topic,) = resources(assembly, "AWS::SNS::Topic")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": expected}
    assert rule == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"KMSMasterKeyID": expected, "SSEAlgorithm": "aws:kms"},
    }
    assert topic["KmsMasterKeyId"] == expected
    assert {group["KmsKeyId"] for group in resources(assembly, "AWS::Logs::LogGroup")} == {expected}


def test_own_key_needs_no_stack(synthesize_app: Any) -> None:
    assembly = synthesize_app(
        systems="web_analytics", encryption={"customer_managed_key": True, "key_arn": OWN}
    )
    assert "WebAnalyticsEncryptionKey" not in assembly.stacks


def test_each_role_may_use_the_key_for_its_own_part_alone(encrypted: Any) -> None:
    found = {}
    for stack in encrypted.stacks:
        for name, role in encrypted[stack].of_type("AWS::IAM::Role").items():
            for policy in role["Properties"].get("Policies", ()):
                for statement in policy["PolicyDocument"]["Statement"]:
                    if statement["Resource"] == LOOKED_UP:
                        found[f"{name[:-8]}/{statement['Sid']}"] = (statement["Action"], via(statement))
    both = ["kms:Decrypt", "kms:GenerateDataKey"]
    bucket = ("s3", "aws:s3:arn")
    assert found == {
        "KinesisRole/UseKeyOfStream": ("kms:GenerateDataKey", ("kinesis", "aws:kinesis:arn")),
        "DeliveryRole/UseKeyOfStream": ("kms:Decrypt", ("kinesis", "aws:kinesis:arn")),
        "DeliveryRole/UseKeyOfBucket": (both, bucket),
        "OptimizerRole/UseKeyOfBucket": (both, bucket),
        "DashboardQueriesFunctionRole/UseKeyOfBucket": (both, bucket),
    }


def via(statement: dict[str, Any]) -> tuple[str, str]:
    """The service that the key must be used through, and the encryption context that must say for what."""
    equals, like = statement["Condition"]["StringEquals"], statement["Condition"]["StringLike"]
    (context,) = like
    service = equals["kms:ViaService"]["Fn::Join"][1][0].removesuffix(".")
    return service, context.removeprefix("kms:EncryptionContext:")


def test_services_use_the_key_for_this_account_alone(encrypted: Any) -> None:
    key = encrypted["WebAnalyticsEncryptionKey"].properties("AWS::KMS::Key")
    account, logs, alarms = key["KeyPolicy"]["Statement"]
    assert account["Action"] == "kms:*"
    assert account["Principal"]["AWS"]["Fn::Join"][1][-1] == ":root"
    assert "kms:EncryptionContext:aws:logs:arn" in logs["Condition"]["ArnLike"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
