"""The settings of event_reporting: events to Parquet, and a scheduled report about them by mail."""

from __future__ import annotations

from stacks.config import CommonConfig, Section


class EventReporting(Section):
    """Events to Parquet, and a scheduled report about them by mail."""


class EventReportingConfig(CommonConfig):
    """Everything that event_reporting can be told."""

    event_reporting: EventReporting = EventReporting()
