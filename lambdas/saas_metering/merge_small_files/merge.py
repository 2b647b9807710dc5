"""One hour of the log brought up to date in the merged table.

A run writes a folder that is its own and then sets the hour's partition to it. Whatever ends a run before
that leaves the old partition as it was; what runs at the same time writes elsewhere. What was merged once
stays merged: a run takes the lines of the old partition along.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lambdas.saas_metering.merge_small_files.athena import Athena
from lambdas.saas_metering.merge_small_files.bucket import Bucket
from lambdas.saas_metering.merge_small_files.catalog import Table
from lambdas.saas_metering.merge_small_files.logic import (
    Hour,
    Run,
    folders_to_delete,
    mark_in,
    mark_of,
    statement,
    tables_to_drop,
)

ROUNDS = 3


class Outcome(StrEnum):
    EMPTY = "empty"
    UNCHANGED = "unchanged"
    MERGED = "merged"


class RestlessHourError(Exception):
    """An hour whose lines kept changing while it was merged: the next run has it again."""


@dataclass(frozen=True)
class Merge:
    """`new_run` names an attempt; `columns` are the merged table's."""

    log: Table
    merged: Table
    bucket: Bucket
    athena: Athena
    sql: str
    columns: tuple[str, ...]
    new_run: Callable[[], Run]

    def bring_up_to_date(self, hour: Hour) -> Outcome:
        """Merges the hour unless it was merged from the very lines that are there now.

        It looks again after each merge: lines may have come meanwhile, or a run that knew fewer of them may
        have set the partition last.

        Raises:
            QueryError: the statement did not succeed.
            RestlessHourError: there was something new each time.
        """
        for attempt in range(ROUNDS):
            files = self.bucket.log_files(hour)
            if not files:
                return Outcome.EMPTY
            mark = mark_of(files)
            location = self.merged.location(hour)
            if location is not None and mark_in(location) == mark:
                return Outcome.MERGED if attempt else Outcome.UNCHANGED
            self._merge(hour, mark)
        raise RestlessHourError(f"{hour}: new lines came in each of {ROUNDS} rounds")

    def add_log_hour(self, hour: Hour) -> None:
        self.log.add_hour(hour, self.bucket.log_location(hour))

    def sweep(self, hours: Iterable[Hour], now: datetime) -> None:
        """Deletes what earlier runs gave up, once nobody can be using it."""
        for table in tables_to_drop(self.merged.tables_beside(), self.merged.name, now):
            self.merged.drop(table)
        for hour in hours:
            folders = self.bucket.merged_folders(hour)
            if folders:
                for folder in folders_to_delete(folders, self.merged.location(hour), now):
                    self.bucket.delete_merged_folder(hour, folder)

    def _merge(self, hour: Hour, mark: str) -> None:
        self.add_log_hour(hour)
        run = self.new_run()
        location = self.bucket.merged_location(hour, run.folder(mark))
        made = run.table(self.merged.name)
        names = {
            "made_database": self.merged.database,
            "made_table": made,
            "folder": location,
            "log_database": self.log.database,
            "log_table": self.log.name,
            "merged_database": self.merged.database,
            "merged_table": self.merged.name,
        }
        parameters = 2 * hour.parameters  # of the log, then of what was merged before
        self.athena.run(statement(self.sql, names, self.columns), parameters, self.merged.database)
        self.merged.set_hour(hour, location)
        self.merged.drop(made)
