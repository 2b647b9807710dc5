"""Record-format conversion: JSON records to Parquet by the columns of a Glue table, as the OpenX SerDe does.

https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-error-handling.html
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from local_runtime.assembly import Assembly, Resource
from local_runtime.errors import LocalRuntimeError
from local_runtime.firehose.config import FormatConversion
from local_runtime.firehose.hive_types import Coerce, MismatchError, arrow_type, coercion
from local_runtime.firehose.records import FORMAT_CONVERSION_FAILED, Failure, Row

# AWS documents the envelope, not the codes; these are the ones that Firehose writes.
PARSE_ERROR = "DataFormatConversion.ParseError"
MALFORMED_DATA = "DataFormatConversion.MalformedData"


class ConversionError(Exception):
    """The record cannot be converted."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Column:
    """A column of the Glue table, and where its value is in a record."""

    name: str
    type: pa.DataType
    key: str
    coerce: Coerce


@dataclass(frozen=True)
class Converter:
    """Converts the records of one delivery stream."""

    settings: FormatConversion
    columns: Sequence[Column]
    catalog_table: Mapping[str, object]
    """`dataCatalogTable` of the error envelope."""

    @classmethod
    def from_assembly(cls, settings: FormatConversion, assembly: Assembly) -> Converter:
        """Find the Glue table's columns.

        Raises:
            LocalRuntimeError: the table is not in the assembly, or a column's type is not known.
        """
        table = _glue_table(settings, assembly)
        columns = []
        for given in table.properties["TableInput"].get("StorageDescriptor", {}).get("Columns", []):
            name = given["Name"].lower()
            try:
                kind = arrow_type(given["Type"])
            except ValueError as error:
                raise LocalRuntimeError(
                    f"{table.stack}/{table.logical_id}: column {name!r}: {error}"
                ) from None
            key = settings.key_of_column.get(name, name)
            columns.append(
                Column(name, kind, key.lower() if settings.case_insensitive else key, coercion(kind))
            )
        catalog_table = {
            "catalogId": settings.catalog_id,
            "databaseName": settings.database,
            "tableName": settings.table,
            "region": settings.region,
            "versionId": settings.version_id,
            "roleArn": settings.role_arn,
        }
        return cls(settings, columns, {key: value for key, value in catalog_table.items() if value})

    def convert(self, rows: Sequence[Row]) -> tuple[pa.Table, int, list[Failure]]:
        """The converted rows, of how many records they are, and the records that do not fit the schema."""
        values: list[list[Any]] = [[] for _ in self.columns]
        failures: list[Failure] = []
        for row in rows:
            try:
                converted = [self._values(document) for document in _documents(row.document)]
            except ConversionError as error:
                failures.append(self._failure(row, error))
                continue
            for members in converted:
                for column, value in zip(values, members, strict=True):
                    column.append(value)
        arrays = [
            pa.array(column_values, column.type)
            for column, column_values in zip(self.columns, values, strict=True)
        ]
        table = pa.Table.from_arrays(arrays, names=[column.name for column in self.columns])
        return table, len(rows) - len(failures), failures

    def parquet(self, rows: pa.Table) -> bytes:
        sink = io.BytesIO()
        compression = self.settings.compression.lower().replace("uncompressed", "none")
        pq.write_table(rows, sink, compression=compression)
        return sink.getvalue()

    def _values(self, document: Mapping[str, Any]) -> list[Any]:
        given = {self._key(key): value for key, value in document.items()}
        values = []
        for column in self.columns:
            value = given.get(column.key)
            try:
                values.append(None if value is None else column.coerce(value))
            except MismatchError as error:
                raise ConversionError(
                    MALFORMED_DATA, f"Data does not match the schema. Column {column.name!r}: {error}"
                ) from None
        return values

    def _key(self, key: str) -> str:
        if self.settings.dots_to_underscores:
            key = key.replace(".", "_")
        return key.lower() if self.settings.case_insensitive else key

    def _failure(self, row: Row, error: ConversionError) -> Failure:
        return Failure(
            source=row.source,
            error_output_type=FORMAT_CONVERSION_FAILED,
            code=error.code,
            message=str(error),
            raw=row.document,
            extra={
                "sequenceNumber": row.source.sequence_number,
                "subSequenceNumber": 0,
                "dataCatalogTable": dict(self.catalog_table),
            },
        )


def _glue_table(settings: FormatConversion, assembly: Assembly) -> Resource:
    tables = {
        (table.properties.get("DatabaseName"), table.properties["TableInput"].get("Name")): table
        for table in assembly.of_type("AWS::Glue::Table")
        if "TableInput" in table.properties
    }
    found = tables.get((settings.database, settings.table))
    if found is None:
        names = ", ".join(f"{database}.{table}" for database, table in tables) or "none"
        raise LocalRuntimeError(
            f"record-format conversion needs the Glue table {settings.database}.{settings.table}; "
            f"the assembly has {names}"
        )
    return found


def _documents(data: bytes) -> list[dict[str, Any]]:
    """The JSON objects of a record: one, or several written one after another."""
    try:
        found = [orjson.loads(data)]
    except orjson.JSONDecodeError:
        found = _concatenated(data)
    if not found or any(type(document) is not dict for document in found):
        raise ConversionError(PARSE_ERROR, "Encountered malformed JSON: a record holds JSON objects")
    return found


def _concatenated(data: bytes) -> list[Any]:
    decoder, found, position = json.JSONDecoder(), [], 0
    try:
        text = data.decode().strip()
        while position < len(text):
            document, end = decoder.raw_decode(text, position)
            found.append(document)
            position = end + len(text[end:]) - len(text[end:].lstrip())
    except ValueError as error:
        raise ConversionError(PARSE_ERROR, f"Encountered malformed JSON: {error}") from None
    return found
