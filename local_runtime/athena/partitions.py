"""Which files a partitioned table has: registered partitions, or partition projection.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local_runtime.athena.java_time import strftime_pattern
from local_runtime.athena.result import QueryError
from local_runtime.athena.sources import FilePath
from local_runtime.lakehouse.external_tables import ExternalTable, Values
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_keys import split_uri
from local_runtime.lakehouse.object_store import ObjectStore

UNITS = {"YEAR": 365, "MONTH": 30, "WEEK": 7, "DAY": 1}
RELATIVE = re.compile(
    r"NOW\s*(?:([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?", re.IGNORECASE
)
PLACE = re.compile(r"\$\{([^}]+)\}")
Accepts = Callable[[str], bool]


@dataclass(frozen=True)
class PartitionFile:
    file: FilePath
    values: Values


def partition_files(table: ExternalTable, lakehouse: Lakehouse) -> Iterator[PartitionFile]:
    """Every data file of a table with its partition's values (none for a table without partitions)."""
    if not table.partition_keys:
        for file in files_under(lakehouse.objects, table.location):
            yield PartitionFile(file, ())
    elif is_projected(table):
        yield from _projected_files(table, lakehouse.objects)
    else:
        for values, location in lakehouse.external.partitions(table).items():
            for file in files_under(lakehouse.objects, location):
                yield PartitionFile(file, values)


def is_projected(table: ExternalTable) -> bool:
    return table.parameters.get("projection.enabled", "false").lower() == "true"


def injected_keys(table: ExternalTable) -> list[str]:
    """The partition keys whose values a query has to give."""
    if not is_projected(table):
        return []
    names = [key.name for key in table.partition_keys]
    return [
        name for name in names if table.parameters.get(f"projection.{name}.type", "").lower() == "injected"
    ]


def files_under(objects: ObjectStore, location: str) -> Iterator[FilePath]:
    """The data files below a folder; names that start with `_` or `.` are none."""
    bucket, folder = split_uri(location)
    if not objects.has_bucket(bucket):
        return
    prefix = f"{folder.rstrip('/')}/" if folder else ""
    for key in objects.list(bucket, prefix):
        path = objects.path(bucket, key)
        if not key.rpartition("/")[2].startswith(("_", ".")) and (size := path.stat().st_size):
            yield FilePath(f"s3://{bucket}/{key}", path, size)


def _projected_files(table: ExternalTable, objects: ObjectStore) -> Iterator[PartitionFile]:
    """The files whose place fits the template and whose values the projection makes.

    Looked at from the files, not by making every value: the answer is the same, and a range may be long.
    """
    names = [key.name for key in table.partition_keys]
    accepts = [_accepts(table, name) for name in names]
    template = table.parameters.get("storage.location.template")
    if template is None:
        template = "/".join([table.location, *(f"{name}=${{{name}}}" for name in names)])
    pattern = _template_pattern(table, template.rstrip("/"))
    for file in files_under(objects, PLACE.split(template)[0].rpartition("/")[0]):
        match = pattern.match(file.uri)
        if match is None:
            continue
        values = tuple(match[f"key{index}"] for index in range(len(names)))
        if all(accept(value) for accept, value in zip(accepts, values, strict=True)):
            yield PartitionFile(file, values)


def _template_pattern(table: ExternalTable, template: str) -> re.Pattern[str]:
    names = [key.name for key in table.partition_keys]
    pieces = PLACE.split(template)  # text, name, text, name, text
    found = [name.lower() for name in pieces[1::2]]
    if sorted(set(found)) != sorted(names):
        raise _invalid(
            table, f"storage.location.template must name each of {', '.join(names)} (got {template!r})"
        )
    seen: set[str] = set()
    pattern = re.escape(pieces[0])
    for name, text in zip(found, pieces[2::2], strict=True):
        index = names.index(name)
        slashes = table.parameters.get(f"projection.{name}.format", "").count("/")
        value = "[^/]+" if not slashes else f"[^/]+(?:/[^/]+){{{slashes}}}"
        pattern += f"(?P=key{index})" if name in seen else f"(?P<key{index}>{value})"
        pattern += re.escape(text)
        seen.add(name)
    return re.compile(f"{pattern}/")


def _accepts(table: ExternalTable, name: str) -> Accepts:
    """Whether the projection of a column makes a value."""
    settings = {
        key.removeprefix(f"projection.{name}."): value
        for key, value in table.parameters.items()
        if key.startswith(f"projection.{name}.")
    }
    kind = settings.get("type", "").lower()
    maker = KINDS.get(kind)
    if maker is None:
        raise _invalid(
            table, f"projection.{name}.type must be one of {', '.join(KINDS)} (got {settings.get('type')!r})"
        )
    try:
        return maker(settings)
    except (KeyError, ValueError) as error:
        raise _invalid(table, f"projection.{name} is not understood: {error}") from error


def _enumerated(settings: Mapping[str, str]) -> Accepts:
    known = {value.strip() for value in settings["values"].split(",")}
    return lambda value: value in known


def _integers(settings: Mapping[str, str]) -> Accepts:
    least, most = (int(end) for end in settings["range"].split(","))
    digits = int(settings.get("digits", "0"))
    interval = int(settings.get("interval", "1"))
    return lambda value: (
        re.fullmatch(r"-?\d+", value) is not None
        and least <= int(value) <= most
        and (int(value) - least) % interval == 0
        and value == f"{int(value):0{digits}d}"
    )


def _dates(settings: Mapping[str, str]) -> Accepts:
    pattern = strftime_pattern(settings["format"])
    first, last = (_moment(end.strip(), pattern) for end in settings["range"].split(","))

    def accept(value: str) -> bool:
        try:
            return first <= datetime.strptime(value, pattern.replace("%-", "%")) <= last
        except ValueError:
            return False

    return accept


def _moment(text: str, pattern: str) -> datetime:
    relative = RELATIVE.fullmatch(text)
    if relative is None:
        return datetime.strptime(text, pattern.replace("%-", "%"))
    now = datetime.now(UTC).replace(tzinfo=None)
    sign, count, unit = relative.groups()
    if unit is None:
        return now
    amount = int(count) if sign == "+" else -int(count)
    if unit.upper() in UNITS:
        return now + timedelta(days=amount * UNITS[unit.upper()])
    return now + timedelta(**{f"{unit.lower()}s": amount})


KINDS: Mapping[str, Callable[[Mapping[str, str]], Accepts]] = {
    "enum": _enumerated,
    "integer": _integers,
    "date": _dates,
    "injected": lambda settings: lambda value: True,
}


def _invalid(table: ExternalTable, detail: str) -> QueryError:
    return QueryError("INVALID_TABLE_PROPERTY", f"table {table.database}.{table.name}: {detail}")
