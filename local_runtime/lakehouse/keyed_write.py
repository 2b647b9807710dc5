"""Insert, update and delete by unique keys, as Firehose does inside a record's partition, in one snapshot.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-considerations.html
Copy on write (docs/decisions/0055): the files that hold a key are written anew without its rows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import PrimitiveType

from local_runtime.errors import LocalRuntimeError
from local_runtime.lakehouse.data_files import (
    commit_files,
    current_files,
    read_rows,
    with_current_columns,
    write_rows,
)
from local_runtime.lakehouse.row_keys import flat, key_schema, partition_columns, row_keys, stored_values

INSERT, UPDATE, DELETE = "insert", "update", "delete"
OPERATIONS = (INSERT, UPDATE, DELETE)

PartitionValues = tuple[Any, ...]


@dataclass(frozen=True)
class Reduced:
    """What a batch amounts to: rows to add, and the keys whose rows in the table must go."""

    added: pa.Table
    replaced: pa.Table
    """The rows that name those keys, one a key."""
    keys: pa.Array


@dataclass(frozen=True)
class Rewritten:
    """Files that hold a replaced key, and the rows of theirs that stay."""

    files: tuple[DataFile, ...]
    survivors: tuple[pa.Table, ...]


def check_unique_keys(table: Table, unique_keys: Sequence[str]) -> None:
    """Raises LocalRuntimeError when there are none or a key is no column of the table."""
    columns = [field.name for field in table.schema().fields if isinstance(field.field_type, PrimitiveType)]
    wrong = [name for name in unique_keys if name not in columns]
    name = ".".join(table.name())
    if not unique_keys:
        raise LocalRuntimeError(f"table {name}: update and delete need unique keys, and it has none")
    if wrong:
        raise LocalRuntimeError(
            f"table {name}: the unique key {wrong[0]!r} is none of its columns ({', '.join(columns)})"
        )


def write_changes(
    table: Table,
    rows: pa.Table,
    operations: Sequence[str],
    unique_keys: Sequence[str],
    summary: Mapping[str, str],
) -> int:
    """Apply a batch in its order, the last operation on a key winning; the id of its one snapshot.

    Args:
        operations: one of `insert`, `update`, `delete` for each row. An update replaces all rows of the key
            in the row's partition, however many there are; an insert adds a row whatever there is.
    """
    check_unique_keys(table, unique_keys)
    # What stays in a file must keep its columns of now, whatever the batch knew of them.
    current = with_current_columns(table, rows)
    reduced = reduce_batch(table, current, operations, unique_keys)
    rewritten = _rewrite(table, reduced, unique_keys)
    survivors = [part.cast(current.schema) for part in rewritten.survivors]
    added = write_rows(table, pa.concat_tables([*survivors, reduced.added]))
    return commit_files(table, added=added, removed=rewritten.files, summary=summary)


def reduce_batch(
    table: Table, rows: pa.Table, operations: Sequence[str], unique_keys: Sequence[str]
) -> Reduced:
    """The same outcome without the order: what an operation later in the batch undoes is left out."""
    encoded = row_keys(rows, table.schema(), table.spec(), unique_keys).dictionary_encode()
    codes: list[int] = encoded.indices.to_pylist()
    last_reset = [-1] * len(encoded.dictionary)
    for index, (code, operation) in enumerate(zip(codes, operations, strict=True)):
        if operation != INSERT:
            last_reset[code] = index
    kept = [
        index > last_reset[code] if operation == INSERT else operation == UPDATE and index == last_reset[code]
        for index, (code, operation) in enumerate(zip(codes, operations, strict=True))
    ]
    replaced = pa.array([index for index in last_reset if index >= 0], pa.int64())
    return Reduced(
        added=rows.filter(pa.array(kept, pa.bool_())),
        replaced=rows.take(replaced),
        keys=encoded.dictionary.filter(pa.array([index >= 0 for index in last_reset], pa.bool_())),
    )


def _rewrite(table: Table, reduced: Reduced, unique_keys: Sequence[str]) -> Rewritten:
    schema, spec = table.schema(), table.spec()
    narrow = key_schema(schema, spec, unique_keys)
    files: list[DataFile] = []
    survivors: list[pa.Table] = []
    for task in _candidates(table, reduced, unique_keys):
        keys = read_rows(table, [task], narrow)
        # The first key alone rules out nearly all rows; whole keys are made only for the rest.
        first = flat(keys.column(unique_keys[0]))
        matches = pc.is_in(first, value_set=reduced.replaced.column(unique_keys[0]).cast(first.type))
        near = row_keys(keys.filter(matches), schema, spec, unique_keys)
        exact = pc.is_in(near, value_set=reduced.keys)
        if not pc.any(exact, min_count=0).as_py():
            continue
        matches = pc.replace_with_mask(matches, matches, exact)
        files.append(task.file)
        survivors.append(read_rows(table, [task]).filter(pc.invert(matches)))
    return Rewritten(tuple(files), tuple(survivors))


def _candidates(table: Table, reduced: Reduced, unique_keys: Sequence[str]) -> Iterator[FileScanTask]:
    """The files that may hold a replaced key, by partition and by the bounds of their columns."""
    if not reduced.replaced.num_rows:
        return
    by_partition = _bounds(table, reduced.replaced, unique_keys)
    spec_id = table.spec().spec_id
    for task in current_files(table):
        file = task.file
        if file.spec_id != spec_id:  # partitioned in an older way: any of the keys may be in it
            yield task
            continue
        wanted = by_partition.get(tuple(file.partition[index] for index in range(len(table.spec().fields))))
        if wanted is not None and all(_may_hold(table, file, name, wanted[name]) for name in unique_keys):
            yield task


def _bounds(
    table: Table, replaced: pa.Table, unique_keys: Sequence[str]
) -> dict[PartitionValues, dict[str, list[Any] | None]]:
    """Partition -> key column -> its sorted values; None where one of them is null."""
    partitions = [
        stored_values(column) for column in partition_columns(replaced, table.schema(), table.spec())
    ]
    columns = {name: stored_values(replaced.column(name)) for name in unique_keys}
    members: dict[PartitionValues, list[int]] = defaultdict(list)
    for index in range(replaced.num_rows):
        members[tuple(column[index] for column in partitions)].append(index)
    return {
        partition: {
            name: _sorted_or_none({values[index] for index in indexes}) for name, values in columns.items()
        }
        for partition, indexes in members.items()
    }


def _sorted_or_none(values: set[Any]) -> list[Any] | None:
    return None if None in values else sorted(values)


def _may_hold(table: Table, file: DataFile, name: str, values: list[Any] | None) -> bool:
    """Whether a value lies between the column's bounds in the file (cut texts still bound what they cut)."""
    field = table.schema().find_field(name)
    lower = (file.lower_bounds or {}).get(field.field_id)
    upper = (file.upper_bounds or {}).get(field.field_id)
    if values is None or lower is None or upper is None or not isinstance(field.field_type, PrimitiveType):
        return True
    least = from_bytes(field.field_type, lower)
    most = from_bytes(field.field_type, upper)
    position = bisect_left(values, least)
    return position < len(values) and values[position] <= most
