"""Which function runs which kind of statement.

https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html
"""

from __future__ import annotations

from collections.abc import Callable

from local_runtime.athena.alter_table import AlterTable
from local_runtime.athena.changes import DeleteFrom, Update
from local_runtime.athena.create_table import CreateTable
from local_runtime.athena.create_table_as import CreateTableAs
from local_runtime.athena.databases import Databases
from local_runtime.athena.execution import Execution
from local_runtime.athena.insert import InsertInto
from local_runtime.athena.maintenance import Optimize, Vacuum
from local_runtime.athena.merge import MergeInto
from local_runtime.athena.result import QueryResult
from local_runtime.athena.select import QueryRunner, select_interpreter
from local_runtime.athena.show import Show
from local_runtime.athena.statements import SELECT, Statement
from local_runtime.athena.unload import Unload
from local_runtime.lakehouse.lakehouse import Lakehouse

Interpreter = Callable[[Statement, Execution], QueryResult]


def default_interpreters(lakehouse: Lakehouse) -> dict[str, Interpreter]:
    """All that the local run interprets."""
    runner = QueryRunner(lakehouse)
    databases, show = Databases(lakehouse, runner), Show(lakehouse)
    return {
        SELECT: select_interpreter(runner),
        "INSERT INTO": InsertInto(lakehouse, runner),
        "DELETE FROM": DeleteFrom(lakehouse, runner),
        "UPDATE": Update(lakehouse, runner),
        "MERGE INTO": MergeInto(lakehouse, runner),
        "CREATE TABLE": CreateTable(lakehouse, CreateTableAs(lakehouse, runner)),
        "ALTER TABLE": AlterTable(lakehouse),
        "CREATE DATABASE": databases.create_database,
        "DROP DATABASE": databases.drop_database,
        "DROP TABLE": databases.drop_table,
        "DROP VIEW": databases.drop_table,
        "CREATE VIEW": databases.create_view,
        "MSCK REPAIR": databases.repair_table,
        "SHOW DATABASES": show.databases,
        "SHOW TABLES": show.tables,
        "SHOW VIEWS": show.views,
        "SHOW COLUMNS": show.columns,
        "SHOW PARTITIONS": show.partitions,
        "SHOW TBLPROPERTIES": show.properties,
        "SHOW CREATE": show.create,
        "DESCRIBE": show.describe,
        "OPTIMIZE": Optimize(lakehouse, runner),
        "VACUUM": Vacuum(lakehouse),
        "UNLOAD": Unload(lakehouse, runner),
    }
