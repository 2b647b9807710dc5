"""What the rest of the local run knows of a template: resources with their intrinsics already resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Resource:
    """One CloudFormation resource of a synthesized stack."""

    stack: str
    logical_id: str
    type: str
    properties: Mapping[str, Any]
    """Properties with every intrinsic function resolved to a plain value."""
    physical_id: str
    """What `Ref` gives."""
    attributes: Mapping[str, str]
    """What `Fn::GetAtt` gives, as far as the local run knows it; `Arn` wherever the type has one."""
    depends_on: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return self.attributes["Arn"]


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly (`cdk.out`): its resources in deploy order, its outputs and its assets."""

    directory: Path
    partition: str
    region: str
    account: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Mapping[str, str]]
    """Stack name -> output name -> value."""
    assets: Mapping[tuple[str, str], Path]
    """(bucket, key) of a file asset -> the staged folder or zip file in the assembly."""

    def of_type(self, resource_type: str) -> Iterator[Resource]:
        return (resource for resource in self.resources if resource.type == resource_type)

    def find(self, stack: str, logical_id: str) -> Resource:
        for resource in self.resources:
            if resource.stack == stack and resource.logical_id == logical_id:
                return resource
        raise KeyError(f"{stack}/{logical_id}")

    def by_physical_id(self, resource_type: str, physical_id: str) -> Resource | None:
        for resource in self.of_type(resource_type):
            if resource.physical_id == physical_id:
                return resource
        return None
