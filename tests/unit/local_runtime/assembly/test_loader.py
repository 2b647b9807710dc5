"""Small cloud assemblies, written to disk as the CDK writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly import load_assembly
from local_runtime.coverage import check_coverage, serves_a_deployment
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError

UNKNOWN = "aws://unknown-account/unknown-region"


def write(directory: Path, *, environment: str = UNKNOWN, **templates: dict[str, Any]) -> Path:
    artifacts: dict[str, Any] = {}
    for name, template in templates.items():
        (directory / f"{name}.template.json").write_text(json.dumps(template))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": environment,
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": template.get("DependenciesForTest", []),
        }
    (directory / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))
    return directory


def test_names_and_arns_are_the_same_on_every_load(tmp_path: Path) -> None:
    template = {
        "Resources": {
            "S": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "web"}},
            "R": {"Type": "AWS::IAM::Role"},
        }
    }
    write(tmp_path, One=template)
    first, second = load_assembly(tmp_path), load_assembly(tmp_path)
    assert first == second
    assert first.find("One", "S").arn == "arn:aws:kinesis:us-east-1:123456789012:stream/web"
    assert first.find("One", "R").physical_id.startswith("One-R-")


def test_environment_of_the_stacks_is_taken_over(tmp_path: Path) -> None:
    template = {
        "Resources": {
            "B": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"BucketName": {"Fn::Sub": "b-${AWS::Region}-${AWS::AccountId}"}},
            }
        }
    }
    write(tmp_path, environment="aws://111122223333/eu-central-1", One=template)
    assert load_assembly(tmp_path).find("One", "B").physical_id == "b-eu-central-1-111122223333"


def test_stack_comes_after_the_stacks_it_depends_on(tmp_path: Path) -> None:
    stream = {"Resources": {"S": {"Type": "AWS::Kinesis::Stream"}}}
    write(tmp_path, Second={**stream, "DependenciesForTest": ["First"]}, First=stream)
    assert [resource.stack for resource in load_assembly(tmp_path).resources] == ["First", "Second"]


def test_import_finds_the_export_of_another_stack(tmp_path: Path) -> None:
    exporter = {
        "Resources": {"S": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "web"}}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["S", "Arn"]}, "Export": {"Name": "stream-arn"}}},
    }
    importer = {
        "Resources": {
            "G": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"LogGroupName": {"Fn::ImportValue": "stream-arn"}},
            }
        }
    }
    write(tmp_path, A=exporter, B=importer)
    assembly = load_assembly(tmp_path)
    assert assembly.find("B", "G").physical_id == assembly.outputs["A"]["Arn"]


def test_resource_whose_condition_is_false_is_left_out(tmp_path: Path) -> None:
    template = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"S": {"Type": "AWS::Kinesis::Stream", "Condition": "Never"}},
    }
    write(tmp_path, One=template)
    assert load_assembly(tmp_path).resources == ()


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"S": {"Type": "T", "Properties": {"x": {"Ref": "Gone"}}}}, "'Gone', which is not in the stack"),
        ({"S": {"Type": "T", "Properties": {"x": {"Ref": "S"}}}}, "One/S: the resource refers to itself"),
        ({"S": {"Type": "T"}, "U": {"Type": "T", "Properties": {"x": {"Fn::GetAtt": ["S", "Size"]}}}},
         "One/S: T: the local run knows no attribute 'Size'"),
        ({"S": {"Type": "T", "Properties": {"x": {"Fn::ImportValue": "none"}}}}, "exports 'none'"),
    ],
)  # fmt: skip
def test_reference_to_nothing_is_named(tmp_path: Path, resources: dict[str, Any], message: str) -> None:
    write(tmp_path, One={"Resources": resources})
    with pytest.raises(LocalRuntimeError, match=message):
        load_assembly(tmp_path)


def test_assembly_of_two_environments_is_refused(tmp_path: Path) -> None:
    write(tmp_path, One={"Resources": {}})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    one = manifest["artifacts"]["One"]
    manifest["artifacts"]["One"] = {**one, "environment": "aws://1/eu-west-1"}
    manifest["artifacts"]["Two"] = {**one, "environment": "aws://2/eu-west-1"}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(
        LocalRuntimeError, match="one environment; the assembly names 1/eu-west-1, 2/eu-west-1"
    ):
        load_assembly(tmp_path)


def test_folder_without_an_assembly_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalRuntimeError, match=r"no cloud assembly here; run `make synth`"):
        load_assembly(tmp_path)


def test_type_that_the_run_does_not_play_is_named_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, One={"Resources": {"Db": {"Type": "AWS::RDS::DBInstance"}}})
    with pytest.raises(UnsupportedResourceError, match=r"One/Db: AWS::RDS::DBInstance: .* it plays AWS::"):
        check_coverage(load_assembly(tmp_path))


def test_type_without_effect_is_counted(tmp_path: Path) -> None:
    group = {"Type": "AWS::Logs::LogGroup"}
    write(tmp_path, One={"Resources": {"A": group, "B": group}})
    assert check_coverage(load_assembly(tmp_path)) == {"AWS::Logs::LogGroup": 2}


def test_function_of_a_custom_resource_is_not_one_to_run(tmp_path: Path) -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs24.x"}}
    custom = {
        "Type": "Custom::S3AutoDeleteObjects",
        "Properties": {"ServiceToken": {"Fn::GetAtt": ["Emptying", "Arn"]}},
    }
    write(tmp_path, One={"Resources": {"Emptying": function, "Other": function, "Custom": custom}})
    assembly = load_assembly(tmp_path)
    assert serves_a_deployment(assembly, assembly.find("One", "Emptying"))
    assert not serves_a_deployment(assembly, assembly.find("One", "Other"))
    assert check_coverage(assembly) == {"Custom::S3AutoDeleteObjects": 1}
