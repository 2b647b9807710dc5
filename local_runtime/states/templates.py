"""Payload templates: `Parameters` and `ResultSelector`.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_runtime.states.errors import DefinitionError
from local_runtime.states.intrinsics import parse_expression
from local_runtime.states.paths import Scope


def fill(template: Any, scope: Scope) -> Any:
    """`Parameters` and `ResultSelector`: each field whose name ends in `.$` takes what its value names.

    Raises:
        StatesError: a path finds nothing, or an intrinsic function fails.
    """
    if isinstance(template, Mapping):
        return dict(_filled(name, value, scope) for name, value in template.items())
    if isinstance(template, list):
        return [fill(item, scope) for item in template]
    return template


def _filled(name: str, value: Any, scope: Scope) -> tuple[str, Any]:
    if name.endswith(".$"):
        return name[:-2], parse_expression(value).value(scope, name)
    return name, fill(value, scope)


def check_template(template: Any) -> None:
    """
    Raises:
        DefinitionError: a field that ends in `.$` holds neither a path nor an intrinsic function.
    """
    if isinstance(template, list):
        for item in template:
            check_template(item)
    elif isinstance(template, Mapping):
        for name, value in template.items():
            if not name.endswith(".$"):
                check_template(value)
            elif not isinstance(value, str):
                raise DefinitionError(f"the value of {name!r} must be a path or an intrinsic function")
            else:
                parse_expression(value)
