"""The columns of a Hive table, read from the Avro schema of its events (`schemas/<system>/*.avsc`).

https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from stacks.config import ROOT

_HIVE_TYPES = {
    "string": "string",
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
}


@cache
def hive_columns(schema: str) -> tuple[dict[str, str], ...]:
    """The columns of `schemas/{schema}` as Glue has them: `Name` in lower case, `Type` and `Comment`."""
    record = json.loads((ROOT / "schemas" / schema).read_text(encoding="utf-8"))
    return tuple(
        {"Name": field["name"].lower(), "Type": _hive_type(field["type"]), "Comment": field["doc"]}
        for field in record["fields"]
    )


def _hive_type(avro: Any) -> str:
    """A type that may be null is the type itself: every Hive column may be."""
    if isinstance(avro, list):
        (avro,) = [branch for branch in avro if branch != "null"]
    if isinstance(avro, str):
        return _HIVE_TYPES[avro]
    if avro["type"] == "array":
        return f"array<{_hive_type(avro['items'])}>"
    fields = ",".join(f"{field['name']}:{_hive_type(field['type'])}" for field in avro["fields"])
    return f"struct<{fields}>"
