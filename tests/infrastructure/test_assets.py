"""Each function has the files that it names, and none of another's."""

from __future__ import annotations

from typing import Any


def test_every_function_finds_its_handler_in_its_own_package(assembly: Any) -> None:
    found = 0
    for stack in assembly.stacks:
        for name, function in assembly[stack].of_type("AWS::Lambda::Function").items():
            properties = function["Properties"]
            if "FunctionName" not in properties:  # the CDK's own
                continue
            package = assembly.directory / f"asset.{properties['Code']['S3Key'].removesuffix('.zip')}"
            handler = properties["Handler"].rpartition(".")[0].replace(".", "/")
            assert (package / f"{handler}.py").is_file(), f"{stack}/{name}"
            found += 1
    assert found > 5
