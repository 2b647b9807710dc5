"""A parsed Athena query -> DuckDB's SQL with Trino's meaning.

https://docs.aws.amazon.com/athena/latest/ug/functions.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from local_runtime.athena.decimal_types import expression_metadata
from local_runtime.athena.functions import KNOWN
from local_runtime.athena.names import (
    CATALOG,
    TableName,
    location,
    name_unnamed_columns,
    result_name,
    table_name,
    tables_of,
    written_names,
)
from local_runtime.athena.pruning import Need, Occurrence, needed_columns, occurrence
from local_runtime.athena.result import QueryError
from local_runtime.athena.semantics import mean_what_trino_means
from local_runtime.athena.sources import HIDDEN_COLUMNS, Source
from local_runtime.athena.statements import DIALECT, place
from local_runtime.athena.type_checks import check_types
from local_runtime.athena.unnest import count_ordinality_as_a_column

Sources = Mapping[TableName, Source]
UNRESOLVED = re.compile(r"Column '(?P<name>[^']*)' could not be resolved|Unknown column: (?P<unknown>\S+)")
METADATA = expression_metadata()
Narrow = Callable[[Source, Need], Source]
FILE_FUNCTIONS = (exp.ReadCSV, exp.ReadParquet)


@dataclass(frozen=True)
class Translation:
    sql: str
    sources: Mapping[str, Source]
    """By the name under which the SQL refers to a table's files or rows."""
    hidden: bool
    """The query names hidden columns."""
    written_names: Mapping[str, str]

    def column_name(self, name: str, index: int) -> str:
        """What Athena calls a result column that DuckDB calls `name`."""
        return result_name(self.written_names.get(name, name), index)


def check_functions(query: exp.Expr, sql: str) -> None:
    """Refuse what Athena does not have, before DuckDB's own functions of that name would run."""
    for function in query.find_all(exp.Anonymous, *FILE_FUNCTIONS):
        name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
        if name.lower() not in KNOWN:
            call = re.search(rf"\b{re.escape(name)}\s*\(", sql, re.IGNORECASE)
            where = place(sql, call.start() if call is not None else 0)
            raise QueryError("FUNCTION_NOT_FOUND", f"{where}: Function '{name.lower()}' not registered")
    for table in query.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise QueryError("NOT_SUPPORTED", f"{location(table, sql)}: table functions are not supported")


def translate(
    query: exp.Query, sql: str, database: str | None, sources: Sources, narrow: Narrow
) -> Translation:
    """Rewrite a checked query, whose tables are all in `sources`; each is narrowed to what the query needs.

    Raises:
        QueryError: a column does not exist, or types do not go together.
    """
    hidden = any(column.name.lower() in HIDDEN_COLUMNS for column in query.find_all(exp.Column))
    name_unnamed_columns(query)
    written = written_names(query)
    count_ordinality_as_a_column(query)
    schema = _schema(sources, hidden)
    qualified = _qualify(query, sql, database, schema, sources)
    annotate_types(qualified, schema=schema, expression_metadata=METADATA, dialect=DIALECT)
    check_types(qualified, sql)
    mean_what_trino_means(qualified)
    sources = _narrowed(qualified, sources, lambda table: table_name(table, database, sql), narrow)
    parameters: dict[TableName, str] = {}
    for table in tables_of(qualified):
        name = table_name(table, database, sql)
        parameters.setdefault(name, f"source_{len(parameters)}")
        alias = table.alias_or_name
        table.replace(exp.alias_(exp.Table(this=_relation(name)), alias, table=True, quoted=True))
    return Translation(
        _with_sources(qualified, parameters, sources, hidden),
        {parameter: sources[name] for name, parameter in parameters.items()},
        hidden,
        written,
    )


def _narrowed(
    query: exp.Expr, sources: Sources, name_of: Callable[[exp.Table], TableName], narrow: Narrow
) -> Sources:
    occurrences: dict[TableName, list[Occurrence]] = defaultdict(list)
    for table in tables_of(query):
        name = name_of(table)
        occurrences[name].append(occurrence(table, sources[name].partition_keys))
    columns = needed_columns(query)
    return {name: narrow(source, Need(columns, tuple(occurrences[name]))) for name, source in sources.items()}


def _schema(sources: Sources, hidden: bool) -> MappingSchema:
    databases: dict[str, dict[str, dict[str, str]]] = {}
    visible: dict[str, dict[str, list[str]]] = {}
    for name, source in sources.items():
        columns = {**source.columns, **HIDDEN_COLUMNS} if hidden else dict(source.columns)
        databases.setdefault(name.database, {})[name.identifier] = columns
        visible.setdefault(name.database, {})[name.identifier] = list(source.columns)
    if not databases:
        return MappingSchema(None, dialect=DIALECT)
    return MappingSchema({CATALOG: databases}, visible={CATALOG: visible}, dialect=DIALECT)


def _qualify(
    query: exp.Query, sql: str, database: str | None, schema: MappingSchema, sources: Sources
) -> exp.Expr:
    tables = [sources[table_name(table, database, sql)] for table in tables_of(query)]
    try:
        return qualify(
            query, dialect=DIALECT, schema=schema, db=database, catalog=CATALOG, expand_alias_refs=False
        )
    except OptimizeError as error:
        raise _column_error(error, query, sql, tables) from error


def _column_error(error: OptimizeError, query: exp.Query, sql: str, tables: Sequence[Source]) -> QueryError:
    """sqlglot's complaint about a column in Athena's words."""
    found = UNRESOLVED.search(str(error))
    if found is None:
        return QueryError("SYNTAX_ERROR", str(error).splitlines()[0])
    name = found["name"] or found["unknown"]
    column = next((item for item in query.find_all(exp.Column) if item.name == name), None)
    where = "line 1:1" if column is None else location(column, sql)
    shown = name if column is None or not column.table else f"{column.table}.{name}"
    if shown == name and sum(name.lower() in table.columns for table in tables) > 1:
        return QueryError("AMBIGUOUS_NAME", f"{where}: Column '{name}' is ambiguous")
    return QueryError(
        "COLUMN_NOT_FOUND",
        f"{where}: Column '{shown}' cannot be resolved "
        "or requester is not authorized to access requested resources",
    )


def _relation(name: TableName) -> exp.Identifier:
    """A name that no WITH clause of the query has by accident: the catalog is in it."""
    return exp.to_identifier(".".join((CATALOG, name.database, name.identifier)), quoted=True)


def _with_sources(
    query: exp.Expr, parameters: Mapping[TableName, str], sources: Sources, hidden: bool
) -> str:
    """Put the tables' relations before the query's own WITH clause."""
    own = query.args.get("with_")
    query.set("with_", None)
    relations = [
        f"{_relation(name).sql(dialect='duckdb')} AS NOT MATERIALIZED "
        f"(FROM {sources[name].relation(parameter, hidden)})"
        for name, parameter in parameters.items()
    ]
    if own is not None:
        relations += [cte.sql(dialect="duckdb") for cte in own.expressions]
    body = query.sql(dialect="duckdb")
    if not relations:
        return body
    recursive = "RECURSIVE " if own is not None and own.args.get("recursive") else ""
    return f"WITH {recursive}{', '.join(relations)} {body}"
