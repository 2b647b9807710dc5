"""Workgroups and named queries: `primary`, and what the templates define.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-athena-workgroup.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-athena-namedquery.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError
from local_runtime.services.athena.executions import ENGINE

PRIMARY = "primary"


@dataclass(frozen=True)
class WorkGroup:
    name: str
    description: str
    enabled: bool
    output_location: str | None
    enforced: bool
    """Whether the client's settings give way to the workgroup's."""
    configuration: Mapping[str, Any]

    @property
    def scan_limit(self) -> int | None:
        """The bytes that one query may scan."""
        limit = self.configuration.get("BytesScannedCutoffPerQuery")
        return None if limit is None else int(limit)

    def to_api(self) -> dict[str, Any]:
        return {**self.summary(), "Configuration": {**self.configuration, "EngineVersion": ENGINE}}

    def summary(self) -> dict[str, Any]:
        return {
            "Name": self.name,
            "State": "ENABLED" if self.enabled else "DISABLED",
            "Description": self.description,
            "EngineVersion": ENGINE,
        }

    def result_folder(self, asked: str | None) -> str:
        """Where a query's results go, with a slash at the end.

        Raises:
            AwsError: neither the workgroup nor the client says where.
        """
        chosen = self.output_location if self.enforced or asked is None else asked
        if not chosen:
            raise AwsError(
                "InvalidRequestException",
                "No output location provided. An output location is required either through the Workgroup "
                "result configuration setting or as an API input.",
            )
        if not chosen.startswith("s3://"):
            message = f"outputLocation is not a valid S3 path: {chosen!r} must start with s3://"
            raise AwsError("InvalidRequestException", message)
        return chosen.rstrip("/") + "/"


@dataclass(frozen=True)
class NamedQuery:
    id: str
    name: str
    description: str
    database: str
    query: str
    work_group: str

    def to_api(self) -> dict[str, Any]:
        return {
            "Name": self.name,
            "Description": self.description,
            "Database": self.database,
            "QueryString": self.query,
            "NamedQueryId": self.id,
            "WorkGroup": self.work_group,
        }


def default_output_bucket(assembly: Assembly) -> str:
    """The bucket that Athena's console makes for an account and a region."""
    return f"aws-athena-query-results-{assembly.account}-{assembly.region}"


def work_groups(assembly: Assembly) -> dict[str, WorkGroup]:
    """By name. `primary` has a place for results here, so that a query runs without any settings."""
    location = f"s3://{default_output_bucket(assembly)}/"
    configuration = {
        "ResultConfiguration": {"OutputLocation": location},
        "EnforceWorkGroupConfiguration": False,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
    }
    primary = WorkGroup(PRIMARY, "", True, location, False, configuration)
    defined = [_work_group(resource) for resource in assembly.of_type("AWS::Athena::WorkGroup")]
    return {group.name: group for group in (primary, *defined)}


def _work_group(resource: Resource) -> WorkGroup:
    given = resource.properties
    configuration: Mapping[str, Any] = given.get("WorkGroupConfiguration", {})
    return WorkGroup(
        name=str(given["Name"]),
        description=str(given.get("Description", "")),
        enabled=given.get("State", "ENABLED") == "ENABLED",
        output_location=configuration.get("ResultConfiguration", {}).get("OutputLocation"),
        enforced=bool(configuration.get("EnforceWorkGroupConfiguration", True)),
        configuration=configuration,
    )


def named_queries(assembly: Assembly) -> dict[str, NamedQuery]:
    """By id, in the templates' order."""
    found = (_named_query(resource) for resource in assembly.of_type("AWS::Athena::NamedQuery"))
    return {query.id: query for query in found}


def _named_query(resource: Resource) -> NamedQuery:
    given = resource.properties
    return NamedQuery(
        id=resource.physical_id,
        name=str(given.get("Name", resource.logical_id)),
        description=str(given.get("Description", "")),
        database=str(given["Database"]),
        query=str(given["QueryString"]),
        work_group=str(given.get("WorkGroup", PRIMARY)),
    )
