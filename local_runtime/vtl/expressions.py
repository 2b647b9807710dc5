"""Expressions of a template as Python closures: `evaluate(scope) -> value`, where null is the empty string.

API Gateway gives "" for whatever is undefined, missing or null, and takes it for true: the one rule that
explains its answers to `$nope`, `#if($nope)`, `$nope == ""` and `$nope == $null`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_runtime.vtl.errors import TemplateError
from local_runtime.vtl.java import OPERATORS
from local_runtime.vtl.methods import METHODS, PROPERTIES
from local_runtime.vtl.nodes import (
    Binary,
    Block,
    Expression,
    Index,
    Interpolation,
    ListLiteral,
    Literal,
    MapLiteral,
    Method,
    Not,
    RangeLiteral,
    Reference,
    Step,
)
from local_runtime.vtl.values import Append, JavaList, Scope, to_text

Evaluate = Callable[[Scope], Any]
CompileBlock = Callable[[Block], Callable[[Scope, Append], None]]


def truthy(value: Any) -> bool:
    """Only `false` is false: "", 0, [] and null are true."""
    return value is not False


class ExpressionCompiler:
    def __init__(self, compile_block: CompileBlock) -> None:
        self._compile_block = compile_block

    def compile(self, node: Expression) -> Evaluate:
        if isinstance(node, Literal):
            value = node.value
            return lambda scope: value
        if isinstance(node, Reference):
            return self.reference(node)
        if isinstance(node, Binary):
            return self._binary(node)
        if isinstance(node, Not):
            operand = self.compile(node.operand)
            return lambda scope: not truthy(operand(scope))
        if isinstance(node, Interpolation):
            return self._interpolation(node)
        return self._collection(node)

    # -- references ---------------------------------------------------------------------------------

    def reference(self, node: Reference) -> Evaluate:
        name = node.name
        evaluate: Evaluate = lambda scope: scope.get(name, "")  # noqa: E731
        for position, step in enumerate(node.steps):
            if position == 0 and not isinstance(step, Method | Index):
                evaluate = _property_of_variable(name, step.name)
            else:
                evaluate = self._step(evaluate, step)
        return evaluate

    def _step(self, target: Evaluate, step: Step) -> Evaluate:
        if isinstance(step, Method):
            return _method(target, step.name, tuple(self.compile(argument) for argument in step.arguments))
        if isinstance(step, Index):
            return _index(target, self.compile(step.key))
        name = step.name
        return lambda scope: get_property(target(scope), name)

    # -- operators and literals ---------------------------------------------------------------------

    def _binary(self, node: Binary) -> Evaluate:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator == "&&":
            return lambda scope: truthy(left(scope)) and truthy(right(scope))
        if node.operator == "||":
            return lambda scope: truthy(left(scope)) or truthy(right(scope))
        operate = OPERATORS[node.operator]
        return lambda scope: operate(left(scope), right(scope))

    def _interpolation(self, node: Interpolation) -> Evaluate:
        run = self._compile_block(node.body)

        def evaluate(scope: Scope) -> str:
            out: list[str] = []
            run(scope, out.append)
            return "".join(out)

        return evaluate

    def _collection(self, node: ListLiteral | RangeLiteral | MapLiteral) -> Evaluate:
        if isinstance(node, ListLiteral):
            items = [self.compile(item) for item in node.items]
            return lambda scope: JavaList([item(scope) for item in items])
        if isinstance(node, RangeLiteral):
            first, last = self.compile(node.first), self.compile(node.last)
            return lambda scope: _range(first(scope), last(scope))
        entries = [(self.compile(key), self.compile(value)) for key, value in node.entries]
        return lambda scope: {to_text(key(scope)): value(scope) for key, value in entries}


def get_property(target: Any, name: str) -> Any:
    """`$target.name`: the entry of a map, or what the Java class shows under that name."""
    if type(target) is dict:
        value = target.get(name)
        return "" if value is None else value
    function = PROPERTIES.get(name, {}).get(type(target))
    if function is None:
        return ""
    value = function(target)
    return "" if value is None else value


def _property_of_variable(variable: str, name: str) -> Evaluate:
    """`$variable.name`, the reference that loops are made of, in one call."""

    def evaluate(scope: Scope) -> Any:
        target = scope.get(variable, "")
        if type(target) is dict:
            value = target.get(name)
            return "" if value is None else value
        return get_property(target, name)

    return evaluate


def _method(target: Evaluate, name: str, arguments: tuple[Evaluate, ...]) -> Evaluate:
    overloads = METHODS.get(name, {})
    only = arguments[0] if len(arguments) == 1 else None

    def evaluate(scope: Scope) -> Any:
        receiver = target(scope)
        function = overloads.get(type(receiver))
        if function is None:
            return ""
        values = (only(scope),) if only is not None else [argument(scope) for argument in arguments]
        try:
            value = function(receiver, *values)
        except TypeError:  # no such overload: Java finds no method, the reference is null
            return ""
        except (IndexError, ValueError, OverflowError) as error:
            raise TemplateError(f".{name}(...): {error}") from error
        return "" if value is None else value

    return evaluate


def _index(target: Evaluate, key: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Any:
        container, at = target(scope), key(scope)
        if isinstance(container, dict):
            value = container.get(at)
        elif isinstance(container, list) and type(at) is int:
            if not 0 <= at < len(container):
                raise TemplateError(f"index {at} of a list of {len(container)}")
            value = container[at]
        else:
            return ""
        return "" if value is None else value

    return evaluate


def _range(first: Any, last: Any) -> JavaList:
    if type(first) is not int or type(last) is not int:
        return JavaList()
    return JavaList(range(first, last + 1) if first <= last else range(first, last - 1, -1))
