"""Names in a query: which tables it reads, and what its result columns are called.

https://docs.aws.amazon.com/athena/latest/ug/select.html
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from local_runtime.athena.result import QueryError
from local_runtime.athena.statements import place

CATALOG = "awsdatacatalog"
UNNAMED = "_unnamed_"
SNAPSHOT_MARK = "@"


@dataclass(frozen=True)
class TableName:
    database: str
    table: str
    """Without the `$snapshots` of a metadata table."""
    metadata: str = ""
    """What follows the `$`; empty for the table itself."""
    snapshot_id: int | None = None
    """The snapshot that FOR ... AS OF means; None for the current one."""

    @property
    def identifier(self) -> str:
        """One name for all of it, as it stands in a resolved query."""
        metadata = f"${self.metadata}" if self.metadata else ""
        snapshot = "" if self.snapshot_id is None else f"{SNAPSHOT_MARK}{self.snapshot_id}"
        return f"{self.table}{metadata}{snapshot}"


def name_unnamed_columns(query: exp.Query) -> None:
    """Give every expression that Trino leaves without a name one that `result_name` recognizes."""
    counter = 0
    for select in query.find_all(exp.Select):
        for projection in list(select.expressions):
            if isinstance(projection, (exp.Alias, exp.Column, exp.Star, exp.Dot, exp.Aliases)):
                continue
            projection.replace(exp.alias_(projection.copy(), f"{UNNAMED}{counter}"))
            counter += 1


def written_names(query: exp.Query) -> dict[str, str]:
    """The names of a query's result columns, lower case -> as they are written: Trino keeps the case."""
    first = query
    while isinstance(first, exp.SetOperation):
        first = first.left
    return {projection.output_name.lower(): projection.output_name for projection in first.selects}


def result_name(name: str, index: int) -> str:
    """`_col0` for the first column when it has no name of its own."""
    unnamed = name.startswith(UNNAMED) or name == f"_col_{index}"  # the second is sqlglot's
    return f"_col{index}" if unnamed else name


def tables_of(query: exp.Expr) -> list[exp.Table]:
    """The tables that a query reads; names of its own WITH clause are none."""
    tables: dict[int, exp.Table] = {}
    for scope in traverse_scope(query):
        for _, source in scope.references:
            if isinstance(source, exp.Table) and (source.db or source.name not in scope.cte_sources):
                tables[id(source)] = source
    return list(tables.values())


def table_name(table: exp.Table, database: str | None, sql: str) -> TableName:
    """The full name of a table in a query.

    Raises:
        QueryError: another catalog, or no database is known.
    """
    catalog = table.catalog.lower()
    if catalog and catalog != CATALOG:
        raise QueryError("CATALOG_NOT_FOUND", f"{location(table, sql)}: Catalog '{table.catalog}' not found")
    schema = table.db.lower() or (database.lower() if database is not None else "")
    if not schema:
        raise QueryError(
            "MISSING_SCHEMA_NAME",
            f"{location(table, sql)}: Schema must be specified when session schema is not set",
        )
    whole, _, snapshot = table.name.lower().partition(SNAPSHOT_MARK)
    name, _, metadata = whole.partition("$")
    return TableName(schema, name, metadata, int(snapshot) if snapshot.isdecimal() else None)


def location(node: exp.Expr, sql: str) -> str:
    """`line 1:15`: where a node's first word stands in the query."""
    starts = [word.meta["start"] for word in node.find_all(exp.Identifier) if "start" in word.meta]
    return place(sql, min(starts, default=0))
