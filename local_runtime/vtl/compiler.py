"""Statements of a template as Python closures: `run(scope, append)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_runtime.vtl.expressions import ExpressionCompiler, truthy
from local_runtime.vtl.methods import PROPERTIES, register
from local_runtime.vtl.nodes import (
    Block,
    Break,
    Define,
    ForEach,
    If,
    Index,
    Method,
    Output,
    Reference,
    Set,
    Statement,
    Text,
)
from local_runtime.vtl.values import Append, Definition, Scope, to_text

Run = Callable[[Scope, Append], None]

FOREACH_LIMIT = 1000
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"""


class BreakSignal(Exception):  # noqa: N818 (a signal, no error)
    """`#break`: leave the innermost `#foreach`, or the template where there is none."""


class StopSignal(Exception):  # noqa: N818
    """`#stop`: the template ends here."""


class Loop:
    """`$foreach`."""

    __slots__ = ("index", "parent", "size")

    def __init__(self, size: int, parent: Any) -> None:
        self.index = 0
        self.size = size
        self.parent = parent


register(
    PROPERTIES,
    Loop,
    {
        "index": lambda loop: loop.index,
        "count": lambda loop: loop.index + 1,
        "hasNext": lambda loop: loop.index + 1 < loop.size,
        "first": lambda loop: loop.index == 0,
        "last": lambda loop: loop.index + 1 == loop.size,
        "parent": lambda loop: loop.parent,
    },
)


class Compiler:
    def __init__(self) -> None:
        self._expressions = ExpressionCompiler(self.block)

    def block(self, node: Block) -> Run:
        statements = [self._statement(statement) for statement in node.statements]
        if len(statements) == 1:
            return statements[0]

        def run(scope: Scope, append: Append) -> None:
            for statement in statements:
                statement(scope, append)

        return run

    def _statement(self, node: Statement) -> Run:
        if isinstance(node, Text):
            text = node.text
            return lambda scope, append: append(text)
        if isinstance(node, Output):
            return self._output(node)
        if isinstance(node, Set):
            return self._set(node)
        if isinstance(node, If):
            return self._if(node)
        if isinstance(node, ForEach):
            return self._foreach(node)
        if isinstance(node, Define):
            return self._define(node)
        return _raise(BreakSignal if isinstance(node, Break) else StopSignal)

    def _output(self, node: Output) -> Run:
        evaluate = self._expressions.reference(node.reference)

        def run(scope: Scope, append: Append) -> None:
            value = evaluate(scope)
            append(value if type(value) is str else to_text(value))

        return run

    def _set(self, node: Set) -> Run:
        value = self._expressions.compile(node.value)
        if not node.target.steps:
            name = node.target.name

            def run(scope: Scope, append: Append) -> None:
                scope[name] = value(scope)

            return run
        return self._set_member(node.target, value)

    def _set_member(self, target: Reference, value: Callable[[Scope], Any]) -> Run:
        """`#set($map.key = ...)` and `#set($list[0] = ...)`; what cannot hold members is left as it is."""
        container = self._expressions.reference(Reference(target.name, target.steps[:-1]))
        last = target.steps[-1]
        if isinstance(last, Method):
            return lambda scope, append: None
        if isinstance(last, Index):
            key = self._expressions.compile(last.key)
        else:
            name = last.name
            key = lambda scope: name  # noqa: E731

        def run(scope: Scope, append: Append) -> None:
            holder, at = container(scope), key(scope)
            if isinstance(holder, dict) or (
                isinstance(holder, list) and type(at) is int and 0 <= at < len(holder)
            ):
                holder[at] = value(scope)

        return run

    def _if(self, node: If) -> Run:
        branches = [
            (self._expressions.compile(condition), self.block(body)) for condition, body in node.branches
        ]
        otherwise = None if node.otherwise is None else self.block(node.otherwise)

        def run(scope: Scope, append: Append) -> None:
            for condition, body in branches:
                if truthy(condition(scope)):
                    body(scope, append)
                    return
            if otherwise is not None:
                otherwise(scope, append)

        return run

    def _foreach(self, node: ForEach) -> Run:
        items, body, variable = self._expressions.compile(node.items), self.block(node.body), node.variable

        def run(scope: Scope, append: Append) -> None:
            values = _iterable(items(scope))
            outside = {name: scope[name] for name in (variable, "foreach", "velocityCount") if name in scope}
            loop = scope["foreach"] = Loop(len(values), outside.get("foreach", ""))
            try:
                for index, value in enumerate(values[:FOREACH_LIMIT]):
                    loop.index = index
                    scope["velocityCount"] = index + 1
                    scope[variable] = "" if value is None else value
                    body(scope, append)
            except BreakSignal:
                pass
            finally:
                for name in (variable, "foreach", "velocityCount"):
                    scope.pop(name, None)
                scope.update(outside)

        return run

    def _define(self, node: Define) -> Run:
        name, body = node.name, self.block(node.body)

        def run(scope: Scope, append: Append) -> None:
            scope[name] = Definition(body, scope)

        return run


def _iterable(value: Any) -> list[Any]:
    """The items of a list, the values of a map; anything else has none."""
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, dict) else []


def _raise(signal: type[Exception]) -> Run:
    def run(scope: Scope, append: Append) -> None:
        raise signal

    return run
