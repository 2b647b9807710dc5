"""A click is one thing: schema, request model, table, item and functions say the same of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from lambdas.click_logger.authorizer import handler as authorizer
from lambdas.click_logger.authorizer import settings as authorizer_settings
from lambdas.click_logger.authorizer import tokens
from lambdas.click_logger.click import click_schema
from lambdas.click_logger.consumer import handler as consumer
from lambdas.click_logger.consumer import settings as consumer_settings
from lambdas.click_logger.consumer.logic import EXPIRY, KEY
from lambdas.click_logger.ingest import handler as ingest
from lambdas.click_logger.ingest import settings as ingest_settings
from local_runtime.assembly import Assembly, load_assembly
from tests.conftest import ROOT

SCHEMA = json.loads((ROOT / "schemas" / "click_logger" / "click.avsc").read_text())["fields"]
COLUMNS = [(field["name"], field.get("icebergType", "string")) for field in SCHEMA]
SENT = [field["name"] for field in SCHEMA if "pipeline" not in field]


@pytest.fixture(scope="module")
def clicks(assembly_of: Callable[[str], Path]) -> Assembly:
    return load_assembly(assembly_of("click_logger"))


def only(clicks: Assembly, type: str) -> Any:
    (resource,) = clicks.of_type(type)
    return resource.properties


def function(clicks: Assembly, name: str) -> Any:
    return {item.physical_id: item.properties for item in clicks.of_type("AWS::Lambda::Function")}[name]


def test_contract_has_six_fields_of_the_client_and_two_of_the_pipeline() -> None:
    assert SENT == ["requestid", "contextid", "callerid", "component", "action", "type"]
    assert [name for name, _ in COLUMNS] == [*SENT, "clientip", "createdtime"]


def test_functions_read_the_same_fields() -> None:
    assert [*click_schema().sent, *click_schema().added] == [name for name, _ in COLUMNS]


def test_request_model_takes_exactly_what_the_functions_take(clicks: Assembly) -> None:
    model = only(clicks, "AWS::ApiGateway::Model")["Schema"]
    assert model["required"] == list(model["properties"]) == SENT
    assert model["additionalProperties"] is False
    assert {name: field["maxLength"] for name, field in model["properties"].items()} == click_schema().sent
    assert all((field["type"], field["minLength"]) == ("string", 1) for field in model["properties"].values())


def test_glue_table_and_hand_made_table_have_the_columns_in_order(clicks: Assembly) -> None:
    table = only(clicks, "AWS::Glue::Table")["TableInput"]
    columns = table["StorageDescriptor"]["Columns"]
    assert [(column["Name"], column["Type"]) for column in columns] == COLUMNS
    ddl = sqlglot.parse_one((ROOT / "sql/click_logger/tables/click_log.sql").read_text(), read="athena")
    made = [(item.name, item.args["kind"].sql("hive").lower()) for item in ddl.find_all(exp.ColumnDef)]
    assert made == [*COLUMNS, ("data", "string")]


def test_hand_made_table_is_projected_as_the_apps(clicks: Assembly) -> None:
    parameters = only(clicks, "AWS::Glue::Table")["TableInput"]["Parameters"]
    ddl = (ROOT / "sql/click_logger/tables/click_log.sql").read_text()
    pairs = dict(re.findall(r"'((?:projection|storage)[\w.]+)' = '([^']+)'", ddl))
    assert pairs == {key: value for key, value in parameters.items() if "." in key}


def test_keys_of_dynamodb_are_fields_that_always_fit(clicks: Assembly) -> None:
    table = only(clicks, "AWS::DynamoDB::Table")
    index = table["GlobalSecondaryIndexes"][0]
    names = [key["AttributeName"] for key in [*table["KeySchema"], *index["KeySchema"]]]
    assert tuple(names[:2]) == KEY
    assert names[2:] == ["contextid", "callerid"]
    sort_key_limit_in_bytes, longest_character = 1024, 4
    assert all(click_schema().sent[name] * longest_character <= sort_key_limit_in_bytes for name in names)


def test_time_to_live_looks_at_the_attribute_that_the_consumer_writes(clicks: Assembly) -> None:
    assert only(clicks, "AWS::DynamoDB::Table")["TimeToLiveSpecification"]["AttributeName"] == EXPIRY
    assert EXPIRY not in dict(COLUMNS)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("click-logger-authorizer", authorizer_settings.Settings),
        ("click-logger-ingest", ingest_settings.Settings),
        ("click-logger-consumer", consumer_settings.Settings),
    ],
)
def test_environment_is_what_the_settings_read(clicks: Assembly, name: str, settings: Any) -> None:
    environment = function(clicks, name)["Environment"]["Variables"]
    assert {variable.lower() for variable in environment} == set(settings.__dataclass_fields__)
    settings.load(environment)


def test_functions_live_longer_than_their_longest_call(clicks: Assembly) -> None:
    assert ingest.BUDGET.longest_seconds < function(clicks, "click-logger-ingest")["Timeout"] < 29
    assert authorizer.BUDGET.longest_seconds < function(clicks, "click-logger-authorizer")["Timeout"] < 29
    assert consumer.RESERVE_SECONDS * 2 < function(clicks, "click-logger-consumer")["Timeout"] < 300


def test_api_lets_every_token_through_that_the_secret_may_hold(clicks: Assembly) -> None:
    pattern = only(clicks, "AWS::ApiGateway::Authorizer")["IdentityValidationExpression"]
    for token in ("ALLOW=ORDERAPP", "a" * 12, "Bearer " + "~" * 505):
        assert tokens.TOKEN.fullmatch(token)
        assert re.fullmatch(pattern, token)
    for text in ("short", "tab\tin the token", "é" * 20, "a" * 513):
        assert not re.fullmatch(pattern, text)


def test_default_right_is_the_apis_method(clicks: Assembly) -> None:
    methods = {item.properties["HttpMethod"] for item in clicks.of_type("AWS::ApiGateway::Method")}
    (resource,) = clicks.of_type("AWS::ApiGateway::Resource")
    assert (f"POST /{resource.properties['PathPart']}",) == tokens.DEFAULT_RIGHTS
    assert methods == {"POST", "OPTIONS"}


def test_first_token_is_generated_in_a_form_that_the_authorizer_reads(clicks: Assembly) -> None:
    secret = only(clicks, "AWS::SecretsManager::Secret")
    assert "SecretString" not in secret
    rules = secret["GenerateSecretString"]
    generated = {
        **json.loads(rules["SecretStringTemplate"]),
        rules["GenerateStringKey"]: "x" * rules["PasswordLength"],
    }
    assert tokens.Tokens.parse(json.dumps(generated)).find("x" * rules["PasswordLength"]) is not None


def test_alarms_watch_what_the_functions_count(clicks: Assembly) -> None:
    watched = {
        alarm.properties["MetricName"]
        for alarm in clicks.of_type("AWS::CloudWatch::Alarm")
        if alarm.properties.get("Namespace") == "ClickLogger"
    }
    sources = [path.read_text() for path in (ROOT / "lambdas" / "click_logger").rglob("*.py")]
    assert watched == {"TokensUnavailable", "DeadLetters", "Rejected"}
    assert all(any(f'"{name}": ' in source for source in sources) for name in watched)


def test_each_alarm_has_its_section_of_the_page_it_names(clicks: Assembly) -> None:
    page = (ROOT / "docs" / "systems" / "click_logger.md").read_text()
    sections = set(re.findall(r"^### ([a-z-]+)$", page, re.MULTILINE))
    alarms = {
        re.search(r"More: docs/systems/click_logger.md#([a-z-]+)$", alarm.properties["AlarmDescription"])
        for alarm in clicks.of_type("AWS::CloudWatch::Alarm")
    }
    assert {match[1] for match in alarms if match} == sections
