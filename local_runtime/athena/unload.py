"""UNLOAD (query) TO 's3://...' WITH (format = ...): a query's rows as files, without a table.

https://docs.aws.amazon.com/athena/latest/ug/unload.html
"""

from __future__ import annotations

from local_runtime.athena.assignment import cast_rows
from local_runtime.athena.create_table_as import SERDES, file_compression, read_properties
from local_runtime.athena.execution import Execution
from local_runtime.athena.external_write import write_files
from local_runtime.athena.hive_types import hive_type_of_arrow
from local_runtime.athena.partitions import files_under
from local_runtime.athena.result import QueryError, QueryResult, written
from local_runtime.athena.select import QueryRunner
from local_runtime.athena.statements import Statement
from local_runtime.athena.words import Words
from local_runtime.lakehouse.external_tables import ExternalTable, HiveColumn, external_table_input
from local_runtime.lakehouse.lakehouse import Lakehouse


class Unload:
    def __init__(self, lakehouse: Lakehouse, runner: QueryRunner) -> None:
        self._lakehouse = lakehouse
        self._runner = runner

    def __call__(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("UNLOAD", "(")
        start, end = words.position, words.skip_brackets()
        words.expect("TO")
        location = words.string().rstrip("/")
        properties = read_properties(words)
        words.expect_end()
        file_format = properties.values.get("format", "").lower()
        compression = file_compression(file_format, properties)
        if any(files_under(self._lakehouse.objects, location)):
            raise QueryError("HIVE_PATH_ALREADY_EXISTS", f"Target directory already exists: {location}")
        query = Statement(statement.sql[:end], statement.kind).query(start)
        answer = self._runner.arrow(query, statement.sql, execution)
        kinds = {
            column.name.lower(): hive_type_of_arrow(kind)
            for column, kind in zip(answer.columns, answer.rows.schema.types, strict=True)
        }
        keys = [key.lower() for key in properties.lists.get("partitioned_by", [])]
        table_input = external_table_input(
            "unload",
            [HiveColumn(name, str(kind)) for name, kind in kinds.items() if name not in keys],
            location=location,
            serde=SERDES[file_format],
            partition_keys=[HiveColumn(key, "string") for key in keys],
            parameters={"write.compression": compression},
        )
        rows = cast_rows(self._runner, answer.rows, {name: kind.duckdb for name, kind in kinds.items()})
        execution.cancellation.check()
        write_files(self._lakehouse, ExternalTable("unload", "unload", table_input), rows)
        return written(rows.num_rows, answer.scanned_bytes)
