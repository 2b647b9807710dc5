"""From `manifest.json` and the templates to an `Assembly`.

The manifest's form is the cloud assembly schema:
https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_runtime.assembly import types
from local_runtime.assembly.intrinsics import evaluate_condition, resolve
from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import LocalRuntimeError

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

Template = Mapping[str, Any]


def load_assembly(directory: Path) -> Assembly:
    """Read the cloud assembly in `directory`.

    Raises:
        LocalRuntimeError: there is no assembly, it spans several environments, or a template
            refers to something that does not exist.
    """
    manifest = _read_json(directory / "manifest.json", missing=_no_assembly(directory))
    artifacts = manifest.get("artifacts", {})
    stacks = {name: item for name, item in artifacts.items() if item["type"] == "aws:cloudformation:stack"}
    if not stacks:
        raise LocalRuntimeError(f"{directory}: the assembly holds no stack; run `make synth`")
    place = _place(stacks)
    templates = {
        name: _read_json(directory / item["properties"]["templateFile"], missing=_no_assembly(directory))
        for name, item in stacks.items()
    }
    app = _App(templates, place)
    order = list(_deploy_order(stacks))
    return Assembly(
        directory=directory,
        partition=place.partition,
        region=place.region,
        account=place.account,
        resources=tuple(resource for name in order for resource in app.resources(name)),
        outputs={name: app.outputs(name) for name in order},
        assets=_assets(directory, artifacts, place),
    )


def _no_assembly(directory: Path) -> str:
    return f"{directory}: no cloud assembly here; run `make synth` or pass --assembly"


def _read_json(path: Path, *, missing: str) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise LocalRuntimeError(missing) from None
    except ValueError as error:
        raise LocalRuntimeError(f"{path}: not JSON: {error}") from None


def _place(stacks: Mapping[str, Any]) -> types.Place:
    environments = {
        item["environment"].removeprefix("aws://")
        for item in stacks.values()
        if item["environment"] != "aws://unknown-account/unknown-region"
    }
    if len(environments) > 1:
        names = ", ".join(sorted(environments))
        raise LocalRuntimeError(f"the local run plays one environment; the assembly names {names}")
    account, region = environments.pop().split("/") if environments else (DEFAULT_ACCOUNT, DEFAULT_REGION)
    return types.Place(
        partition="aws",
        account=DEFAULT_ACCOUNT if account == "unknown-account" else account,
        region=DEFAULT_REGION if region == "unknown-region" else region,
    )


def _deploy_order(stacks: Mapping[str, Any]) -> Iterator[str]:
    """Stack names, each after the stacks it depends on."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        for dependency in stacks[name].get("dependencies", []):
            if dependency in stacks:
                yield from visit(dependency)
        yield name

    for name in stacks:
        yield from visit(name)


def _assets(directory: Path, artifacts: Mapping[str, Any], place: types.Place) -> dict[tuple[str, str], Path]:
    pseudo = {
        "${AWS::AccountId}": place.account,
        "${AWS::Region}": place.region,
        "${AWS::Partition}": place.partition,
    }
    assets: dict[tuple[str, str], Path] = {}
    for artifact in artifacts.values():
        if artifact["type"] != "cdk:asset-manifest":
            continue
        listing = json.loads((directory / artifact["properties"]["file"]).read_bytes())
        for file in listing.get("files", {}).values():
            for destination in file["destinations"].values():
                bucket = destination["bucketName"]
                for token, value in pseudo.items():
                    bucket = bucket.replace(token, value)
                assets[bucket, destination["objectKey"]] = directory / file["source"]["path"]
    return assets


@dataclass
class _App:
    """All templates together, for references from one stack into another."""

    templates: Mapping[str, Template]
    place: types.Place
    _scopes: dict[str, _StackScope] = field(default_factory=dict)

    def scope(self, stack: str) -> _StackScope:
        if stack not in self._scopes:
            self._scopes[stack] = _StackScope(stack, self.templates[stack], self)
        return self._scopes[stack]

    def resources(self, stack: str) -> Iterator[Resource]:
        scope = self.scope(stack)
        for logical_id, definition in self.templates[stack].get("Resources", {}).items():
            if "Condition" not in definition or scope.condition(definition["Condition"]):
                yield scope.resource(logical_id)

    def outputs(self, stack: str) -> dict[str, str]:
        scope = self.scope(stack)
        definitions = self.templates[stack].get("Outputs", {})
        return {name: str(resolve(item["Value"], scope)) for name, item in definitions.items()}

    def exported(self, export: str) -> Any:
        for stack, template in self.templates.items():
            scope = self.scope(stack)
            for output in template.get("Outputs", {}).values():
                if "Export" in output and resolve(output["Export"]["Name"], scope) == export:
                    return resolve(output["Value"], scope)
        raise LocalRuntimeError(f"Fn::ImportValue: no stack of the assembly exports {export!r}")


class _StackScope:
    """References inside one stack, resolved on first use and remembered."""

    def __init__(self, stack: str, template: Template, app: _App) -> None:
        self._stack = stack
        self._template = template
        self._app = app
        self._resources: dict[str, Resource] = {}
        self._open: set[str] = set()

    def resource(self, logical_id: str) -> Resource:
        if logical_id not in self._resources:
            self._resources[logical_id] = self._build(logical_id)
        return self._resources[logical_id]

    def _build(self, logical_id: str) -> Resource:
        definition = self._template.get("Resources", {}).get(logical_id)
        if definition is None:
            raise LocalRuntimeError(
                f"{self._stack}: a reference to {logical_id!r}, which is not in the stack"
            )
        if logical_id in self._open:
            raise LocalRuntimeError(f"{self._stack}/{logical_id}: the resource refers to itself")
        self._open.add(logical_id)
        place = self._app.place
        properties = resolve(definition.get("Properties", {}), self)
        kind = definition["Type"]
        resource_id = types.physical_id(kind, properties, self._stack, logical_id, place)
        depends_on = definition.get("DependsOn", [])
        self._open.discard(logical_id)
        return Resource(
            stack=self._stack,
            logical_id=logical_id,
            type=kind,
            properties=properties,
            physical_id=resource_id,
            attributes=types.attributes(kind, resource_id, place),
            depends_on=tuple([depends_on] if isinstance(depends_on, str) else depends_on),
            metadata=definition.get("Metadata", {}),
        )

    def ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": self._app.place.account,
            "AWS::Region": self._app.place.region,
            "AWS::Partition": self._app.place.partition,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self._stack,
        }
        if name in pseudo:
            return pseudo[name]
        parameter = self._template.get("Parameters", {}).get(name)
        if parameter is None:
            return self.resource(name).physical_id
        if "Default" not in parameter:
            raise LocalRuntimeError(f"{self._stack}: the parameter {name!r} has no default")
        return parameter["Default"]

    def attribute(self, logical_id: str, name: str) -> Any:
        resource = self.resource(logical_id)
        if name not in resource.attributes:
            known = ", ".join(sorted(resource.attributes)) or "none"
            raise LocalRuntimeError(
                f"{self._stack}/{logical_id}: {resource.type}: the local run knows no attribute {name!r}"
                f" (it knows: {known})"
            )
        return resource.attributes[name]

    def condition(self, name: str) -> bool:
        definition = self._template.get("Conditions", {}).get(name)
        if definition is None:
            raise LocalRuntimeError(f"{self._stack}: the condition {name!r} is not defined")
        return evaluate_condition(definition, self)

    def imported(self, export: str) -> Any:
        return self._app.exported(export)

    def mapping(self, name: str, top: str, second: str) -> Any:
        try:
            return self._template["Mappings"][name][top][second]
        except KeyError:
            raise LocalRuntimeError(f"{self._stack}: Fn::FindInMap finds no {name}.{top}.{second}") from None
