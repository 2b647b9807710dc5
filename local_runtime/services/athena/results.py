"""Results as Athena keeps them: a CSV file in S3, read back page by page.

https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
Every value is quoted, NULL is nothing at all between two commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

Cell = str | None

_FIELD = re.compile(rb'("[^"]*(?:""[^"]*)*")?([,\n])')
_BLOCK = 1 << 20
_PRECISION = {
    "varchar": 2147483647,
    "string": 0,
    "char": 2147483647,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varbinary": 1073741824,
}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")


def column_info(name: str, type_name: str) -> dict[str, Any]:
    """A column as GetQueryResults describes it: the type's bare name, its numbers apart."""
    bare = re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", "", type_name).replace("  ", " ").strip()
    if bare.startswith(("array", "map", "row")):
        bare = re.split(r"\W", bare)[0]
    decimal = _DECIMAL.fullmatch(type_name)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": bare,
        "Precision": int(decimal[1]) if decimal else _PRECISION.get(bare, 0),
        "Scale": int(decimal[2]) if decimal else 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": bare in ("varchar", "char"),
    }


def to_csv(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The lines of a SELECT's result file."""
    yield _line(names)
    for row in rows:
        yield _line(row)


def to_text_file(rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The lines of what SHOW, DESCRIBE and the like give: no header, a tab between columns."""
    for row in rows:
        yield ("\t".join("" if cell is None else cell for cell in row) + "\n").encode()


def _line(cells: Sequence[Cell]) -> bytes:
    quoted = ("" if cell is None else f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in cells)
    return f"{','.join(quoted)}\n".encode()


def read_csv(path: Path, offset: int, limit: int) -> tuple[list[list[Cell]], int | None]:
    """Up to `limit` rows from a byte offset on, and the offset of the next one; None when there is none.

    The header counts as a row, as it does in GetQueryResults.
    """
    size = path.stat().st_size
    rows: list[list[Cell]] = []
    row: list[Cell] = []
    with path.open("rb") as file:
        file.seek(offset)
        buffer, position = file.read(_BLOCK), 0
        while len(rows) < limit and offset < size:
            match = _FIELD.match(buffer, position)
            if match is None:
                more = file.read(_BLOCK)
                if not more:
                    raise ValueError(f"{path}: byte {offset + position} begins no field of a result file")
                buffer = buffer[position:] + more
                offset, position = offset + position, 0
                continue
            position = match.end()
            row.append(_cell(match[1]))
            if match[2] == b"\n":
                rows.append(row)
                row = []
                if offset + position >= size:
                    return rows, None
    return rows, offset + position if offset + position < size else None


def _cell(quoted: bytes | None) -> Cell:
    return None if quoted is None else quoted[1:-1].replace(b'""', b'"').decode()


def read_text_file(path: Path, offset: int, limit: int) -> tuple[list[list[Cell]], int | None]:
    """The same for a text file."""
    rows: list[list[Cell]] = []
    with path.open("rb") as file:
        file.seek(offset)
        while len(rows) < limit and (line := file.readline()):
            rows.append(list(line.decode().removesuffix("\n").split("\t")))
        end = file.tell()
    return rows, end if end < path.stat().st_size else None


def api_rows(rows: Iterable[Sequence[Cell]]) -> list[dict[str, Any]]:
    return [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows]
