"""saas_metering's copies of one another: log line, tables, DDL, the job, the functions' environment."""

from __future__ import annotations

import json
import string
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from lambdas.saas_metering.merge_small_files.logic import Hour, hours_to_look_at, statement
from lambdas.saas_metering.merge_small_files.settings import Settings
from local_runtime.gateway.access_log import compile_format
from stacks.saas_metering.access_log import FIELDS, LINE
from stacks.saas_metering.config_values import HOUR_FOLDER
from stacks.saas_metering.tables import json_columns, parquet_columns

ROOT = Path(__file__).parents[2]
SQL = ROOT / "sql" / "saas_metering"
NAMES = ["requestId", "ip", "user", "requestTime", "httpMethod", "resourcePath", "status", "protocol"]
NAMES.append("responseLength")


def test_log_has_the_nine_fields_of_the_contract_in_order() -> None:
    assert list(json.loads(LINE)) == [field.name for field in FIELDS] == NAMES


def test_request_id_and_user_are_none_that_a_client_could_choose() -> None:
    line = json.loads(LINE)
    assert line["requestId"] == "$context.extendedRequestId"
    assert line["user"] == "$context.authorizer.claims.sub"


TEXT = st.one_of(st.none(), st.text(max_size=30))


@given(
    st.fixed_dictionaries(
        {
            "extendedRequestId": TEXT,
            "httpMethod": TEXT,
            "resourcePath": TEXT,
            "protocol": TEXT,
            "status": st.one_of(st.none(), st.integers(100, 599)),
            "responseLength": st.one_of(st.none(), st.integers(0, 10**7)),
            "requestTimeEpoch": st.one_of(st.none(), st.integers(0, 2**43)),
            "identity": st.fixed_dictionaries({"sourceIp": TEXT, "userAgent": TEXT}),
            "authorizer": st.one_of(
                st.none(),
                st.fixed_dictionaries({"claims": st.one_of(st.none(), st.fixed_dictionaries({"sub": TEXT}))}),
            ),
        }
    )
)
def test_every_context_gives_one_line_of_json_with_nine_texts(context: dict[str, Any]) -> None:
    written = compile_format(LINE)(context)
    assert written.endswith("\n")
    assert written.count("\n") == 1
    line = json.loads(written)
    assert list(line) == NAMES
    assert all(isinstance(value, str) and value for value in line.values())
    assert line["status"] == ("-" if context["status"] is None else str(context["status"]))


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("restapi_access_log_json", json_columns(FIELDS)),
        ("restapi_access_log_parquet", parquet_columns(FIELDS)),
    ],
)
def test_hand_made_tables_have_the_columns_of_the_templates(file: str, columns: list[dict[str, str]]) -> None:
    tree = sqlglot.parse_one((SQL / "tables" / f"{file}.sql").read_text(), read="athena")
    found = [
        (
            column.name,
            column.args["kind"].sql("hive").lower(),
            column.find(exp.CommentColumnConstraint).this.this,  # type: ignore[union-attr]
        )
        for column in tree.find(exp.Schema).find_all(exp.ColumnDef)  # type: ignore[union-attr]
        if column.find(exp.CommentColumnConstraint)
    ]
    assert found == [(column["Name"], column["Type"], column["Comment"]) for column in columns]


def test_job_gives_the_merged_tables_columns_from_the_logs() -> None:
    sql = (SQL / "jobs" / "merge_hour.sql").read_text()
    names = {
        "made_database": "d",
        "made_table": "t",
        "folder": "s3://b/f/",
        "log_database": "d",
        "log_table": "l",
        "merged_database": "d",
        "merged_table": "m",
    }
    assert {match.group("braced") for match in string.Template.pattern.finditer(sql)} == {*names, "columns"}
    tree = sqlglot.parse_one(statement(sql, names, [field.column for field in FIELDS]), read="athena")
    log_lines = next(cte for cte in tree.find_all(exp.CTE) if cte.alias == "log_lines")
    columns = [field.column for field in FIELDS]
    assert [column.alias_or_name for column in log_lines.this.expressions] == columns
    made = next(query for query in tree.find_all(exp.Select) if query.parent is tree)
    assert [column.alias_or_name for column in made.expressions] == columns
    assert "bucket_count = 1" in sql, "a merged hour is one file"
    assert len(list(tree.find_all(exp.Placeholder))) == 2 * len(_hour().parameters)


def test_merge_finds_the_folder_that_firehose_writes() -> None:
    values = _hour().values
    spelt = HOUR_FOLDER
    for pattern, value in zip(("yyyy", "MM", "dd", "HH"), values, strict=True):
        spelt = spelt.replace(f"!{{timestamp:{pattern}}}", value)
    assert spelt == f"{_hour().folder}/"


def test_functions_environment_is_its_settings(assembly_of: Any) -> None:
    template = json.loads(
        (assembly_of("saas_metering") / "RestApiAccessLogMergeSmallFiles.template.json").read_text()
    )
    (function,) = (
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    )
    variables = set(function["Environment"]["Variables"])
    assert variables == {field.name.upper() for field in fields(Settings)}
    environment = dict.fromkeys(variables, "x") | {"LOOK_BACK_HOURS": "48", "COLUMN_NAMES": "requestId,user"}
    assert Settings.load(environment).column_names == ("requestid", "user")


def _hour() -> Hour:
    (hour,) = hours_to_look_at({"hours": ["2026-03-04T05"]}, 1)
    return hour
