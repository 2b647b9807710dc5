"""Which hours are merged, how a run names what it makes, and what nobody needs any more.

A merged hour lies in a folder of its own, whose name says which lines it was made of, when, and by which run:
`parquet-data/year=2026/month=11/day=22/hour=01/{mark}-{time}-{run}`. The partition points at one such folder,
so that it is at once the merged data and the record of what was merged (docs/decisions/0101).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from string import Template

GRACE = timedelta(hours=6)
"""Athena ends a query after 30 minutes, 4 hours where its quota was raised, and Lambda a run after 15
minutes: nobody reads or writes for longer."""

_FOLDER = re.compile(r"(?P<mark>[0-9a-f]{16})-(?P<started>\d{8}T\d{6}Z)-[0-9a-f]+")
_TABLE_TIME = "%Y%m%d%H%M%S"
_FOLDER_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, order=True)
class Hour:
    """An hour of the log, by its first moment (UTC)."""

    start: datetime

    @property
    def values(self) -> list[str]:
        """Of the partition, as the folder spells them: so MSCK REPAIR finds nothing to add."""
        return [f"{self.start:%Y}", f"{self.start:%m}", f"{self.start:%d}", f"{self.start:%H}"]

    @property
    def folder(self) -> str:
        return f"{self.start:year=%Y/month=%m/day=%d/hour=%H}"

    @property
    def parameters(self) -> list[str]:
        """For the `?` of the job's SQL."""
        return [str(int(value)) for value in self.values]

    def before(self, hours: int) -> "Hour":
        return Hour(self.start - timedelta(hours=hours))

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H}"


@dataclass(frozen=True)
class LogFile:
    """An object that Firehose wrote."""

    key: str
    etag: str


@dataclass(frozen=True)
class Run:
    """One attempt to merge one hour: nothing that it makes has a name of another's."""

    started: datetime
    id: str

    def folder(self, mark: str) -> str:
        return f"{mark}-{self.started.strftime(_FOLDER_TIME)}-{self.id}"

    def table(self, merged_table: str) -> str:
        return f"{merged_table}_tmp_{self.started.strftime(_TABLE_TIME)}_{self.id}"


def hours_to_look_at(event: Mapping[str, object], look_back_hours: int) -> list[Hour]:
    """The hours before the time of the rule's event, latest first; or those that somebody names.

    Raises:
        ValueError: the event is neither `{"time": "2026-11-22T02:06:00Z"}` nor
            `{"hours": ["2026-11-22T01"]}`.
    """
    if "hours" in event:
        named = event["hours"]
        if not isinstance(named, list) or not named:
            raise ValueError(f"hours must be a list such as ['2026-11-22T01'] (got {named!r})")
        return sorted({_hour(text) for text in named}, reverse=True)
    last = current_hour(event)
    return [last.before(back) for back in range(1, look_back_hours + 1)]


def hours_to_sweep(hours: Sequence[Hour]) -> list[Hour]:
    """The hours, and those before them, whose last runs gave up folders that were too young to delete."""
    looked_at_longest_ago = min(hours)
    past_grace = int(GRACE / timedelta(hours=1)) + 1
    return [*hours, *(looked_at_longest_ago.before(back) for back in range(1, past_grace + 1))]


def current_hour(event: Mapping[str, object]) -> Hour:
    """The hour in which the rule's event happened.

    Raises:
        ValueError: it has no time.
    """
    time = event.get("time")
    try:
        moment = datetime.strptime(str(time), "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise ValueError(f"time must be such as 2026-11-22T02:06:00Z (got {time!r})") from None
    return Hour(moment.replace(minute=0, second=0, tzinfo=UTC))


def _hour(text: object) -> Hour:
    try:
        return Hour(datetime.strptime(str(text), "%Y-%m-%dT%H").replace(tzinfo=UTC))
    except ValueError:
        raise ValueError(f"an hour must be such as 2026-11-22T01 (got {text!r})") from None


def mark_of(files: Iterable[LogFile]) -> str:
    """What tells one set of files from another: a late file, or one written anew, changes it."""
    text = "\n".join(sorted(f"{file.etag} {file.key}" for file in files))
    return sha256(text.encode()).hexdigest()[:16]


def mark_in(location: str) -> str | None:
    """The mark of the lines that a partition's folder was made of; None when no run of ours made it."""
    found = _FOLDER.fullmatch(location.rstrip("/").rpartition("/")[2])
    return None if found is None else found["mark"]


def statement(sql: str, names: Mapping[str, str], columns: Sequence[str]) -> str:
    """The job's SQL with names in place of `${...}`; all columns take one placeholder in quotes."""
    return Template(sql).substitute(names, columns='", "'.join(columns))


def folders_to_delete(folders: Iterable[str], location: str | None, now: datetime) -> list[str]:
    """Folders of runs that are not the partition's, once nobody can be reading or writing them.

    A run that failed gave its folder up soon after it began; a swap gave up those before it.
    """
    current = "" if location is None else location.rstrip("/").rpartition("/")[2]
    swapped = _started(current)
    found = []
    for folder in folders:
        started = _started(folder)
        if started is None or folder == current:
            continue
        given_up = started if swapped is None else max(started, swapped)
        if now - given_up >= GRACE:
            found.append(folder)
    return sorted(found)


def tables_to_drop(tables: Iterable[str], merged_table: str, now: datetime) -> list[str]:
    """Runs' own tables that a killed run left behind."""
    pattern = re.compile(rf"{re.escape(merged_table)}_tmp_(\d{{14}})_[0-9a-f]+")
    found = []
    for table in tables:
        match = pattern.fullmatch(table)
        if match and now - datetime.strptime(match[1], _TABLE_TIME).replace(tzinfo=UTC) >= GRACE:
            found.append(table)
    return sorted(found)


def _started(folder: str) -> datetime | None:
    found = _FOLDER.fullmatch(folder)
    return None if found is None else datetime.strptime(found["started"], _FOLDER_TIME).replace(tzinfo=UTC)
