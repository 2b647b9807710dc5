"""Models: JSON Schema draft 4, and API Gateway's words for what is wrong with a body.

https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import jsonschema_rs
import orjson

MODEL_URL = "https://apigateway.amazonaws.com/restapis/"
SHOWN_PROBLEMS = 20
SHOWN_CHARACTERS = 100


def compile_model(schema: Any, models: Mapping[str, Any]) -> jsonschema_rs.Draft4Validator:
    """A validator; `models` are the API's other models by name, for `$ref`s to them.

    Raises:
        ValueError: the schema is none, or refers to a model that is not there.
    """

    def retrieve(url: str) -> Any:
        name = url.rpartition("/models/")[2]
        if not url.startswith(MODEL_URL) or name not in models:
            raise ValueError(f"$ref {url!r} names no model of this API")
        return models[name]

    try:
        return jsonschema_rs.Draft4Validator(schema, retriever=retrieve)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise ValueError(str(error).splitlines()[0]) from error


def problems(validator: jsonschema_rs.Draft4Validator, document: Any) -> str:
    """`$context.error.validationErrorString`: the first problems, long values cut short."""
    errors = islice(validator.iter_errors(document), SHOWN_PROBLEMS)
    return f"[{', '.join(dict.fromkeys(map(_problem, errors)))}]"


def _problem(error: jsonschema_rs.ValidationError) -> str:
    kind = error.kind.as_dict()
    describe = _WORDS.get(error.kind.name)
    return _cut(error.message) if describe is None else describe(kind, error.instance)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def _json(value: Any) -> str:
    return _cut(orjson.dumps(value, default=str).decode())


def _type_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _names(values: Iterable[str]) -> str:
    return _json(sorted(values))


_WORDS: dict[str, Callable[[dict[str, Any], Any], str]] = {
    "required": lambda kind, value: f"object has missing required properties ({_names([kind['property']])})",
    "type": lambda kind, value: (
        f"instance type ({_type_name(value)}) does not match any allowed primitive type "
        f"(allowed: {_names(kind['types'])})"
    ),
    "additionalProperties": lambda kind, value: (
        f"object instance has properties which are not allowed by the schema: {_names(kind['unexpected'])}"
    ),
    "maxItems": lambda kind, value: (
        f"array is too long: must have at most {kind['limit']} elements but instance has "
        f"{len(value)} elements"
    ),
    "minItems": lambda kind, value: (
        f"array is too short: must have at least {kind['limit']} elements but instance has "
        f"{len(value)} elements"
    ),
    "maxLength": lambda kind, value: (
        f"string {_json(value)} is too long (length: {len(value)}, maximum allowed: {kind['limit']})"
    ),
    "minLength": lambda kind, value: (
        f"string {_json(value)} is too short (length: {len(value)}, required minimum: {kind['limit']})"
    ),
    "pattern": lambda kind, value: (
        f"ECMA 262 regex {_json(kind['pattern'])} does not match input string {_json(value)}"
    ),
    "enum": lambda kind, value: (
        f"instance value ({_json(value)}) not found in enum (possible values: {_json(kind['options'])})"
    ),
}
