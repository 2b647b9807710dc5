"""The configuration: what is taken, what is refused, and in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app import AppConfig
from stacks.common.partitions import PartitionField, parse_partition_field
from stacks.config import context_files, load_config
from stacks.config_errors import ConfigError

FIREHOSE = "data_firehose_configuration"
NO_PAGE = {"web_analytics_dashboard": {"enabled": False}}
TABLE = "destination_iceberg_table_configuration"
OPTIONAL = {"kinesis_proxy_api.waf_rate_limit", f"{FIREHOSE}.error_records_expire_after_days"}


def errors(context: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(AppConfig, context)
    return list(caught.value.lines)


def nested(path: str, value: Any) -> dict[str, Any]:
    """`nested("a.b", 1)` is `{"a": {"b": 1}}`."""
    for key in reversed(path.split(".")):
        value = {key: value}
    assert isinstance(value, dict)
    return value


def test_committed_context_says_what_the_models_default_to() -> None:
    assert load_config(AppConfig, context_files()) == AppConfig()


def test_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        AppConfig().kinesis_stream_name = "other"


def test_all_mistakes_are_told_at_once() -> None:
    context = {
        "kinesis_stream_name": "",
        FIREHOSE: {"buffering_hints": {"size_in_mbs": 0, "interval_in_seconds": 901}},
    }
    assert errors(context) == [
        "cdk.context.json: kinesis_stream_name: must be 1-128 letters, digits, hyphens, underscores and "
        'periods (got "")',
        f"cdk.context.json: {FIREHOSE}.buffering_hints.interval_in_seconds: must be 0-900 (got 901)",
        f"cdk.context.json: {FIREHOSE}.buffering_hints.size_in_mbs: must be 1-128 (got 0)",
    ]


@pytest.mark.parametrize(
    ("path", "lowest", "highest"),
    [
        (f"{FIREHOSE}.buffering_hints.interval_in_seconds", 0, 900),
        (f"{FIREHOSE}.buffering_hints.size_in_mbs", 1, 128),
        (f"{FIREHOSE}.transform_records_with_aws_lambda.buffer_size", 0.2, 3),
        (f"{FIREHOSE}.transform_records_with_aws_lambda.buffer_interval", 0, 900),
        (f"{FIREHOSE}.transform_records_with_aws_lambda.number_of_retries", 0, 300),
        (f"{FIREHOSE}.retry_duration_in_seconds", 0, 7200),
        ("kinesis_proxy_api.throttling_rate_limit", 1, 10_000),
        ("kinesis_proxy_api.throttling_burst_limit", 1, 5_000),
        ("kinesis_proxy_api.waf_rate_limit", 10, 2_000_000_000),
        (f"{FIREHOSE}.error_records_expire_after_days", 1, 3650),
        ("monitoring.ratio_minimum", 1, 1_000_000),
        ("monitoring.api_server_errors_percent", 1, 100),
        ("monitoring.api_client_errors_percent", 1, 100),
        ("monitoring.api_latency_in_ms", 1, 29_000),
        ("monitoring.rejected_records_percent", 1, 100),
        ("monitoring.transform_errors", 1, 1_000_000),
        ("monitoring.transform_throttles", 1, 1_000_000),
        ("monitoring.transform_duration_percent", 1, 100),
        ("monitoring.stream_write_throttles", 1, 1_000_000),
        ("monitoring.failed_rows", 1, 1_000_000),
    ],
)
def test_numbers_keep_to_the_limits_of_aws(path: str, lowest: float, highest: float) -> None:
    for accepted in (lowest, highest, str(highest)):
        load_config(AppConfig, nested(path, accepted))
    invalid: list[Any] = [lowest - 1, highest + 1, "many", []]
    if path not in OPTIONAL:
        invalid.append(None)
    for refused in invalid:
        (line,) = errors(nested(path, refused))
        assert line.startswith(f"cdk.context.json: {path}: must be ")
        assert line.endswith(f"-{highest} (got {json.dumps(refused)})")


@pytest.mark.parametrize(
    "name", ["reader_lag", "delivery_freshness", "nothing_stored_after", "nothing_received_after"]
)
def test_minutes_of_an_alarm_are_periods_of_five_within_a_day(name: str) -> None:
    path = f"monitoring.{name}{'' if name.endswith('after') else '_in'}_minutes"
    for accepted in (5, 15, 1440):
        load_config(AppConfig, nested(path, accepted))
    for refused in (0, 7, 1445):
        assert errors(nested(path, refused)) == [
            f"cdk.context.json: {path}: must be 5-1440 minutes, a multiple of 5 (got {refused})"
        ]


def test_freshness_must_be_later_than_the_buffers() -> None:
    buffers = {FIREHOSE: {"buffering_hints": {"interval_in_seconds": 900, "size_in_mbs": 128}}}
    (line,) = errors(buffers | {"monitoring": {"delivery_freshness_in_minutes": 15}})
    assert "monitoring.delivery_freshness_in_minutes must be more than" in line
    assert "960 s together (got 15)" in line
    (line,) = errors(buffers | {"monitoring": {"nothing_stored_after_minutes": 15}})
    assert "monitoring.nothing_stored_after_minutes must be more than" in line


def test_expiry_of_errors_may_not_reach_the_table() -> None:
    prefixes = {"output_prefix": "data/events", "error_output_prefix": "data/!{firehose:error-output-type}/"}
    load_config(AppConfig, {FIREHOSE: prefixes, **NO_PAGE})
    (line,) = errors({FIREHOSE: {**prefixes, "error_records_expire_after_days": 7}})
    assert "would delete what is in data/events" in line


def test_expiry_of_errors_may_not_reach_what_the_tools_remember() -> None:
    settings = {"error_output_prefix": "e!{firehose:error-output-type}/"}
    load_config(AppConfig, {FIREHOSE: settings, **NO_PAGE})
    (line,) = errors({FIREHOSE: {**settings, "error_records_expire_after_days": 7}})
    assert "would delete what is in erasures" in line


def test_names_that_only_resemble_those_of_the_tools_are_free() -> None:
    settings = {
        "output_prefix": "replayed-events",
        "error_output_prefix": "year/!{timestamp:'Year='yyyy}/!{firehose:error-output-type}/",
        "s3_bucket_name": "10.0.0.events",
        TABLE: {"partition_by": ["day(timestamp)", "hour(received_at)", "bucket(4, ip)", "ip"]},
    }
    assert load_config(AppConfig, {FIREHOSE: settings, **NO_PAGE})


def test_key_needs_the_switch() -> None:
    arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert load_config(AppConfig, {"encryption": {"customer_managed_key": True, "key_arn": arn}})
    (line,) = errors({"encryption": {"key_arn": arn}})
    assert "encryption: key_arn needs customer_managed_key to be true" in line


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("kinesis_stream_name", "a/b"),
        ("kinesis_stream_name", "x" * 129),
        ("log_retention_in_days", 8),
        ("keep_data_on_destroy", "perhaps"),
        ("tags", {"aws:mine": "x"}),
        ("tags", {"a": "*"}),
        ("tags", {f"t{number}": "" for number in range(51)}),
        ("kinesis_proxy_api.authorization", "some"),
        ("kinesis_proxy_api.access_log", True),
        ("kinesis_proxy_api.tls_policy", "TLS_1_1"),
        ("kinesis_proxy_api.allowed_source_ranges", ["10.0.0.1/24"]),
        ("kinesis_proxy_api.allowed_source_ranges", ["example.com"]),
        ("encryption.key_arn", "alias/mine"),
        ("monitoring.alarm_email", "nobody"),
        ("monitoring.runbook", "docs/runbook.md#top"),
        ("firehose_data_tranform_lambda.s3_bucket_name", "No_Bucket"),
        ("firehose_data_tranform_lambda.s3_bucket_name", "a..b"),
        ("firehose_data_tranform_lambda.s3_object_key", ""),
        (f"{FIREHOSE}.s3_bucket_name", "ab"),
        (f"{FIREHOSE}.output_prefix", "/"),
        (f"{FIREHOSE}.output_prefix", "a/!{timestamp:yyyy}"),
        (f"{FIREHOSE}.output_prefix", "replayed"),
        (f"{FIREHOSE}.output_prefix", "athena-results/table"),
        (f"{FIREHOSE}.error_output_prefix", "erasures/!{firehose:error-output-type}/"),
        (f"{FIREHOSE}.error_output_prefix", "error/!{timestamp:YYYY}/!{firehose:error-output-type}/"),
        (f"{FIREHOSE}.s3_bucket_name", "192.168.1.1"),
        (f"{FIREHOSE}.s3_bucket_name", "xn--events"),
        (f"{FIREHOSE}.s3_bucket_name", "sthree-events"),
        (f"{FIREHOSE}.s3_bucket_name", "amzn-s3-demo-events"),
        (f"{FIREHOSE}.s3_bucket_name", "events-s3alias"),
        (f"{FIREHOSE}.s3_bucket_name", "events--ol-s3"),
        (f"{FIREHOSE}.s3_bucket_name", "events.mrap"),
        (f"{FIREHOSE}.s3_bucket_name", "events--x-s3"),
        (f"{FIREHOSE}.error_output_prefix", "error/"),
        (f"{FIREHOSE}.error_output_prefix", "/!{firehose:error-output-type}"),
        (f"{FIREHOSE}.error_output_prefix", "!{firehose:error-output-type}/!{partitionKeyFromQuery:a}"),
        (f"{FIREHOSE}.error_output_prefix", "!{firehose:error-output-type}" + "x" * 512),
        (f"{FIREHOSE}.{TABLE}.database_name", "web-log"),
        (f"{FIREHOSE}.{TABLE}.table_name", "WebLog"),
        (f"{FIREHOSE}.{TABLE}.unique_keys", ["user"]),
        (f"{FIREHOSE}.{TABLE}.unique_keys", ["ip", "uri", "ip"]),
        (f"{FIREHOSE}.{TABLE}.partition_by", ["week(timestamp)"]),
        (f"{FIREHOSE}.{TABLE}.partition_by", ["day(user_id)"]),
        (f"{FIREHOSE}.{TABLE}.partition_by", ["truncate(4, timestamp)"]),
        (f"{FIREHOSE}.{TABLE}.partition_by", ["event", "EVENT"]),
        (f"{FIREHOSE}.{TABLE}.partition_by", ["bucket(4, ip)", "bucket(8, ip)"]),
        (f"{FIREHOSE}.{TABLE}.partition_by", ["day(timestamp)", "hour(timestamp)"]),
        (f"{FIREHOSE}.{TABLE}.partition_by", ["day(when)"]),
    ],
)
def test_wrong_value_is_named_with_its_path(path: str, refused: Any) -> None:
    (line,) = errors(nested(path, refused))
    assert line.startswith(f"cdk.context.json: {path}")
    assert "must" in line
    assert "(got " in line


def test_unknown_key_is_refused_with_the_nearest_setting() -> None:
    assert errors({FIREHOSE: {"bufering_hints": {}}})[0].startswith(
        f"cdk.context.json: {FIREHOSE}.bufering_hints: is not a setting; did you mean 'buffering_hints'? "
    )


def test_key_is_misspelt_as_the_users_files_have_it() -> None:
    settings = {"s3_bucket_name": "layers", "s3_object_key": "var/fastavro-lib.zip"}
    config = load_config(AppConfig, {"firehose_data_tranform_lambda": settings})
    assert config.firehose_data_tranform_lambda.s3_bucket_name == "layers"
    assert "firehose_data_transform_lambda" in errors({"firehose_data_transform_lambda": settings})[0]


@pytest.mark.parametrize(
    "key",
    [
        "$schema",
        "acknowledged-issue-numbers",
        "cli-telemetry",
        "@aws-cdk/core:anything",
        "aws:cdk:enable-path-metadata",
        "availability-zones:account=123456789012:region=us-east-1",
    ],
)
def test_keys_of_the_cdk_are_left_alone(key: str) -> None:
    assert load_config(AppConfig, {key: ["whatever"]}) == AppConfig()


def test_section_may_come_as_text_from_the_command_line() -> None:
    config = load_config(AppConfig, {"kinesis_proxy_api": '{"authorization": "reads"}'})
    assert config.kinesis_proxy_api.authorization == "reads"


def test_error_prefix_gets_its_final_slash() -> None:
    config = load_config(
        AppConfig, {FIREHOSE: {"error_output_prefix": "error/!{firehose:error-output-type}"}, **NO_PAGE}
    )
    assert config.data_firehose_configuration.error_output_prefix == "error/!{firehose:error-output-type}/"


def test_errors_inside_the_table_folder_are_refused() -> None:
    prefix = {"output_prefix": "events", "error_output_prefix": "events/!{firehose:error-output-type}/"}
    (line,) = errors({FIREHOSE: prefix})
    assert line.startswith(
        f"cdk.context.json: {FIREHOSE}: error_output_prefix must lie outside output_prefix"
    )


@pytest.mark.parametrize(
    ("term", "field"),
    [
        ("event", PartitionField("event", "event", "identity")),
        ("day(timestamp)", PartitionField("timestamp_day", "timestamp", "day")),
        ("Bucket( 16 , user_id )", PartitionField("user_id_bucket", "user_id", "bucket[16]")),
        ("truncate(10, uri)", PartitionField("uri_trunc", "uri", "truncate[10]")),
    ],
)
def test_partition_terms_read_as_in_athena(term: str, field: PartitionField) -> None:
    assert parse_partition_field(term) == field


def test_context_files_are_merged_and_may_be_missing(tmp_path: Path) -> None:
    assert context_files(tmp_path) == {}
    (tmp_path / "cdk.context.json").write_text('{"kinesis_stream_name": "a"}', encoding="utf-8")
    (tmp_path / "cdk.json").write_text('{"app": "x", "context": {"@flag": true}}', encoding="utf-8")
    assert context_files(tmp_path) == {"kinesis_stream_name": "a", "@flag": True}


@pytest.mark.parametrize("content", ["{", "[]"])
def test_context_file_that_is_no_json_object_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "cdk.context.json").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^cdk\.context\.json: (is no JSON|must be a JSON object)"):
        context_files(tmp_path)


def test_table_cannot_be_keyed_by_a_column_that_it_does_not_get() -> None:
    context = {
        "firehose_data_tranform_lambda": {"add_event_id_and_received_at": False},
        FIREHOSE: {TABLE: {"unique_keys": ["event_id"]}},
    }
    (line,) = errors(context)
    assert "unique_keys and partition_by name event_id, which the created table has only with" in line
    context[FIREHOSE][TABLE]["create_table"] = False
    assert load_config(AppConfig, context)
