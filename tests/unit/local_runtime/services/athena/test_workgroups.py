"""Workgroups and named queries of the templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError
from local_runtime.services.athena.workgroups import named_queries, work_groups


def assembly(*resources: tuple[str, str, dict[str, Any]]) -> Assembly:
    made = tuple(Resource("Stack", name, kind, given, name, {}) for kind, name, given in resources)
    return Assembly(Path(), "aws", "eu-west-1", "111122223333", made, {}, {})


GROUP = (
    "AWS::Athena::WorkGroup",
    "Metering",
    {"Name": "metering", "WorkGroupConfiguration": {"ResultConfiguration": {"OutputLocation": "s3://out/x"}}},
)


def test_primary_has_a_place_for_results_that_a_client_may_change() -> None:
    primary = work_groups(assembly())["primary"]
    assert primary.result_folder(None) == "s3://aws-athena-query-results-111122223333-eu-west-1/"
    assert primary.result_folder("s3://mine/there/") == "s3://mine/there/"
    with pytest.raises(AwsError, match="must start with s3://"):
        primary.result_folder("/tmp")


def test_a_workgroup_of_a_template_enforces_its_settings_unless_it_says_otherwise() -> None:
    group = work_groups(assembly(GROUP))["metering"]
    assert group.result_folder("s3://mine/") == "s3://out/x/"
    assert group.to_api()["Configuration"]["ResultConfiguration"] == {"OutputLocation": "s3://out/x"}


def test_a_query_needs_a_place_for_its_results() -> None:
    group = work_groups(assembly(("AWS::Athena::WorkGroup", "G", {"Name": "g"})))["g"]
    with pytest.raises(AwsError, match="No output location provided"):
        group.result_folder(None)


def test_named_queries_are_those_of_the_templates() -> None:
    given = {"Name": "Daily", "Database": "db", "QueryString": "SELECT 1", "WorkGroup": "metering"}
    query = named_queries(assembly(("AWS::Athena::NamedQuery", "Daily1", given)))["Daily1"]
    assert query.to_api() == {
        "Name": "Daily",
        "Description": "",
        "Database": "db",
        "QueryString": "SELECT 1",
        "NamedQueryId": "Daily1",
        "WorkGroup": "metering",
    }
