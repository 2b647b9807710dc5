"""What `Ref` and `Fn::GetAtt` give, for types whose `Ref` is no name."""

from __future__ import annotations

import pytest

from local_runtime.assembly.types import Place, attributes, physical_id

PLACE = Place("aws", "us-east-1", "123456789012")


@pytest.mark.parametrize(
    ("kind", "properties", "ref", "given"),
    [
        (
            "AWS::StepFunctions::StateMachine",
            {"StateMachineName": "report"},
            "arn:aws:states:us-east-1:123456789012:stateMachine:report",
            {"Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:report", "Name": "report"},
        ),
        (
            "AWS::SQS::Queue",
            {"QueueName": "failed"},
            "https://sqs.us-east-1.amazonaws.com/123456789012/failed",
            {"Arn": "arn:aws:sqs:us-east-1:123456789012:failed", "QueueName": "failed"},
        ),
        (
            "AWS::Events::Rule",
            {"Name": "monthly"},
            "monthly",
            {"Arn": "arn:aws:events:us-east-1:123456789012:rule/monthly"},
        ),
        (
            "AWS::SNS::Topic",
            {"TopicName": "reports"},
            "arn:aws:sns:us-east-1:123456789012:reports",
            {"TopicArn": "arn:aws:sns:us-east-1:123456789012:reports", "TopicName": "reports"},
        ),
    ],
)
def test_a_resource_is_named_as_cloudformation_names_it(
    kind: str, properties: dict[str, str], ref: str, given: dict[str, str]
) -> None:
    assert physical_id(kind, properties, "Stack", "Id", PLACE) == ref
    found = attributes(kind, ref, PLACE)
    assert {name: found[name] for name in given} == given


def test_a_machine_without_a_name_has_one_in_its_arn() -> None:
    kind = "AWS::StepFunctions::StateMachine"
    arn = physical_id(kind, {}, "Stack", "Machine", PLACE)

    assert attributes(kind, arn, PLACE)["Name"].startswith("Stack-Machine-")
