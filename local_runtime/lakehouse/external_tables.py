"""The Glue catalog's other tables: files under a prefix (JSON, Parquet), their partitions, and views.

https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
A table is kept as its `TableInput`, the shape in which templates, Athena's DDL and the Glue API have it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_runtime.errors import LocalRuntimeError
from local_runtime.lakehouse.object_keys import split_uri

VIEW = "VIRTUAL_VIEW"
EXTERNAL = "EXTERNAL_TABLE"
JSON, PARQUET = "json", "parquet"

JSON_SERDES = ("org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe")
PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
PARQUET_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
PARQUET_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
FORMAT_OF_SERDE = {PARQUET_SERDE: PARQUET, **dict.fromkeys(JSON_SERDES, JSON)}

Values = tuple[str, ...]
"""A partition's values, in the order of the table's partition keys."""


@dataclass(frozen=True)
class HiveColumn:
    name: str
    type: str
    """In Hive's words: `string`, `array<int>`, `struct<a:int>`."""
    comment: str | None = None


@dataclass(frozen=True)
class ExternalTable:
    """One table or view of the catalog that is no Iceberg table."""

    database: str
    name: str
    table_input: Mapping[str, Any]

    @property
    def is_view(self) -> bool:
        return self.table_input.get("TableType") == VIEW

    @property
    def columns(self) -> list[HiveColumn]:
        return _columns(self._storage.get("Columns", ()))

    @property
    def partition_keys(self) -> list[HiveColumn]:
        return _columns(self.table_input.get("PartitionKeys", ()))

    @property
    def location(self) -> str:
        """The folder's `s3://` URI, without a slash at its end."""
        return str(self._storage.get("Location", "")).rstrip("/")

    @property
    def parameters(self) -> Mapping[str, str]:
        parameters: Mapping[str, str] = self.table_input.get("Parameters", {})
        return parameters

    @property
    def serde(self) -> str:
        return str(self._storage.get("SerdeInfo", {}).get("SerializationLibrary", ""))

    @property
    def serde_parameters(self) -> Mapping[str, str]:
        parameters: Mapping[str, str] = self._storage.get("SerdeInfo", {}).get("Parameters", {})
        return parameters

    @property
    def format(self) -> str:
        """`json` or `parquet`.

        Raises:
            LocalRuntimeError: the files are of another kind.
        """
        try:
            return FORMAT_OF_SERDE[self.serde]
        except KeyError:
            raise LocalRuntimeError(
                f"table {self.database}.{self.name}: the local run reads files by the SerDes "
                f"{', '.join(FORMAT_OF_SERDE)} (got {self.serde!r})"
            ) from None

    @property
    def _storage(self) -> Mapping[str, Any]:
        storage: Mapping[str, Any] = self.table_input.get("StorageDescriptor", {})
        return storage


class ExternalTables:
    """The catalog's entries, durable in one SQLite file; safe for many threads. Names are lower case."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        with self._lock:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS tables (database TEXT, name TEXT, input TEXT NOT NULL, "
                "PRIMARY KEY (database, name))"
            )
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS declared (database TEXT, name TEXT, input TEXT NOT NULL, "
                "PRIMARY KEY (database, name))"
            )
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS partitions (database TEXT, name TEXT, partition_values TEXT, "
                "location TEXT NOT NULL, PRIMARY KEY (database, name, partition_values), "
                "FOREIGN KEY (database, name) REFERENCES tables ON DELETE CASCADE)"
            )

    def put(self, database: str, table_input: Mapping[str, Any]) -> ExternalTable:
        """Add a table or replace it; its partitions stay."""
        table = ExternalTable(database.lower(), str(table_input["Name"]).lower(), dict(table_input))
        self._execute(
            "INSERT INTO tables VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET input = excluded.input",
            (table.database, table.name, json.dumps(table.table_input)),
        )
        return table

    def declare(self, table: ExternalTable) -> None:
        """A template's table: made, or changed where the template did; what SQL changed since stays."""
        place, text = (table.database, table.name), json.dumps(table.table_input)
        known = self._execute("SELECT input FROM declared WHERE database = ? AND name = ?", place)
        if known != [(text,)] or self.get(*place) is None:
            self.put(table.database, table.table_input)
            self._execute("INSERT OR REPLACE INTO declared VALUES (?, ?, ?)", (*place, text))

    def get(self, database: str, name: str) -> ExternalTable | None:
        rows = self._execute(
            "SELECT input FROM tables WHERE database = ? AND name = ?", (database.lower(), name.lower())
        )
        return ExternalTable(database.lower(), name.lower(), json.loads(rows[0][0])) if rows else None

    def names(self, database: str) -> list[str]:
        rows = self._execute("SELECT name FROM tables WHERE database = ? ORDER BY name", (database.lower(),))
        return [name for (name,) in rows]

    def delete(self, database: str, name: str) -> None:
        """Forget a table and its partitions; its files stay, as in Glue."""
        self._execute("DELETE FROM tables WHERE database = ? AND name = ?", (database.lower(), name.lower()))

    def partitions(self, table: ExternalTable) -> dict[Values, str]:
        """The registered partitions' folders, in order of their values."""
        rows = self._execute(
            "SELECT partition_values, location FROM partitions WHERE database = ? AND name = ? ORDER BY 1",
            (table.database, table.name),
        )
        return {tuple(json.loads(values)): location for values, location in rows}

    def add_partitions(self, table: ExternalTable, partitions: Mapping[Values, str]) -> None:
        """Register partitions in one transaction; one that is there gets the new folder."""
        rows = [
            (table.database, table.name, json.dumps(values), location.rstrip("/"))
            for values, location in partitions.items()
        ]
        with self._lock:
            self._connection.execute("BEGIN")
            self._connection.executemany(
                "INSERT INTO partitions VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET location = excluded.location",
                rows,
            )
            self._connection.execute("COMMIT")

    def drop_partition(self, table: ExternalTable, values: Values) -> None:
        self._execute(
            "DELETE FROM partitions WHERE database = ? AND name = ? AND partition_values = ?",
            (table.database, table.name, json.dumps(values)),
        )

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _execute(self, sql: str, parameters: Sequence[str]) -> list[tuple[str, ...]]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()


def partition_folder(table: ExternalTable, values: Iterable[str]) -> str:
    """Where a partition's files lie when nobody said otherwise: `location/key=value/...`."""
    pairs = zip(table.partition_keys, values, strict=True)
    return "/".join([table.location, *(f"{key.name}={value}" for key, value in pairs)])


def external_table_input(
    name: str,
    columns: Sequence[HiveColumn],
    *,
    location: str,
    serde: str,
    partition_keys: Sequence[HiveColumn] = (),
    serde_parameters: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A `TableInput` as Athena's CREATE EXTERNAL TABLE leaves it in Glue."""
    split_uri(location)  # refuses what is no S3 location
    parquet = FORMAT_OF_SERDE.get(serde) == PARQUET
    return {
        "Name": name,
        "TableType": EXTERNAL,
        "Parameters": {"EXTERNAL": "TRUE", **({} if parameters is None else parameters)},
        "PartitionKeys": [_column_input(column) for column in partition_keys],
        "StorageDescriptor": {
            "Columns": [_column_input(column) for column in columns],
            "Location": location,
            "InputFormat": PARQUET_INPUT if parquet else TEXT_INPUT,
            "OutputFormat": PARQUET_OUTPUT if parquet else TEXT_OUTPUT,
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": {} if serde_parameters is None else dict(serde_parameters),
            },
        },
    }


def _columns(inputs: Iterable[Mapping[str, Any]]) -> list[HiveColumn]:
    return [
        HiveColumn(str(item["Name"]).lower(), str(item.get("Type", "string")), item.get("Comment"))
        for item in inputs
    ]


def _column_input(column: HiveColumn) -> dict[str, str]:
    described = {"Name": column.name, "Type": column.type}
    return described if column.comment is None else {**described, "Comment": column.comment}
