"""Where Trino and DuckDB give different answers to the same words: the tree is changed to Trino's meaning.

https://trino.io/docs/current/functions.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from local_runtime.athena import arithmetic, lambdas, moments, nested, texts
from local_runtime.athena.functions import RENAMED
from local_runtime.athena.trees import call
from local_runtime.athena.unnest import unnest_for_duckdb

Rewrite = Callable[[exp.Expr], exp.Expr]

REWRITES: Mapping[type[exp.Expr], Rewrite] = {
    **arithmetic.REWRITES,
    **texts.REWRITES,
    **moments.REWRITES,
    **nested.REWRITES,
    **lambdas.REWRITES,
    exp.Unnest: unnest_for_duckdb,
}
FUNCTIONS: Mapping[str, Rewrite] = {**moments.FUNCTIONS, **lambdas.FUNCTIONS}
"""The same for functions that sqlglot knows by name only."""


def mean_what_trino_means(query: exp.Expr) -> None:
    """Rewrite a qualified query whose types are annotated, in place."""
    # Innermost first: a rewritten node must carry its rewritten children.
    for node in reversed(list(query.find_all(*REWRITES, exp.Anonymous))):
        if isinstance(node, exp.Anonymous):
            rewritten = _function(node)
        else:
            rewritten = REWRITES[type(node)](node) if type(node) in REWRITES else node
        if rewritten is not node:
            rewritten.type = node.type
            node.replace(rewritten)


def _function(node: exp.Anonymous) -> exp.Expr:
    name = node.name.lower()
    if name in FUNCTIONS:
        return FUNCTIONS[name](node)
    return call(RENAMED[name], *node.expressions) if name in RENAMED else node
