"""An AWS::Glue::Crawler resource.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-glue-crawler.html
https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_runtime.assembly.model import Resource
from local_runtime.crawler.folders import Folders
from local_runtime.crawler.globs import compile_glob
from local_runtime.errors import UnsupportedResourceError
from local_runtime.schedules.cron import ScheduleError
from local_runtime.schedules.expression import Schedule, parse_schedule

CRAWLER_TYPE = "AWS::Glue::Crawler"
DEFAULT_DATABASE = "default"
EVERYTHING, NEW_FOLDERS = "CRAWL_EVERYTHING", "CRAWL_NEW_FOLDERS_ONLY"
UPDATE, LOG = "UPDATE_IN_DATABASE", "LOG"
DEPRECATE, DELETE = "DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE"


@dataclass(frozen=True)
class S3Target:
    """An include path."""

    bucket: str
    folders: Folders
    exclusions: tuple[re.Pattern[str], ...]
    sample_size: int | None
    """How many objects of each folder are read; None: all."""

    @property
    def prefix(self) -> str:
        return "".join(f"{folder}/" for folder in self.folders)


@dataclass(frozen=True)
class CrawlerSettings:
    name: str
    database: str
    table_prefix: str
    targets: tuple[S3Target, ...]
    schedule: Schedule | None
    on_change: str
    """UPDATE_IN_DATABASE or LOG."""
    on_removal: str
    """DEPRECATE_IN_DATABASE, DELETE_FROM_DATABASE or LOG."""
    new_folders_only: bool
    combine: bool
    level: int | None
    merge_new_columns: bool
    most_tables: int | None
    properties: Mapping[str, Any]
    """As the template has them."""

    @classmethod
    def from_resource(cls, resource: Resource) -> CrawlerSettings:
        """Read the resource.

        Raises:
            UnsupportedResourceError: Glue would refuse it, or a part of it is not played; it says which.
        """
        given = resource.properties
        try:
            return _settings(resource.physical_id, given)
        except (ValueError, TypeError, ScheduleError) as error:
            raise UnsupportedResourceError(
                resource.type, resource.stack, resource.logical_id, str(error)
            ) from None


def _settings(name: str, given: Mapping[str, Any]) -> CrawlerSettings:
    if given.get("Classifiers"):
        raise ValueError("Classifiers: custom classifiers are not run, the built-in one for JSON is")
    policy: Mapping[str, str] = given.get("SchemaChangePolicy", {})
    on_change = _choice(policy, "UpdateBehavior", UPDATE, LOG)
    on_removal = _choice(policy, "DeleteBehavior", DEPRECATE, DELETE, LOG)
    recrawl = _choice(given.get("RecrawlPolicy", {}), "RecrawlBehavior", EVERYTHING, NEW_FOLDERS)
    if recrawl == NEW_FOLDERS and (on_change, on_removal) != (LOG, LOG):
        raise ValueError(f"RecrawlPolicy {NEW_FOLDERS} needs LOG for UpdateBehavior and DeleteBehavior")
    configuration = _configuration(given.get("Configuration"))
    grouping: Mapping[str, Any] = configuration.get("Grouping", {})
    tables: Mapping[str, Any] = configuration.get("CrawlerOutput", {}).get("Tables", {})
    schedule = given.get("Schedule", {}).get("ScheduleExpression")
    return CrawlerSettings(
        name=name,
        database=str(given.get("DatabaseName", DEFAULT_DATABASE)).lower(),
        table_prefix=str(given.get("TablePrefix", "")),
        targets=tuple(_targets(given.get("Targets", {}))),
        schedule=None if not schedule else parse_schedule(schedule),
        on_change=on_change,
        on_removal=on_removal,
        new_folders_only=recrawl == NEW_FOLDERS,
        combine=grouping.get("TableGroupingPolicy") == "CombineCompatibleSchemas",
        level=_whole(grouping, "TableLevelConfiguration"),
        merge_new_columns=tables.get("AddOrUpdateBehavior") == "MergeNewColumns",
        most_tables=_whole(tables, "TableThreshold"),
        properties=given,
    )


def _choice(given: Mapping[str, Any], member: str, *choices: str) -> str:
    """The first one is Glue's default."""
    value = given.get(member, choices[0])
    if value not in choices:
        raise ValueError(f"{member} must be {' or '.join(choices)} here (got {value!r})")
    return str(value)


def _whole(given: Mapping[str, Any], member: str) -> int | None:
    value = given.get(member)
    if value is None:
        return None
    if int(value) < 1:
        raise ValueError(f"{member} must be 1 or more (got {value!r})")
    return int(value)


def _configuration(text: Any) -> Mapping[str, Any]:
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"Configuration is not JSON: {error}") from None
    if not isinstance(found, dict) or found.get("Version") != 1.0:
        raise ValueError('Configuration must be a JSON object with "Version": 1.0')
    return found


def _targets(given: Mapping[str, Any]) -> list[S3Target]:
    others = sorted(name for name, targets in given.items() if targets and name != "S3Targets")
    if others or not given.get("S3Targets"):
        raise ValueError(f"Targets: S3Targets are crawled (got {', '.join(others) or 'none'})")
    return [_target(target) for target in given["S3Targets"]]


def _target(given: Mapping[str, Any]) -> S3Target:
    if given.get("EventQueueArn") or given.get("ConnectionName"):
        raise ValueError("an S3 target's EventQueueArn and ConnectionName are not run")
    path = str(given.get("Path", ""))
    bucket, _, prefix = path.removeprefix("s3://").partition("/")
    if not path.startswith("s3://") or not bucket:
        raise ValueError(f"an S3 target's Path starts with s3:// and a bucket (got {path!r})")
    return S3Target(
        bucket,
        tuple(folder for folder in prefix.split("/") if folder),
        tuple(compile_glob(pattern) for pattern in given.get("Exclusions", ())),
        _whole(given, "SampleSize"),
    )
