"""What a template says of a function.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_runtime.assembly.model import Resource
from local_runtime.errors import UnsupportedResourceError


@dataclass(frozen=True)
class FunctionConfiguration:
    name: str
    arn: str
    handler: str
    runtime: str
    timeout_seconds: int
    memory_mb: int
    environment: Mapping[str, str]
    layers: tuple[str, ...]
    log_format: str
    log_level: str | None
    log_group: str

    @classmethod
    def from_resource(cls, resource: Resource) -> FunctionConfiguration:
        given = resource.properties
        runtime = str(given.get("Runtime", ""))
        if given.get("PackageType", "Zip") != "Zip" or not runtime.startswith("python"):
            detail = (
                f"Runtime must be a Python one in a zip package (got {runtime or given.get('PackageType')})"
            )
            raise UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
        logging: Mapping[str, Any] = given.get("LoggingConfig", {})
        variables: Mapping[str, Any] = given.get("Environment", {}).get("Variables", {})
        return cls(
            name=resource.physical_id,
            arn=resource.arn,
            handler=str(given["Handler"]),
            runtime=runtime,
            timeout_seconds=int(given.get("Timeout", 3)),
            memory_mb=int(given.get("MemorySize", 128)),
            environment={name: str(value) for name, value in variables.items()},
            layers=tuple(given.get("Layers", ())),
            log_format=str(logging.get("LogFormat", "Text")),
            log_level=logging.get("ApplicationLogLevel"),
            log_group=str(logging.get("LogGroup", f"/aws/lambda/{resource.physical_id}")),
        )
