"""The crawler resource: defaults as Glue has them, refusals by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from local_runtime.crawler.settings import CrawlerSettings
from local_runtime.errors import UnsupportedResourceError
from tests.unit.local_runtime.crawler.conftest import crawler_resource


def test_defaults_are_glues() -> None:
    settings = CrawlerSettings.from_resource(crawler_resource())
    assert (settings.on_change, settings.on_removal) == ("UPDATE_IN_DATABASE", "DEPRECATE_IN_DATABASE")
    assert (settings.schedule, settings.new_folders_only, settings.level) == (None, False, None)
    assert settings.targets[0].prefix == "raw/firehose/"


def test_schedule_of_ten_minutes_is_read() -> None:
    schedule = CrawlerSettings.from_resource(
        crawler_resource(Schedule={"ScheduleExpression": "cron(0/10 * * * ? *)"})
    ).schedule
    assert schedule is not None
    noon = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)
    assert schedule.next_after(noon) == datetime(2026, 11, 21, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Targets": {"JdbcTargets": [{}]}}, "JdbcTargets"),
        ({"Targets": {"S3Targets": []}}, "none"),
        ({"Targets": {"S3Targets": [{"Path": "bucket/x"}]}}, "starts with s3://"),
        ({"Targets": {"S3Targets": [{"Path": "s3://b/x", "EventQueueArn": "a"}]}}, "EventQueueArn"),
        ({"Targets": {"S3Targets": [{"Path": "s3://b/x", "Exclusions": ["{a"]}]}}, "exclude pattern"),
        ({"Classifiers": ["mine"]}, "Classifiers"),
        ({"SchemaChangePolicy": {"UpdateBehavior": "NO"}}, "UpdateBehavior must be"),
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}, "needs LOG"),
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}}, "RecrawlBehavior must be"),
        ({"Configuration": "{"}, "not JSON"),
        ({"Configuration": "{}"}, "Version"),
        ({"Configuration": '{"Version":1.0,"Grouping":{"TableLevelConfiguration":0}}'}, "1 or more"),
        ({"Schedule": {"ScheduleExpression": "every day"}}, "every day"),
    ],
)
def test_what_glue_refuses_or_is_not_run_is_refused_with_its_place(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnsupportedResourceError, match=f"Stack/Crawler.*{message}"):
        CrawlerSettings.from_resource(crawler_resource(**changes))
