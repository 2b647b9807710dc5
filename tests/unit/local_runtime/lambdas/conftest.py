from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.lambdas.function import LambdaFunction

MakeFunction = Callable[..., LambdaFunction]


@pytest.fixture
def make_function(tmp_path: Path) -> Iterator[MakeFunction]:
    """Makes functions from the text of their module; they are closed after the test."""
    made: list[LambdaFunction] = []

    def make(
        source: str,
        *,
        concurrency: int = 1,
        endpoint_url: str = "http://127.0.0.1:4566",
        **properties: object,
    ) -> LambdaFunction:
        name = f"function-{len(made)}"
        asset = tmp_path / f"asset.{name}"
        asset.mkdir()
        (asset / "module.py").write_text(source)
        code = {"S3Bucket": "assets", "S3Key": f"{name}.zip"}
        given = {"Code": code, "Handler": "module.handler", "Runtime": "python3.14", **properties}
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        resource = Resource("Stack", name, "AWS::Lambda::Function", given, name, {"Arn": arn})
        assembly = Assembly(
            tmp_path, "aws", "us-east-1", "123456789012", (resource,), {}, {("assets", f"{name}.zip"): asset}
        )
        function = LambdaFunction.from_resource(
            resource, assembly, state=tmp_path / "state", endpoint_url=endpoint_url, concurrency=concurrency
        )
        made.append(function)
        return function

    yield make
    for function in made:
        function.close()
