"""MERGE INTO an Iceberg table: one query a clause, one snapshot for all of them.

https://docs.aws.amazon.com/athena/latest/ug/merge-into-statement.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
from pyiceberg.table import Table
from sqlglot import exp

from local_runtime.athena.assignment import check_assignable
from local_runtime.athena.changes import (
    assigned_values,
    hidden_columns,
    target_of,
    without_hidden_columns,
)
from local_runtime.athena.execution import Execution
from local_runtime.athena.iceberg_rows import replace_rows, table_rows, trino_columns
from local_runtime.athena.names import table_name
from local_runtime.athena.result import QueryError, QueryResult, written
from local_runtime.athena.select import Answer, QueryRunner
from local_runtime.athena.sources import PATH, ROW_POSITION
from local_runtime.athena.statements import Statement
from local_runtime.athena.tables import iceberg_table
from local_runtime.lakehouse.lakehouse import Lakehouse


@dataclass
class Changes:
    """What the clauses amount to."""

    gone: list[pa.Table] = field(default_factory=list)
    added: list[pa.Table] = field(default_factory=list)
    rows: int = 0
    scanned_bytes: int = 0


@dataclass(frozen=True)
class Merge:
    """The parsed statement."""

    target: exp.Table
    source: exp.Expr
    on: exp.Expr
    clauses: list[exp.When]

    def matched(self) -> exp.Select:
        return exp.Select().from_(self.target.copy()).join(self.source.copy(), on=self.on.copy())

    def unmatched(self) -> exp.Select:
        match = exp.select(exp.Literal.number(1)).from_(self.target.copy()).where(self.on.copy())
        return exp.Select().from_(self.source.copy()).where(exp.Not(this=exp.Exists(this=match)))


class MergeInto:
    def __init__(self, lakehouse: Lakehouse, runner: QueryRunner) -> None:
        self._lakehouse = lakehouse
        self._runner = runner

    def __call__(self, statement: Statement, execution: Execution) -> QueryResult:
        tree = statement.tree()
        if not isinstance(tree, exp.Merge):
            raise QueryError("SYNTAX_ERROR", "line 1:1: MERGE INTO table USING source ON condition WHEN ...")
        merge = Merge(
            target_of(tree.this, statement),
            tree.args["using"],
            tree.args["on"],
            tree.args["whens"].expressions,
        )
        name = table_name(merge.target, execution.database, statement.sql)
        with self._lakehouse.commit_lock:
            table = iceberg_table(self._lakehouse, name, "MERGE")
            changes = self._changes(merge, table, statement, execution)
            execution.cancellation.check()
            if changes.gone or changes.added:
                replace_rows(table, _gone(changes.gone), changes.added)
        return written(changes.rows, changes.scanned_bytes)

    def _changes(self, merge: Merge, table: Table, statement: Statement, execution: Execution) -> Changes:
        changes = Changes()
        before: dict[bool, list[exp.Expr]] = {True: [], False: []}
        for clause in merge.clauses:
            matched = bool(clause.args["matched"])
            query = merge.matched() if matched else merge.unmatched()
            for earlier in before[matched]:  # the first clause that applies is the one that counts
                query = query.where(exp.Not(this=_certain(earlier)))
            condition = clause.args.get("condition")
            if condition is not None:
                query = query.where(condition.copy())
            before[matched].append(exp.true() if condition is None else condition)
            answer = self._runner.arrow(_select(query, clause, merge, table), statement.sql, execution)
            self._apply(clause, table, answer, changes)
        return changes

    def _apply(self, clause: exp.When, table: Table, answer: Answer, changes: Changes) -> None:
        changes.rows += answer.rows.num_rows
        changes.scanned_bytes = max(changes.scanned_bytes, answer.scanned_bytes)
        if clause.args["matched"]:
            changes.gone.append(answer.rows.select([0, 1]))
        if _action(clause) == "delete":
            return
        skipped = 2 if clause.args["matched"] else 0
        check_assignable(trino_columns(table), answer.columns[skipped:], "MERGE")
        rows = without_hidden_columns(answer.rows) if skipped else answer.rows
        changes.added.append(table_rows(self._runner, table, rows))


def _select(query: exp.Select, clause: exp.When, merge: Merge, table: Table) -> exp.Select:
    """The rows that a clause puts in, after the places of those that it takes out."""
    alias = merge.target.alias_or_name
    match _action(clause):
        case "delete":
            return query.select(*hidden_columns(alias))
        case "update":
            values = assigned_values(table, alias, clause.args["then"].expressions)
            return query.select(*hidden_columns(alias), *values)
    insert = clause.args["then"]
    given = insert.args["expression"].expressions
    columns = [field.name for field in table.schema().fields]
    named = insert.this.expressions if insert.this is not None else [exp.column(name) for name in columns]
    if len(named) != len(given):
        raise QueryError(
            "MISMATCHED_COLUMN_ALIASES", f"MERGE INSERT names {len(named)} columns and gives {len(given)}"
        )
    values_by_name = {column.name.lower(): value for column, value in zip(named, given, strict=True)}
    for name in values_by_name:
        if name not in [column.lower() for column in columns]:
            raise QueryError("COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {name}")
    return query.select(
        *(
            exp.alias_(values_by_name.get(name.lower(), exp.null()).copy(), f"{index}_{name}", quoted=True)
            for index, name in enumerate(columns)
        )
    )


def _action(clause: exp.When) -> str:
    then = clause.args["then"]
    return then.name.lower() if isinstance(then, exp.Var) else str(then.key)


def _certain(condition: exp.Expr) -> exp.Expr:
    """NULL is no match."""
    return exp.Coalesce(this=exp.paren(condition.copy()), expressions=[exp.false()])


def _gone(places: list[pa.Table]) -> pa.Table:
    """The rows to take out.

    Raises:
        QueryError: a row of the target has matched more than one of the source.
    """
    if not places:
        return pa.table({PATH: pa.array([], pa.string()), ROW_POSITION: pa.array([], pa.int64())})
    gone = pa.concat_tables(places)
    if gone.group_by([PATH, ROW_POSITION]).aggregate([]).num_rows != gone.num_rows:
        raise QueryError(
            "MERGE_TARGET_ROW_MULTIPLE_MATCHES", "One MERGE target table row matched more than one source row"
        )
    return gone
