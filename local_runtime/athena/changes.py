"""DELETE and UPDATE on Iceberg tables.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html
"""

from __future__ import annotations

import pyarrow as pa
from pyiceberg.table import Table
from sqlglot import exp

from local_runtime.athena.assignment import check_assignable
from local_runtime.athena.execution import Execution
from local_runtime.athena.iceberg_rows import replace_rows, table_rows, trino_columns
from local_runtime.athena.names import table_name
from local_runtime.athena.result import QueryError, QueryResult, written
from local_runtime.athena.select import QueryRunner
from local_runtime.athena.sources import PATH, ROW_POSITION
from local_runtime.athena.statements import Statement, place
from local_runtime.athena.tables import iceberg_table
from local_runtime.lakehouse.lakehouse import Lakehouse


class DeleteFrom:
    def __init__(self, lakehouse: Lakehouse, runner: QueryRunner) -> None:
        self._lakehouse = lakehouse
        self._runner = runner

    def __call__(self, statement: Statement, execution: Execution) -> QueryResult:
        tree = statement.tree()
        if not isinstance(tree, exp.Delete) or tree.args.get("using") or tree.args.get("limit"):
            raise _unexpected(statement, "DELETE FROM table [ WHERE condition ]")
        target = target_of(tree.this, statement)
        name = table_name(target, execution.database, statement.sql)
        with self._lakehouse.commit_lock:
            table = iceberg_table(self._lakehouse, name, "DELETE")
            query = exp.select(*hidden_columns(target.alias_or_name)).from_(target.copy())
            answer = self._runner.arrow(_where(query, tree), statement.sql, execution)
            execution.cancellation.check()
            replace_rows(table, answer.rows, [])
        return written(answer.rows.num_rows, answer.scanned_bytes)


class Update:
    def __init__(self, lakehouse: Lakehouse, runner: QueryRunner) -> None:
        self._lakehouse = lakehouse
        self._runner = runner

    def __call__(self, statement: Statement, execution: Execution) -> QueryResult:
        tree = statement.tree()
        if not isinstance(tree, exp.Update) or tree.args.get("from_"):
            raise _unexpected(statement, "UPDATE table SET column = expression [, ...] [ WHERE condition ]")
        target = target_of(tree.this, statement)
        name = table_name(target, execution.database, statement.sql)
        with self._lakehouse.commit_lock:
            table = iceberg_table(self._lakehouse, name, "UPDATE")
            values = assigned_values(table, target.alias_or_name, tree.expressions)
            query = exp.select(*hidden_columns(target.alias_or_name), *values).from_(target.copy())
            answer = self._runner.arrow(_where(query, tree), statement.sql, execution)
            check_assignable(trino_columns(table), answer.columns[2:], "UPDATE")
            execution.cancellation.check()
            rows = table_rows(self._runner, table, without_hidden_columns(answer.rows))
            replace_rows(table, answer.rows, [rows])
        return written(answer.rows.num_rows, answer.scanned_bytes)


def target_of(node: exp.Expr, statement: Statement) -> exp.Table:
    if not isinstance(node, exp.Table):
        raise _unexpected(statement, "a table's name")
    return node


def hidden_columns(table: str) -> list[exp.Expr]:
    """Where a row is: its file and its position in it, under their own names."""
    return [
        exp.alias_(
            exp.column(exp.to_identifier(name, quoted=True), exp.to_identifier(table)), name, quoted=True
        )
        for name in (PATH, ROW_POSITION)
    ]


def without_hidden_columns(rows: pa.Table) -> pa.Table:
    return rows.select(range(2, rows.num_columns))


def assigned_values(table: Table, alias: str, assignments: list[exp.Expr]) -> list[exp.Expr]:
    """An expression for each of the table's columns: what is assigned, or the column itself.

    Raises:
        QueryError: a column does not exist, or is assigned twice.
    """
    assigned: dict[str, exp.Expr] = {}
    for assignment in assignments:
        column = assignment.this.name.lower()
        if column in assigned:
            raise QueryError("SYNTAX_ERROR", f"Column '{column}' is assigned more than once")
        assigned[column] = assignment.expression
    columns = [field.name for field in table.schema().fields]
    for column in assigned:
        if column not in [name.lower() for name in columns]:
            raise QueryError("COLUMN_NOT_FOUND", f"The UPDATE SET target column {column} doesn't exist")
    values = (
        assigned.get(name.lower(), exp.column(exp.to_identifier(name, quoted=True), exp.to_identifier(alias)))
        for name in columns
    )
    return [
        exp.alias_(value.copy(), f"{index}_{name}", quoted=True)
        for index, (value, name) in enumerate(zip(values, columns, strict=True))
    ]


def _where(query: exp.Select, tree: exp.Expr) -> exp.Select:
    where = tree.args.get("where")
    if where is not None:
        query.set("where", where.copy())
    return query


def _unexpected(statement: Statement, expected: str) -> QueryError:
    return QueryError("SYNTAX_ERROR", f"{place(statement.sql, 0)}: {statement.kind}: expecting {expected}")
