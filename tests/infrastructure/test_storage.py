"""Stream, bucket and table: where events rest, and for how long."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stacks.web_analytics.iceberg_storage_stack import IcebergStorageStack
from stacks.web_analytics.kinesis_stream_stack import KinesisStreamStack

FIREHOSE = "data_firehose_configuration"
TABLE = "destination_iceberg_table_configuration"
KEPT = ("AWS::S3::Bucket", "AWS::Glue::Database", "AWS::Glue::Table")


@pytest.fixture(scope="module")
def storage(assembly: Any) -> Any:
    return assembly["WebAnalyticsDataFirehoseToIcebergS3Path"]


def iceberg(template: Any) -> dict[str, Any]:
    table = template.properties("AWS::Glue::Table")
    return table["OpenTableFormatInput"]["IcebergInput"]["IcebergTableInput"]  # type: ignore[no-any-return]


def test_stream_is_on_demand_and_encrypted(assembly: Any) -> None:
    stream = assembly["WebAnalyticsKinesisStream"]
    assert stream.properties("AWS::Kinesis::Stream") == {
        "Name": "PUT-Firehose-aEhWz",
        "RetentionPeriodHours": 24,
        "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
        "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
    }
    assert stream.resource("AWS::Kinesis::Stream")["DeletionPolicy"] == "Delete"
    assert set(stream.document["Outputs"]) == {"KinesisDataStreamName"}


def test_stream_name_is_a_setting(synthesize: Any) -> None:
    template = synthesize(KinesisStreamStack, kinesis_stream_name="clicks")
    assert template.properties("AWS::Kinesis::Stream")["Name"] == "clicks"


def test_bucket_is_private_and_encrypted(storage: Any) -> None:
    bucket = storage.properties("AWS::S3::Bucket")
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_bucket_is_reached_over_tls_alone(storage: Any) -> None:
    statements = storage.properties("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    conditions = [statement["Condition"] for statement in statements if statement["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in conditions


def expiries(template: Any) -> dict[str, int]:
    rules = template.properties("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    return {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}


def test_query_results_alone_expire_unless_told_otherwise(storage: Any) -> None:
    assert expiries(storage) == {"athena-results/": 7}
    rules = storage.properties("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    (rule,) = [rule for rule in rules if "Prefix" not in rule]
    assert set(rule) == {"AbortIncompleteMultipartUpload", "Id", "Status"}


def test_undeliverable_records_expire_wherever_the_replay_moved_them(synthesize: Any) -> None:
    template = synthesize(IcebergStorageStack, **{FIREHOSE: {"error_records_expire_after_days": 30}})
    assert expiries(template) == {
        "athena-results/": 7,
        "error/year=": 30,
        "replayed/error/year=": 30,
        "unrecoverable/error/year=": 30,
    }


def test_bucket_keeps_no_old_versions(storage: Any) -> None:
    """They would hold on to what compaction and erasure delete."""
    assert "VersioningConfiguration" not in storage.properties("AWS::S3::Bucket")


def test_data_is_kept_unless_its_creation_failed(storage: Any) -> None:
    for type in KEPT:
        assert storage.resource(type)["DeletionPolicy"] == "RetainExceptOnCreate"
        assert storage.resource(type)["UpdateReplacePolicy"] == "Retain"


def test_data_goes_with_the_stack_when_told_so(synthesize: Any) -> None:
    template = synthesize(IcebergStorageStack, keep_data_on_destroy=False)
    for type in KEPT:
        assert template.resource(type)["DeletionPolicy"] == "Delete"
    assert template.of_type("Custom::S3AutoDeleteObjects")


def test_function_that_empties_the_bucket_has_a_log_that_forgets(synthesize: Any) -> None:
    template = synthesize(IcebergStorageStack, keep_data_on_destroy=False, log_retention_in_days=7)
    (group,) = template.of_type("AWS::Logs::LogGroup")
    function = template.properties("AWS::Lambda::Function")
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": group}}
    assert template.properties("AWS::Logs::LogGroup")["RetentionInDays"] == 7


def test_table_survives_updates_because_it_has_no_table_input(storage: Any) -> None:
    table = storage.properties("AWS::Glue::Table")
    assert set(table) == {"CatalogId", "DatabaseName", "Name", "OpenTableFormatInput"}
    assert (table["DatabaseName"], table["Name"]) == ("web_log_iceberg_db", "web_log_iceberg")
    assert table["OpenTableFormatInput"]["IcebergInput"]["Version"] == "2"


def test_table_lies_in_its_folder_of_the_bucket(storage: Any) -> None:
    assert iceberg(storage)["Location"]["Fn::Join"][1] == [
        "s3://web-analytics-",
        {"Ref": "AWS::Region"},
        "-",
        {"Ref": "AWS::AccountId"},
        "/web_log_iceberg_db/web_log_iceberg",
    ]


def test_table_has_the_ten_columns_in_order(storage: Any) -> None:
    fields = iceberg(storage)["Schema"]["Fields"]
    names = ["user_id", "session_id", "event", "referrer", "user_agent", "ip", "hostname", "os"]
    names += ["timestamp", "uri"]
    assert [field["Name"] for field in fields[:10]] == names
    assert [field["Id"] for field in fields] == list(range(1, len(fields) + 1))
    assert {field["Name"]: field["Type"] for field in fields[:10]} == dict.fromkeys(names, "string") | {
        "timestamp": "timestamp"
    }


def test_table_has_the_pipelines_columns_behind_them_unless_they_are_off(
    storage: Any, synthesize: Any
) -> None:
    added = {field["Name"]: field["Type"] for field in iceberg(storage)["Schema"]["Fields"][10:]}
    assert added == {"event_id": "string", "received_at": "timestamp"}
    off = {"firehose_data_tranform_lambda": {"add_event_id_and_received_at": False}}
    assert len(iceberg(synthesize(IcebergStorageStack, **off))["Schema"]["Fields"]) == 10


def test_table_is_parquet_with_snappy(storage: Any) -> None:
    assert iceberg(storage)["Properties"] == {
        "format-version": "2",
        "write.format.default": "parquet",
        "write.parquet.compression-codec": "snappy",
        "optimize_rewrite_delete_file_threshold": "10",
    }


def test_table_is_partitioned_by_event_and_day(storage: Any) -> None:
    assert iceberg(storage)["PartitionSpec"]["Fields"] == [
        {"SourceId": 3, "FieldId": 1000, "Name": "event", "Transform": "identity"},
        {"SourceId": 9, "FieldId": 1001, "Name": "timestamp_day", "Transform": "day"},
    ]


def test_partitioning_is_a_setting(synthesize: Any) -> None:
    settings = {FIREHOSE: {TABLE: {"partition_by": ["bucket(16, user_id)"]}}}
    (field,) = iceberg(synthesize(IcebergStorageStack, **settings))["PartitionSpec"]["Fields"]
    assert field == {"SourceId": 1, "FieldId": 1000, "Name": "user_id_bucket", "Transform": "bucket[16]"}
    unpartitioned = synthesize(IcebergStorageStack, **{FIREHOSE: {TABLE: {"partition_by": []}}})
    assert "PartitionSpec" not in iceberg(unpartitioned)


def test_table_comes_after_database_and_bucket_policy(storage: Any) -> None:
    needed = storage.resource("AWS::Glue::Table")["DependsOn"]
    for type in ("AWS::Glue::Database", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"):
        assert set(storage.of_type(type)) <= set(needed)


def test_three_optimizers_keep_the_table(storage: Any) -> None:
    (table,) = storage.of_type("AWS::Glue::Table")
    optimizers = list(storage.of_type("AWS::Glue::TableOptimizer").values())
    types = {optimizer["Properties"]["Type"] for optimizer in optimizers}
    assert types == {"compaction", "retention", "orphan_file_deletion"}
    for optimizer in optimizers:
        assert optimizer["DependsOn"] == [table]
        assert optimizer["Properties"]["TableOptimizerConfiguration"]["Enabled"] is True


def test_table_may_be_left_to_the_users_ddl(synthesize: Any) -> None:
    template = synthesize(IcebergStorageStack, **{FIREHOSE: {TABLE: {"create_table": False}}})
    assert {resource["Type"] for _, resource in template} == {"AWS::S3::Bucket", "AWS::S3::BucketPolicy"}


def test_bucket_name_and_folder_are_settings(synthesize: Any) -> None:
    settings = {FIREHOSE: {"s3_bucket_name": "my-bucket", "output_prefix": "events/"}}
    template = synthesize(IcebergStorageStack, **settings)
    assert template.properties("AWS::S3::Bucket")["BucketName"] == "my-bucket"
    assert iceberg(template)["Location"] == "s3://my-bucket/events"
    assert "my-bucket/events/*" in json.dumps(template.of_type("AWS::IAM::Role"))
