"""click_logger's templates: what is encrypted, kept, validated and watched, and its settings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stacks.click_logger.api_stack import ClickApiStack
from stacks.click_logger.delivery_stack import ClickDeliveryStack
from stacks.click_logger.monitoring_stack import NAME_PREFIX, RUNBOOK, ClickMonitoringStack
from stacks.click_logger.table_stack import ClickTableStack
from stacks.config import ROOT

STREAM = "AWS::KinesisFirehose::DeliveryStream"
ITEMS = "AWS::DynamoDB::Table"


@pytest.fixture(scope="module")
def clicks(synthesize_app: Any) -> Any:
    return synthesize_app(systems="click_logger")


@pytest.fixture(scope="module")
def api(clicks: Any) -> Any:
    return clicks["ClickLoggerApi"]


@pytest.fixture(scope="module")
def destination(clicks: Any) -> Any:
    return clicks["ClickLoggerDelivery"].properties(STREAM)["ExtendedS3DestinationConfiguration"]


def post(api: Any) -> dict[str, Any]:
    methods = api.of_type("AWS::ApiGateway::Method").values()
    (method,) = [item["Properties"] for item in methods if item["Properties"]["HttpMethod"] == "POST"]
    return method  # type: ignore[no-any-return]


def test_api_and_stage_have_the_contracts_names(api: Any) -> None:
    assert api.properties("AWS::ApiGateway::RestApi")["Name"] == "click-logger-api"
    assert api.properties("AWS::ApiGateway::Stage")["StageName"] == "dev"
    assert api.properties("AWS::ApiGateway::Resource")["PathPart"] == "clicklogger"
    assert set(api.document["Outputs"]) == {"RestApiEndpoint", "TokensSecretName"}


def test_method_asks_the_authorizer_and_checks_the_body_before_the_function_runs(api: Any) -> None:
    (authorizer,) = api.of_type("AWS::ApiGateway::Authorizer")
    method = post(api)
    assert (method["AuthorizationType"], method["AuthorizerId"]) == ("CUSTOM", {"Ref": authorizer})
    assert set(method["RequestModels"]) == {"application/json"}
    assert api.properties("AWS::ApiGateway::RequestValidator")["ValidateRequestBody"] is True
    assert method["Integration"]["Type"] == "AWS_PROXY"


def test_authorizer_looks_at_the_header_and_is_asked_once_in_a_while(api: Any) -> None:
    authorizer = api.properties("AWS::ApiGateway::Authorizer")
    assert (authorizer["Type"], authorizer["IdentitySource"]) == (
        "TOKEN",
        "method.request.header.Authorization",
    )
    assert authorizer["AuthorizerResultTtlInSeconds"] == 300


def test_changed_authorizer_is_deployed(synthesize: Any) -> None:
    def deployment(seconds: int) -> str:
        settings = {"api": {"authorizer_result_ttl_in_seconds": seconds}}
        (name,) = synthesize(ClickApiStack, click_logger=settings).of_type("AWS::ApiGateway::Deployment")
        return str(name)

    assert deployment(0) != deployment(60)


def test_only_this_api_may_call_the_functions_each_for_its_own_purpose(api: Any) -> None:
    (authorizer,) = api.of_type("AWS::ApiGateway::Authorizer")
    sources = {
        permission["Properties"]["FunctionName"]["Fn::GetAtt"][0]: permission["Properties"]["SourceArn"][
            "Fn::Join"
        ][1][-1]
        for permission in api.of_type("AWS::Lambda::Permission").values()
    }
    assert sources == {"Authorizer": {"Ref": authorizer}, "Ingest": "/dev/POST/clicklogger"}


def test_no_token_is_in_a_template(api: Any) -> None:
    assert "SecretString" not in api.properties("AWS::SecretsManager::Secret")
    (function,) = [
        item["Properties"]["Environment"]["Variables"]
        for item in api.of_type("AWS::Lambda::Function").values()
        if item["Properties"]["FunctionName"] == "click-logger-authorizer"
    ]
    assert function["TOKENS_SECRET_ID"] == {"Ref": "Tokens"}


def test_records_become_parquet_by_the_glue_table(destination: Any) -> None:
    conversion = destination["DataFormatConversionConfiguration"]
    assert list(conversion["InputFormatConfiguration"]["Deserializer"]) == ["OpenXJsonSerDe"]
    serializer = conversion["OutputFormatConfiguration"]["Serializer"]
    assert serializer == {"ParquetSerDe": {"Compression": "SNAPPY"}}
    schema = conversion["SchemaConfiguration"]
    assert (schema["DatabaseName"], schema["TableName"]) == ("click_logger_db", "click_log")


def test_files_go_to_a_folder_a_day_and_errors_apart(destination: Any) -> None:
    assert destination["BufferingHints"] == {"IntervalInSeconds": 60, "SizeInMBs": 64}
    assert destination["Prefix"] == "clicklog/data=!{timestamp:yyyy-MM-dd}/"
    assert destination["ErrorOutputPrefix"] == (
        "clicklog_error/!{firehose:error-output-type}/data=!{timestamp:yyyy-MM-dd}/"
    )


def test_stream_has_the_contracts_name_and_is_encrypted(clicks: Any) -> None:
    delivery = clicks["ClickLoggerDelivery"]
    stream = delivery.properties(STREAM)
    assert stream["DeliveryStreamName"] == "click-logger-firehose-delivery-stream"
    assert stream["DeliveryStreamType"] == "DirectPut"
    assert stream["DeliveryStreamEncryptionConfigurationInput"] == {"KeyType": "AWS_OWNED_CMK"}
    assert "Consumer" in delivery.resource(STREAM)["DependsOn"]


def test_buffers_are_settings(synthesize: Any) -> None:
    settings = {"delivery": {"interval_in_seconds": 300, "size_in_mbs": 128, "consumer_retries": 1}}
    stream = synthesize(ClickDeliveryStack, click_logger=settings).properties(STREAM)
    written = stream["ExtendedS3DestinationConfiguration"]
    assert written["BufferingHints"] == {"IntervalInSeconds": 300, "SizeInMBs": 128}
    (processor,) = written["ProcessingConfiguration"]["Processors"]
    assert {"ParameterName": "NumberOfRetries", "ParameterValue": "1"} in processor["Parameters"]


def test_item_table_is_on_demand_recoverable_and_protected(clicks: Any) -> None:
    table = clicks["ClickLoggerTable"].properties(ITEMS)
    assert (table["TableName"], table["BillingMode"]) == ("click-logger-table", "PAY_PER_REQUEST")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] is True
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "ContextCallerIndex"


def test_protected_table_is_made_last_so_that_a_failed_first_deployment_can_be_rolled_back(
    clicks: Any,
) -> None:
    stack = clicks["ClickLoggerTable"]
    before = set(stack.resource(ITEMS)["DependsOn"])
    for type in ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::Glue::Table"):
        assert before >= set(stack.of_type(type))


def test_athena_table_needs_no_repair_and_finds_the_days_that_firehose_writes(clicks: Any) -> None:
    table = clicks["ClickLoggerTable"].properties("AWS::Glue::Table")["TableInput"]
    assert table["PartitionKeys"] == [{"Name": "data", "Type": "string"}]
    parameters = table["Parameters"]
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.data.range"] == "2026-01-01,NOW"
    assert json.dumps(parameters["storage.location.template"]).endswith('/clicklog/data=${data}/"]]}')
    serde = table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"]
    assert serde.endswith("ParquetHiveSerDe")


def test_data_is_kept_unless_told_otherwise(clicks: Any, synthesize: Any) -> None:
    kept, gone = clicks["ClickLoggerTable"], synthesize(ClickTableStack, keep_data_on_destroy=False)
    for type in (ITEMS, "AWS::S3::Bucket", "AWS::Glue::Database", "AWS::Glue::Table"):
        assert kept.resource(type)["DeletionPolicy"] == "RetainExceptOnCreate"
        assert gone.resource(type)["DeletionPolicy"] == "Delete"
    assert gone.properties(ITEMS)["DeletionProtectionEnabled"] is False


def test_clicks_expire_when_told_to(synthesize: Any) -> None:
    settings = {"items_expire_after_days": 30, "files_expire_after_days": 90}
    rules = synthesize(ClickTableStack, click_logger=settings).properties("AWS::S3::Bucket")
    expiries = {
        rule["Prefix"]: rule["ExpirationInDays"]
        for rule in rules["LifecycleConfiguration"]["Rules"]
        if "Prefix" in rule
    }
    assert expiries == {"clicklog/": 90, "clicklog_error/": 90, "clicklog_dead_letters/": 90}
    function = synthesize(ClickDeliveryStack, click_logger=settings).properties("AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["ITEMS_EXPIRE_AFTER_DAYS"] == "30"


def test_freshness_alarm_is_later_than_the_buffers(synthesize: Any) -> None:
    settings = {"delivery": {"interval_in_seconds": 900, "consumer_buffer_interval": 900}}
    alarms = synthesize(ClickMonitoringStack, click_logger=settings).of_type("AWS::CloudWatch::Alarm")
    (alarm,) = [
        item["Properties"]
        for item in alarms.values()
        if item["Properties"]["AlarmName"] == "click-logger-delivery-freshness"
    ]
    assert alarm["Threshold"] == 900 + 900 + 900


@pytest.mark.parametrize(
    ("name", "metric", "statistic", "comparison"),
    [
        ("consumer-errors", "ExecuteProcessing.Success", "Average", "LessThanThreshold"),
        ("clicks-not-converted", "FailedConversion.Records", "Sum", "GreaterThanOrEqualToThreshold"),
    ],
)
def test_click_that_firehose_sets_aside_raises_an_alarm(
    clicks: Any, name: str, metric: str, statistic: str, comparison: str
) -> None:
    alarms = clicks["ClickLoggerMonitoring"].of_type("AWS::CloudWatch::Alarm").values()
    found = {item["Properties"]["AlarmName"]: item["Properties"] for item in alarms}
    alarm = found[f"click-logger-{name}"]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == (metric, statistic, 1)
    assert alarm["ComparisonOperator"] == comparison
    assert alarm["Dimensions"] == [
        {"Name": "DeliveryStreamName", "Value": "click-logger-firehose-delivery-stream"}
    ]


def test_every_alarm_has_its_section_in_the_systems_page(clicks: Any) -> None:
    page = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    for item in clicks["ClickLoggerMonitoring"].of_type("AWS::CloudWatch::Alarm").values():
        assert f"### {item['Properties']['AlarmName'].removeprefix(NAME_PREFIX)}\n" in page


def test_alarms_tell_a_topic_and_a_mail_address_if_there_is_one(synthesize: Any) -> None:
    template = synthesize(ClickMonitoringStack, click_logger={"alarm_email": "oncall@example.org"})
    assert template.properties("AWS::SNS::Subscription")["Endpoint"] == "oncall@example.org"
    (topic,) = template.of_type("AWS::SNS::Topic")
    for alarm in template.of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": topic}]
