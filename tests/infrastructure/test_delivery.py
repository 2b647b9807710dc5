"""Transform function, delivery stream and Lake Formation: how events get from the stream into the table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stacks.web_analytics import layer_package
from stacks.web_analytics.delivery_stream_stack import DeliveryStreamStack
from stacks.web_analytics.lake_formation_stack import LakeFormationStack
from stacks.web_analytics.transform_function_stack import TransformFunctionStack
from tests.deploy_order import DEPLOY_ORDER

FIREHOSE = "data_firehose_configuration"
TABLE = "destination_iceberg_table_configuration"
STREAM = "AWS::KinesisFirehose::DeliveryStream"
GRANT = "AWS::LakeFormation::PrincipalPermissions"


@pytest.fixture(scope="module")
def function(assembly: Any) -> Any:
    return assembly["WebAnalyticsFirehoseDataTransformLambdaStack"]


@pytest.fixture(scope="module")
def delivery(assembly: Any) -> Any:
    return assembly["WebAnalyticsFirehoseToIcebergStack"]


def iceberg(template: Any) -> dict[str, Any]:
    return template.properties(STREAM)["IcebergDestinationConfiguration"]  # type: ignore[no-any-return]


def test_function_runs_python_3_14_on_arm64_with_traces(function: Any) -> None:
    properties = function.properties("AWS::Lambda::Function")
    assert properties["Runtime"] == "python3.14"
    assert properties["Architectures"] == ["arm64"]
    assert properties["Handler"] == "lambdas.web_analytics.transform.handler.lambda_handler"
    assert properties["TracingConfig"] == {"Mode": "Active"}
    layer = function.properties("AWS::Lambda::LayerVersion")
    assert layer["CompatibleRuntimes"] == ["python3.14"]
    assert layer["CompatibleArchitectures"] == ["arm64"]


def test_function_logs_to_its_own_group(function: Any) -> None:
    (group,) = function.of_type("AWS::Logs::LogGroup")
    assert function.properties("AWS::Lambda::Function")["LoggingConfig"] == {"LogGroup": {"Ref": group}}
    assert function.properties("AWS::Logs::LogGroup")["RetentionInDays"] == 30


def test_function_knows_table_and_keys(synthesize: Any) -> None:
    template = synthesize(
        TransformFunctionStack, **{FIREHOSE: {TABLE: {"unique_keys": ["user_id", "event"]}}}
    )
    assert template.properties("AWS::Lambda::Function")["Environment"]["Variables"] == {
        "ICEBERG_DATABASE_NAME": "web_log_iceberg_db",
        "ICEBERG_TABLE_NAME": "web_log_iceberg",
        "ICEBERG_UNIQUE_KEYS": "user_id,event",
        "METRICS_NAMESPACE": "WebAnalytics",
        "ADD_EVENT_ID_AND_RECEIVED_AT": "true",
        "TRUNCATE_IP": "false",
    }


def test_function_can_leave_records_as_they_came_and_truncate_addresses(synthesize: Any) -> None:
    settings = {"add_event_id_and_received_at": False, "truncate_ip": True}
    template = synthesize(TransformFunctionStack, firehose_data_tranform_lambda=settings)
    variables = template.properties("AWS::Lambda::Function")["Environment"]["Variables"]
    assert (variables["ADD_EVENT_ID_AND_RECEIVED_AT"], variables["TRUNCATE_IP"]) == ("false", "true")


def test_function_package_mirrors_the_repository(function: Any, assembly: Any) -> None:
    key = function.properties("AWS::Lambda::Function")["Code"]["S3Key"].removesuffix(".zip")
    package = assembly.directory / f"asset.{key}"
    files = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    assert "lambdas/web_analytics/transform/handler.py" in files
    assert "schemas/web_analytics/web_log.avsc" in files
    assert {Path(file).suffix for file in files} == {".py", ".avsc"}
    assert {file.split("/")[0] for file in files} == {"lambdas", "schemas"}


def test_layer_is_the_local_zip(function: Any, assembly: Any) -> None:
    key = function.properties("AWS::Lambda::LayerVersion")["Content"]["S3Key"]
    assert (assembly.directory / f"asset.{key}").read_bytes() == layer_package.PACKAGE.read_bytes()


def test_layer_is_the_uploaded_zip_when_the_context_names_a_bucket(synthesize: Any) -> None:
    template = synthesize(TransformFunctionStack, firehose_data_tranform_lambda={"s3_bucket_name": "layers"})
    content = template.properties("AWS::Lambda::LayerVersion")["Content"]
    assert content == {"S3Bucket": "layers", "S3Key": "var/fastavro-lib.zip"}


def test_layer_that_cannot_be_built_is_an_error_with_the_scripts_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "build.sh"
    script.write_text("#!/bin/sh\necho 'no network' >&2\nexit 3\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(layer_package, "ROOT", tmp_path)
    monkeypatch.setattr(layer_package, "PACKAGE", tmp_path / "dist" / "layer.zip")
    monkeypatch.setattr(layer_package, "_BUILD", script)
    with pytest.raises(
        layer_package.LayerPackageError, match=r"build\.sh could not.*exit code 3\):\nno network"
    ):
        layer_package.layer_package()


def test_events_come_from_the_stream_and_are_appended(delivery: Any) -> None:
    properties = delivery.properties(STREAM)
    assert properties["DeliveryStreamType"] == "KinesisStreamAsSource"
    assert iceberg(delivery)["AppendOnly"] is True
    assert iceberg(delivery)["DestinationTableConfigurationList"] == [
        {"DestinationDatabaseName": "web_log_iceberg_db", "DestinationTableName": "web_log_iceberg"}
    ]


def test_unique_keys_replace_rows(synthesize: Any) -> None:
    template = synthesize(DeliveryStreamStack, **{FIREHOSE: {TABLE: {"unique_keys": ["user_id"]}}})
    (table,) = iceberg(template)["DestinationTableConfigurationList"]
    assert table["UniqueKeys"] == ["user_id"]
    assert iceberg(template)["AppendOnly"] is False


def test_buffers_and_retries_are_settings(synthesize: Any) -> None:
    settings = {
        "buffering_hints": {"interval_in_seconds": 30, "size_in_mbs": 5},
        "transform_records_with_aws_lambda": {
            "buffer_size": 0.5,
            "buffer_interval": 20,
            "number_of_retries": 1,
        },
        "retry_duration_in_seconds": 60,
    }
    destination = iceberg(synthesize(DeliveryStreamStack, **{FIREHOSE: settings}))
    hints = {"IntervalInSeconds": 30, "SizeInMBs": 5}
    assert destination["BufferingHints"] == destination["S3Configuration"]["BufferingHints"] == hints
    assert destination["RetryOptions"] == {"DurationInSeconds": 60}
    (processor,) = destination["ProcessingConfiguration"]["Processors"]
    parameters = {item["ParameterName"]: item["ParameterValue"] for item in processor["Parameters"]}
    assert parameters["BufferSizeInMBs"] == "0.5"
    assert parameters["BufferIntervalInSeconds"] == "20"
    assert parameters["NumberOfRetries"] == "1"
    assert (
        parameters["LambdaArn"]["Fn::Join"][1][-1]
        == ":function:web-analytics-firehose-data-transform:$LATEST"
    )


def test_failed_records_go_to_the_error_prefix_and_the_log(delivery: Any) -> None:
    destination = iceberg(delivery)
    assert destination["s3BackupMode"] == "FailedDataOnly"
    prefix = destination["S3Configuration"]["ErrorOutputPrefix"]
    assert prefix.endswith("/!{firehose:error-output-type}/")
    assert delivery.properties("AWS::Logs::LogGroup")["RetentionInDays"] == 30
    streams = delivery.of_type("AWS::Logs::LogStream")
    assert {stream["Properties"]["LogStreamName"] for stream in streams.values()} == {
        "DestinationDelivery",
        "BackupDelivery",
    }
    for options in (destination, destination["S3Configuration"]):
        assert options["CloudWatchLoggingOptions"]["LogStreamName"]["Ref"] in streams


def test_delivery_stream_that_is_replaced_gets_another_name(delivery: Any, synthesize: Any) -> None:
    """Its name must be free before the old one goes: the source is one of the properties that replace it."""
    name = delivery.properties(STREAM)["DeliveryStreamName"]
    other = synthesize(DeliveryStreamStack, kinesis_stream_name="clicks").properties(STREAM)
    retries = synthesize(DeliveryStreamStack, **{FIREHOSE: {"retry_duration_in_seconds": 60}})
    assert name.startswith("web-analytics-")
    assert other["DeliveryStreamName"] != name
    assert retries.properties(STREAM)["DeliveryStreamName"] == name


def test_delivery_comes_after_table_role_function_and_grants(assembly: Any) -> None:
    needed: set[str] = set()
    waiting = ["WebAnalyticsFirehoseToIcebergStack"]
    while waiting:
        for stack in assembly.manifest[waiting.pop()]["dependencies"]:
            if stack not in needed and not stack.endswith(".assets"):
                needed.add(stack)
                waiting.append(stack)
    assert needed == set(DEPLOY_ORDER["web_analytics"]) - {
        "WebAnalyticsFirehoseToIcebergStack",
        "WebAnalyticsKdsProxyApiGw",
        "WebAnalyticsMonitoring",
        "WebAnalyticsDashboard",
    }


def test_lake_formation_admins_are_added_and_stay(assembly: Any) -> None:
    settings = assembly["WebAnalyticsGrantLFPermissionsOnFirehoseRole"].resource(
        "AWS::LakeFormation::DataLakeSettings"
    )
    assert settings["Properties"]["MutationType"] == "APPEND"
    assert set(settings["Properties"]) == {"Admins", "MutationType"}
    assert settings["DeletionPolicy"] == settings["UpdateReplacePolicy"] == "Retain"


def test_lake_formation_grants_follow_the_admin_settings(assembly: Any) -> None:
    template = assembly["WebAnalyticsGrantLFPermissionsOnFirehoseRole"]
    (admin,) = template.of_type("AWS::LakeFormation::DataLakeSettings")
    assert {
        (
            next(iter(grant["Properties"]["Resource"])),
            json.dumps(grant["Properties"]["Principal"]).split(":role/")[1].split('"')[0],
            tuple(grant["Properties"]["Permissions"]),
        )
        for grant in template.of_type(GRANT).values()
    } == {
        (resource, role, permissions)
        for role in ("web-analytics-firehose-delivery-", "web-analytics-table-optimizer-")
        for resource, permissions in (
            ("Database", ("DESCRIBE",)),
            ("Table", ("SELECT", "INSERT", "DELETE", "DESCRIBE", "ALTER")),
        )
    }
    for grant in template.of_type(GRANT).values():
        assert grant["DependsOn"] == [admin]
        assert grant["Properties"]["Resource"].get("Table", {}).get("TableWildcard", {}) == {}


def test_lake_formation_grants_nothing_to_optimizers_that_are_not_there(synthesize: Any) -> None:
    template = synthesize(LakeFormationStack, **{FIREHOSE: {TABLE: {"create_table": False}}})
    assert len(template.of_type(GRANT)) == 2
