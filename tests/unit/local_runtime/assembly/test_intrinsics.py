"""CloudFormation's intrinsic functions, each with the examples of its documentation page."""

from __future__ import annotations

from typing import Any

import pytest

from local_runtime.assembly.intrinsics import evaluate_condition, resolve
from local_runtime.errors import LocalRuntimeError


class OneStack:
    """A stack with a bucket, a condition, a mapping and an imported value."""

    def ref(self, name: str) -> Any:
        return {"AWS::Region": "eu-west-1", "Bucket": "events", "Count": 3}[name]

    def attribute(self, logical_id: str, name: str) -> Any:
        return f"{name} of {logical_id}"

    def condition(self, name: str) -> bool:
        return name == "IsProduction"

    def imported(self, export: str) -> Any:
        return f"import of {export}"

    def mapping(self, name: str, top: str, second: str) -> Any:
        return f"{name}/{top}/{second}"


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Bucket"}, "events"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "Arn of Bucket"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "Arn of Bucket"),
        ({"Fn::Join": [":", ["arn", {"Ref": "Bucket"}, 1, True]]}, "arn:events:1:true"),
        (
            {"Fn::Sub": "s3://${Bucket}/${AWS::Region}/${!Literal}/${Bucket.Arn}"},
            "s3://events/eu-west-1/${Literal}/Arn of Bucket",
        ),
        ({"Fn::Sub": ["${A}-${Bucket}", {"A": {"Ref": "Count"}}]}, "3-events"),
        ({"Fn::Select": ["1", ["a", "b"]]}, "b"),
        ({"Fn::Split": ["/", "a/b"]}, ["a", "b"]),
        ({"Fn::If": ["IsProduction", "yes", "no"]}, "yes"),
        ({"Fn::ImportValue": {"Fn::Sub": "${AWS::Region}-x"}}, "import of eu-west-1-x"),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "k"]}, "M/eu-west-1/k"),
        ({"Fn::Base64": "abc"}, "YWJj"),
        ({"Fn::Equals": [{"Ref": "Bucket"}, "events"]}, True),
        ({"Fn::And": [{"Condition": "IsProduction"}, {"Fn::Not": [{"Condition": "Other"}]}]}, True),
        ({"Fn::Or": [{"Condition": "Other"}, {"Fn::Equals": ["a", "b"]}]}, False),
        ({"kept": {"Ref": "AWS::NoValue"}, "other": [1, {"Ref": "AWS::NoValue"}]}, {"other": [1]}),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_function_resolves(value: Any, resolved: Any) -> None:
    assert resolve(value, OneStack()) == resolved


def test_unknown_function_is_named() -> None:
    with pytest.raises(LocalRuntimeError, match=r"Fn::Transform is not one of .*Fn::GetAtt"):
        resolve({"Fn::Transform": {}}, OneStack())


def test_condition_that_is_no_truth_value_is_refused() -> None:
    with pytest.raises(LocalRuntimeError, match="must be true or false"):
        evaluate_condition("perhaps", OneStack())


def test_index_outside_the_list_is_named() -> None:
    with pytest.raises(LocalRuntimeError, match="index 5 is outside a list of 1"):
        resolve({"Fn::Select": [5, ["a"]]}, OneStack())
