"""Which folders are tables and which are their partitions, from the schemas of the objects in them.

https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html
https://repost.aws/knowledge-center/glue-crawler-detect-schema
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from local_runtime.crawler.schema import Inferred, merge, merge_all, similarity

SIMILAR = 0.7
MOST_CLUSTERS = 5
LONGEST_NAME = 128

Folders = tuple[str, ...]
"""Folder names from the bucket's root on."""
Values = tuple[str, ...]


@dataclass(frozen=True)
class CrawledFile:
    """One object, as far as it was read."""

    folders: Folders
    schema: Inferred
    size: int = 0
    records: int = 0
    """In the whole object, estimated from what was read."""
    compressed: bool = False


@dataclass(frozen=True)
class FoundTable:
    """A table's folder, its columns (a struct) and its partitions' folders by their values."""

    folders: Folders
    schema: Inferred
    keys: tuple[str, ...]
    partitions: Mapping[Values, Folders]
    files: Sequence[CrawledFile]
    left_out: int = 0
    """Objects in folders that are deeper or less deep than those of most."""


def find_tables(
    files: Sequence[CrawledFile], root: Folders, *, combine: bool = False, level: int | None = None
) -> list[FoundTable]:
    """The tables of the objects below an include path.

    Args:
        combine: one table whatever the schemas (TableGroupingPolicy CombineCompatibleSchemas).
        level: how deep a table's folder is, the bucket being 1 (TableLevelConfiguration).
    """
    if not files:
        return []
    if level is not None:
        return [_table(group, folders) for folders, group in _grouped(files, level - 1).items()]
    if combine or _are_similar(files):
        return [_table(files, root)]
    deeper = _grouped(files, len(root) + 1)
    return [
        table
        for folders, group in deeper.items()
        for table in ([_table(group, root)] if folders == root else find_tables(group, folders))
    ]


def _grouped(files: Iterable[CrawledFile], depth: int) -> dict[Folders, list[CrawledFile]]:
    """By their first folders."""
    groups: dict[Folders, list[CrawledFile]] = defaultdict(list)
    for file in files:
        groups[file.folders[:depth]].append(file)
    return groups


def _are_similar(files: Sequence[CrawledFile]) -> bool:
    """Whether most folders have schemas that go together: in one folder all objects are taken to do so."""
    by_folder: dict[Folders, Inferred] = {}
    for file in files:
        known = by_folder.get(file.folders)
        by_folder[file.folders] = file.schema if known is None else merge(known, file.schema)
    clusters: list[Inferred] = []
    sizes: Counter[int] = Counter()
    for schema in by_folder.values():
        place = next((i for i, known in enumerate(clusters) if similarity(known, schema) >= SIMILAR), None)
        if place is None and len(clusters) == MOST_CLUSTERS:
            return False
        if place is None:
            place = len(clusters)
            clusters.append(schema)
        else:
            clusters[place] = merge(clusters[place], schema)
        sizes[place] += 1
    return max(sizes.values()) > SIMILAR * len(by_folder)


def _table(files: Sequence[CrawledFile], root: Folders) -> FoundTable:
    depths = Counter(len(file.folders) - len(root) for file in files)
    depth = max(depths, key=lambda item: (depths[item], item))
    kept = [file for file in files if len(file.folders) - len(root) == depth]
    below = list(dict.fromkeys(file.folders[len(root) :] for file in kept))
    keys = tuple(_key(number, [folders[number] for folders in below]) for number in range(depth))
    return FoundTable(
        root,
        merge_all(file.schema for file in kept),
        keys,
        {_values(keys, folders): (*root, *folders) for folders in below} if keys else {},
        kept,
        len(files) - len(kept),
    )


def _key(number: int, names: Sequence[str]) -> str:
    """The name that all folders of a level have before a `=`, else `partition_0`, `partition_1` ..."""
    found = {name.partition("=")[0].lower() if "=" in name else "" for name in names}
    return next(iter(found)) if len(found) == 1 and "" not in found else f"partition_{number}"


def _values(keys: Sequence[str], folders: Folders) -> Values:
    return tuple(
        folder.partition("=")[2] if folder.partition("=")[0].lower() == key else folder
        for key, folder in zip(keys, folders, strict=True)
    )


def table_name(prefix: str, folders: Folders, bucket: str) -> str:
    """As a crawler names a table: the prefix and the last folder, letters, digits and `_` alone."""
    name = folders[-1] if folders else bucket
    return re.sub(r"[^a-z0-9_]", "_", f"{prefix}{name}".lower())[:LONGEST_NAME]


def other_name(name: str, location: str) -> str:
    """The name where another table has that one."""
    digest = hashlib.md5(location.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: LONGEST_NAME - len(digest) - 1]}_{digest}"
