"""The names by which the stacks know one another's resources; they come from the configuration alone."""

from __future__ import annotations

from aws_cdk import Stack

from stacks.common.pseudo_parameters import partition
from stacks.event_reporting.config import EventReportingConfig

TABLE = "events"
DAY_COLUMN = "dt"
EVENTS_FOLDER = "events/"
ERROR_FOLDER = "error/"
RESULTS_FOLDER = "results/"


class Names:
    """Physical names and ARNs, as a given stack spells them."""

    def __init__(self, stack: Stack, config: EventReportingConfig) -> None:
        settings = config.event_reporting
        self.region = stack.region
        self.account = stack.account
        self.suffix = f"{settings.environment}-{settings.application}"

        place = f"{self.suffix}-{self.region}-{self.account}"
        given, given_output = settings.events_bucket_name, settings.query_output_bucket_name
        self.events_bucket = f"events-{place}" if given is None else given
        self.events_bucket_arn = _bucket_arn(self.events_bucket)
        self.events_location = f"s3://{self.events_bucket}/{EVENTS_FOLDER}"
        self.results_bucket = f"results-{place}" if given_output is None else given_output
        self.results_bucket_arn = _bucket_arn(self.results_bucket)
        self.results_location = f"s3://{self.results_bucket}/{RESULTS_FOLDER}"

        self.database = settings.database_name
        self.catalog_arns = [
            self.arn("glue", "catalog"),
            self.arn("glue", f"database/{self.database}"),
            self.arn("glue", f"table/{self.database}/{TABLE}"),
        ]
        self.delivery_stream = f"events-stream-{self.suffix}"
        self.delivery_log_group = f"/aws/kinesisfirehose/{self.delivery_stream}"

        self.report = f"event-report-{self.suffix}"
        """The state machine, the work group, the topic and the rule."""
        self.work_group_arn = self.arn("athena", f"workgroup/{self.report}")

    def function(self, task: str) -> str:
        return f"event-report-{task.replace('_', '-')}-{self.suffix}"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{partition()}:{service}:{self.region}:{self.account}:{resource}"


def _bucket_arn(name: str) -> str:
    return f"arn:{partition()}:s3:::{name}"
