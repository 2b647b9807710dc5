"""The transform function's ties to other trees: the table's columns, its stack, its layer's platform."""

import ast
import base64
import inspect
import io
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from lambdas.common import formats
from lambdas.web_analytics.transform import enrichment, handler
from lambdas.web_analytics.transform.settings import Settings
from src.utils.replay.cli import replay as replay_command
from src.utils.replay.verdicts import TransformFunction
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.names import TRANSFORM_FUNCTION

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "web_analytics" / "web_log.avsc").read_text(encoding="utf-8"))
ENVIRONMENT = {
    "ICEBERG_DATABASE_NAME": "db",
    "ICEBERG_TABLE_NAME": "t",
    "METRICS_NAMESPACE": "WebAnalytics",
    "ADD_EVENT_ID_AND_RECEIVED_AT": "true",
    "TRUNCATE_IP": "false",
}
CLIENTS = [field for field in SCHEMA["fields"] if "pipeline" not in field]
LAYER_SCRIPT = (ROOT / "build-aws-lambda-layer-package.sh").read_text(encoding="utf-8")
FUNCTION_STACK = (ROOT / "stacks" / "web_analytics" / "transform_function_stack.py").read_text(
    encoding="utf-8"
)
PYTHON_FUNCTION = (ROOT / "stacks" / "common" / "python_function.py").read_text(encoding="utf-8")


def test_fields_of_the_schema_are_the_contracts_columns_in_order() -> None:
    columns = "user_id session_id event referrer user_agent ip hostname os timestamp uri"
    assert " ".join(field["name"] for field in CLIENTS) == columns
    assert SCHEMA["name"] == "WebLogs"


def test_pipelines_fields_follow_the_clients_and_have_the_names_that_the_function_writes() -> None:
    fields = [(field["name"], field["pipeline"]) for field in SCHEMA["fields"][len(CLIENTS) :]]
    assert fields == [(enrichment.EVENT_ID, "fills"), (enrichment.RECEIVED_AT, "sets")]


def test_field_whose_text_can_be_truncated_is_in_the_schema() -> None:
    assert enrichment.IP in [field["name"] for field in CLIENTS]


def test_optional_fields_are_nullable_with_default_null_and_the_others_plain_strings() -> None:
    for field in CLIENTS:
        if field["name"] in ("referrer", "user_agent", "os"):
            assert (field["type"], field["default"]) == (["null", "string"], None)
        else:
            assert (field["type"], "default" in field) == ("string", False)


def test_every_field_says_what_it_is() -> None:
    assert all(field["doc"] for field in SCHEMA["fields"])


def test_timestamp_is_a_timestamp_column_in_a_format_that_the_function_checks() -> None:
    (timestamp,) = (field for field in CLIENTS if "format" in field)
    assert timestamp["name"] == "timestamp"
    assert timestamp["icebergType"] == "timestamp"
    assert timestamp["format"] in formats.FORMATS


def test_stack_sets_the_environment_variables_that_the_function_reads() -> None:
    names = {
        node.value
        for node in ast.walk(ast.parse(FUNCTION_STACK))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[A-Z]+(_[A-Z]+)+", node.value)
    }
    assert names == {field.name.upper() for field in fields(Settings)}


def test_stack_names_the_handler_by_its_dotted_path() -> None:
    assert f'"{handler.__name__}.{handler.lambda_handler.__name__}"' in FUNCTION_STACK


def test_explanation_of_the_function_is_what_the_replay_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)

    class Lambda:
        def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
            answer = handler.lambda_handler(json.loads(Payload), None)
            return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    handler.settings.cache_clear()
    handler.event_check.cache_clear()
    data = [base64.b64encode(payload).decode() for payload in (b"poison", b'{"user_id": 1}')]
    verdicts = TransformFunction(Lambda(), TRANSFORM_FUNCTION)([*data, "no base64"])
    assert [verdict.reason for verdict in verdicts] == ["not_json", "wrong_type", "not_base64"]
    assert [verdict.event_id is None for verdict in verdicts] == [False, False, True]


def test_replay_asks_the_function_that_the_stack_creates_and_feeds_its_stream() -> None:
    parameters = inspect.signature(replay_command).parameters
    assert parameters["function_name"].default == TRANSFORM_FUNCTION
    assert parameters["stream_name"].default == WebAnalyticsConfig().kinesis_stream_name
    assert WebAnalyticsConfig().data_firehose_configuration.error_output_prefix.startswith(
        parameters["error_prefix"].default
    )


def test_layer_is_built_for_the_runtime_and_the_architecture_of_the_function() -> None:
    built_for = (value_of("PYTHON_VERSION", LAYER_SCRIPT), value_of("ARCHITECTURE", LAYER_SCRIPT))
    runtime, architecture = value_of("RUNTIME", PYTHON_FUNCTION), value_of("ARCHITECTURE", PYTHON_FUNCTION)
    assert (f"python{built_for[0]}", {"aarch64": "arm64"}[built_for[1]]) == (runtime, architecture)


def value_of(name: str, source: str) -> str:
    """What a line of a shell script or of a Python file sets a name to."""
    (value,) = re.findall(rf'^{name} ?= ?"?([^"\n]+)"?$', source, re.MULTILINE)
    return str(value)
