"""State machines out of templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import LocalRuntimeError
from local_runtime.states.machine import StateMachine

MACHINE = "AWS::StepFunctions::StateMachine"
ROLE_ARN = "arn:aws:iam::123456789012:role/report"
TEXT = '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Start}", "End": true}}}'
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:start"


def machine(tmp_path: Path, service: str = "states.amazonaws.com", **properties: Any) -> StateMachine:
    asset = tmp_path / "report.asl.json"
    asset.write_text(TEXT)
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
    }
    role = Resource(
        "Report", "Role", "AWS::IAM::Role", {"AssumeRolePolicyDocument": trust}, "report", {"Arn": ROLE_ARN}
    )
    assets = {("assets", "report.json"): asset}
    assembly = Assembly(tmp_path, "aws", "us-east-1", "123456789012", (role,), {}, assets)
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:report"
    given = {"RoleArn": ROLE_ARN, **properties}
    resource = Resource("Report", "Machine", MACHINE, given, arn, {"Arn": arn, "Name": "report"})
    return StateMachine.from_resource(resource, assembly)


@pytest.mark.parametrize(
    "properties",
    [
        {"DefinitionString": TEXT},
        {"Definition": json.loads(TEXT)},
        {"DefinitionS3Location": {"Bucket": "assets", "Key": "report.json"}},
    ],
    ids=lambda properties: next(iter(properties)),
)
def test_a_definition_comes_from_three_places_with_its_substitutions(
    tmp_path: Path, properties: dict[str, Any]
) -> None:
    made = machine(tmp_path, **properties, DefinitionSubstitutions={"Start": FUNCTION})

    assert made.name == "report"
    assert made.definition["States"]["A"]["Resource"] == FUNCTION
    assert json.loads(made.text) == made.definition


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"DefinitionString": TEXT}, "state A: Resource '${Start}' is neither"),
        ({"DefinitionString": "{"}, "the definition is not JSON"),
        ({}, "needs DefinitionString, Definition or DefinitionS3Location"),
        ({"DefinitionS3Location": {"Bucket": "mine", "Key": "a"}}, "s3://mine/a is no asset"),
        ({"StateMachineType": "EXPRESS", "DefinitionString": TEXT}, "no express ones"),
    ],
)
def test_what_cannot_run_is_refused_with_its_place(
    tmp_path: Path, properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(LocalRuntimeError) as caught:
        machine(tmp_path, **properties)

    assert str(caught.value).startswith(f"Report/Machine: {MACHINE}: ")
    assert message in str(caught.value)


def test_a_role_must_trust_step_functions(tmp_path: Path) -> None:
    with pytest.raises(LocalRuntimeError, match=r"states\.amazonaws\.com assumes it, but its trust policy"):
        machine(
            tmp_path,
            "lambda.amazonaws.com",
            DefinitionString=TEXT,
            DefinitionSubstitutions={"Start": FUNCTION},
        )
