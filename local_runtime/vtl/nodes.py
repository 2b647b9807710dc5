"""The syntax tree of a mapping template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Interpolation:
    """A double-quoted string with references or directives in it."""

    body: Block


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class RangeLiteral:
    first: Expression
    last: Expression


@dataclass(frozen=True, slots=True)
class MapLiteral:
    entries: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Property:
    name: str


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Index:
    key: Expression


Step: TypeAlias = Property | Method | Index


@dataclass(frozen=True, slots=True)
class Reference:
    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expression
    right: Expression


Expression: TypeAlias = (
    Literal | Interpolation | ListLiteral | RangeLiteral | MapLiteral | Reference | Not | Binary
)


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Output:
    reference: Reference


@dataclass(frozen=True, slots=True)
class Set:
    target: Reference
    value: Expression


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[tuple[Expression, Block], ...]
    otherwise: Block | None


@dataclass(frozen=True, slots=True)
class ForEach:
    variable: str
    items: Expression
    body: Block


@dataclass(frozen=True, slots=True)
class Define:
    name: str
    body: Block


@dataclass(frozen=True, slots=True)
class Break:
    pass


@dataclass(frozen=True, slots=True)
class Stop:
    pass


Statement: TypeAlias = Text | Output | Set | If | ForEach | Define | Break | Stop


@dataclass(frozen=True, slots=True)
class Block:
    statements: tuple[Statement, ...]
