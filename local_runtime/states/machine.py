"""A state machine of a template: its definition, where it came from and the role it assumes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import UnsupportedResourceError
from local_runtime.gateway.iam import Role, assumed_role
from local_runtime.states.definition import problems
from local_runtime.states.tasks import Grants


@dataclass(frozen=True)
class StateMachine:
    name: str
    arn: str
    definition: Mapping[str, Any]
    text: str
    """The definition as DescribeStateMachine gives it."""
    role: Grants
    role_arn: str

    @classmethod
    def from_resource(cls, resource: Resource, assembly: Assembly) -> StateMachine:
        """
        Raises:
            UnsupportedResourceError: the definition is wrong or asks for what is not played; it says all.
            LocalRuntimeError: its role is not in the assembly or does not trust Step Functions.
        """
        given = resource.properties
        if given.get("StateMachineType", "STANDARD") != "STANDARD":
            raise _unsupported(resource, "only standard workflows are played, no express ones")
        text = _definition(resource, assembly)
        try:
            definition = json.loads(text)
        except ValueError as error:
            raise _unsupported(resource, f"the definition is not JSON: {error}") from None
        found = problems(definition)
        if found:
            raise _unsupported(resource, "; ".join(found))
        role: Role = assumed_role(assembly, str(given["RoleArn"]), "states.amazonaws.com")
        return cls(resource.attributes["Name"], resource.arn, definition, text, role, role.arn)


def _definition(resource: Resource, assembly: Assembly) -> str:
    given = resource.properties
    substitutions = given.get("DefinitionSubstitutions", {})
    if "DefinitionString" in given:
        text = str(given["DefinitionString"])
    elif "Definition" in given:
        text = json.dumps(given["Definition"])
    elif "DefinitionS3Location" in given:
        place = (str(given["DefinitionS3Location"]["Bucket"]), str(given["DefinitionS3Location"]["Key"]))
        if place not in assembly.assets:
            raise _unsupported(resource, f"the definition s3://{'/'.join(place)} is no asset of the assembly")
        text = assembly.assets[place].read_text(encoding="utf-8")
    else:
        raise _unsupported(resource, "needs DefinitionString, Definition or DefinitionS3Location")
    for name, value in substitutions.items():
        text = text.replace(f"${{{name}}}", value if isinstance(value, str) else json.dumps(value))
    return text


def _unsupported(resource: Resource, detail: str) -> UnsupportedResourceError:
    return UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
