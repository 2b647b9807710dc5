"""From a request's path to the resource that answers it.

A path part beats `{parameter}`, which beats `{proxy+}`; path parameters are URL-decoded.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
"""

from __future__ import annotations

from urllib.parse import unquote

from local_runtime.gateway.api import Method, ResourceNode

Match = tuple[ResourceNode, dict[str, str]]


def find_method(root: ResourceNode, http_method: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """The method for `path` (still URL-encoded), with its path parameters."""
    segments = path.rstrip("/").split("/")[1:]
    found = _find(root, segments, 0)
    if found is None:
        return None
    resource, parameters = found
    method = resource.methods.get(http_method)
    if method is None:
        method = resource.methods.get("ANY")
    return None if method is None else (method, parameters)


def _find(node: ResourceNode, segments: list[str], depth: int) -> Match | None:
    if depth == len(segments):
        return (node, {}) if node.methods else None
    part = unquote(segments[depth])
    exact = None if part.startswith("{") else node.children.get(part)
    if exact is not None:
        found = _find(exact, segments, depth + 1)
        if found is not None:
            return found
    return _find_parameter(node, segments, depth) or _find_greedy(node, segments, depth)


def _find_parameter(node: ResourceNode, segments: list[str], depth: int) -> Match | None:
    for part, child in node.children.items():
        if part.startswith("{") and not part.endswith("+}") and segments[depth]:
            found = _find(child, segments, depth + 1)
            if found is not None:
                return found[0], {part[1:-1]: unquote(segments[depth]), **found[1]}
    return None


def _find_greedy(node: ResourceNode, segments: list[str], depth: int) -> Match | None:
    for part, child in node.children.items():
        if part.endswith("+}") and child.methods:
            return child, {part[1:-2]: unquote("/".join(segments[depth:]))}
    return None
