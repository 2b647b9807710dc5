"""Iceberg's partition transforms as Athena's DDL spells them: `event`, `day(timestamp)`, `bucket(16, uri)`.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TERM = re.compile(
    r"^(?:(?P<identity>\w+)"
    r"|(?P<time>year|month|day|hour)\(\s*(?P<of>\w+)\s*\)"
    r"|(?P<sized>bucket|truncate)\(\s*(?P<size>[1-9]\d{0,8})\s*,\s*(?P<by>\w+)\s*\))$"
)


@dataclass(frozen=True)
class PartitionField:
    """One field of a partition spec: its name, its source column and Iceberg's name of the transform."""

    name: str
    column: str
    transform: str


def parse_partition_field(text: str) -> PartitionField:
    """Reads one term.

    Raises:
        ValueError: the text is none of the known forms.
    """
    term = _TERM.match(text.strip().lower())
    if term is None:
        raise ValueError(
            "must be a column, year|month|day|hour(column), bucket(N, column) or truncate(N, column) "
            f"(got {text!r})"
        )
    if column := term["identity"]:
        return PartitionField(column, column, "identity")
    if column := term["of"]:
        return PartitionField(f"{column}_{term['time']}", column, term["time"])
    suffix = {"bucket": "bucket", "truncate": "trunc"}[term["sized"]]
    return PartitionField(f"{term['by']}_{suffix}", term["by"], f"{term['sized']}[{term['size']}]")
