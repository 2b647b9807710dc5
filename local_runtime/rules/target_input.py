"""What a target gets: the event, a part of it, a constant, or a text made from it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jsonpath

_PLACE = re.compile(r"<([\w.-]+)>")
_TOKEN = re.compile(r'\\.|"|<[\w.-]+>|.', re.DOTALL)


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """The JSON text that the target of a rule gets for an event."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_find(str(target["InputPath"]), event))
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, rule_arn)
    return json.dumps(event)


def problem(target: Mapping[str, Any]) -> str | None:
    """What is wrong with a target's input; None when nothing is."""
    given = [name for name in ("Input", "InputPath", "InputTransformer") if name in target]
    if len(given) > 1:
        return f"{' and '.join(given)} exclude one another"
    paths = [target["InputPath"]] if "InputPath" in target else []
    paths += target.get("InputTransformer", {}).get("InputPathsMap", {}).values()
    for path in paths:
        try:
            jsonpath.compile(str(path))
        except jsonpath.JSONPathError as error:
            return f"{path!r} is no JSONPath: {str(error).splitlines()[0]}"
    if "Input" in target:
        try:
            json.loads(target["Input"])
        except ValueError as error:
            return f"Input is not JSON: {error}"
    return None


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    values = {name: _find(path, event) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": event,
        "aws.events.event.json": event,
    }

    template = str(transformer["InputTemplate"])
    filled = _fill_json(template, values)
    try:
        json.loads(filled)
    except ValueError:
        # A text that is no JSON reaches the target as one JSON string.
        return json.dumps(_PLACE.sub(lambda place: _text(values, place), template))
    return filled


def _fill_json(template: str, values: Mapping[str, Any]) -> str:
    """Inside a string of the template a value is text, anywhere else it is JSON."""
    inside, pieces = False, []
    for token in _TOKEN.finditer(template):
        place = _PLACE.fullmatch(token[0])
        if token[0] == '"':
            inside = not inside
        if place is None or place[1] not in values:
            pieces.append(token[0])
        else:
            pieces.append(json.dumps(_text(values, place))[1:-1] if inside else json.dumps(values[place[1]]))
    return "".join(pieces)


def _text(values: Mapping[str, Any], place: re.Match[str]) -> str:
    value = values.get(place[1], place[0])
    return value if isinstance(value, str) else json.dumps(value)


def _find(path: str, event: Mapping[str, Any]) -> Any:
    found = jsonpath.findall(path, event)
    return found[0] if found else None
