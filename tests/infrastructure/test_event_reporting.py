"""event_reporting: where events go, and what stands around the report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stacks.config import ROOT
from stacks.config_errors import ConfigError
from stacks.event_reporting.report_stack import ReportStack
from stacks.event_reporting.storage_stack import StorageStack

STREAM = "AWS::KinesisFirehose::DeliveryStream"
FUNCTION = "AWS::Lambda::Function"
ROOM = "event_reporting"


@pytest.fixture(scope="module")
def room(synthesize_app: Any) -> Any:
    return synthesize_app(systems=ROOM)


@pytest.fixture(scope="module")
def storage(room: Any) -> Any:
    return room["EventReportingStorage"]


@pytest.fixture(scope="module")
def delivery(room: Any) -> Any:
    return room["EventReportingDelivery"]


@pytest.fixture(scope="module")
def report(room: Any) -> Any:
    return room["EventReportingReport"]


def properties(template: Any, type: str, start: str) -> dict[str, Any]:
    """Of the one resource of a type whose logical id starts so."""
    (found,) = [item for name, item in template.of_type(type).items() if name.startswith(start)]
    return dict(found["Properties"])


# -- events


def test_delivery_stream_has_the_name_of_environment_and_application(
    delivery: Any, synthesize_app: Any
) -> None:
    assert delivery.properties(STREAM)["DeliveryStreamName"] == "events-stream-dev-reporting"
    names = {"environment": "prod", "application": "shop"}
    other = synthesize_app(systems=ROOM, event_reporting=names)["EventReportingDelivery"]
    assert other.properties(STREAM)["DeliveryStreamName"] == "events-stream-prod-shop"


def test_json_comes_in_by_put_record_and_goes_out_as_parquet_after_a_minute(delivery: Any) -> None:
    stream = delivery.properties(STREAM)
    assert stream["DeliveryStreamType"] == "DirectPut"
    assert stream["DeliveryStreamEncryptionConfigurationInput"] == {"KeyType": "AWS_OWNED_CMK"}
    destination = stream["ExtendedS3DestinationConfiguration"]
    assert destination["BufferingHints"] == {"IntervalInSeconds": 60, "SizeInMBs": 64}
    conversion = destination["DataFormatConversionConfiguration"]
    assert conversion["SchemaConfiguration"]["DatabaseName"] == "event_reporting"
    assert conversion["SchemaConfiguration"]["TableName"] == "events"
    assert conversion["InputFormatConfiguration"]["Deserializer"] == {"OpenXJsonSerDe": {}}
    assert conversion["OutputFormatConfiguration"]["Serializer"] == {
        "ParquetSerDe": {"Compression": "SNAPPY"}
    }


def test_files_lie_where_the_table_looks_for_them(storage: Any, delivery: Any) -> None:
    destination = delivery.properties(STREAM)["ExtendedS3DestinationConfiguration"]
    assert destination["Prefix"] == "events/dt=!{timestamp:yyyy-MM-dd}/"
    assert destination["ErrorOutputPrefix"] == (
        "error/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/"
    )
    table = storage.properties("AWS::Glue::Table")["TableInput"]
    template = table["Parameters"]["storage.location.template"]
    assert template["Fn::Join"][1][-1] == "/events/dt=${dt}/"
    assert table["StorageDescriptor"]["Location"]["Fn::Join"][1][-1] == "/events/"


def test_table_has_the_columns_of_the_contract_in_lower_case(storage: Any) -> None:
    table = storage.properties("AWS::Glue::Table")["TableInput"]
    columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert columns == [
        ("id", "string"),
        ("userid", "string"),
        ("format", "string"),
        ("timestamp", "timestamp"),
    ]
    assert table["PartitionKeys"] == [{"Name": "dt", "Type": "string"}]
    assert table["Parameters"]["projection.enabled"] == "true"
    assert table["Parameters"]["projection.dt.range"] == "2026-01-01,NOW"


def test_results_of_queries_expire_and_events_only_when_asked(synthesize: Any) -> None:
    def expiring(**settings: Any) -> dict[str, int]:
        template = synthesize(StorageStack, event_reporting=settings)
        rules = [
            rule
            for bucket in template.of_type("AWS::S3::Bucket").values()
            for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        ]
        return {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}

    assert expiring() == {"results/": 90}
    assert expiring(query_output_expires_after_days=7, events_expire_after_days=400) == {
        "results/": 7,
        "events/": 400,
        "error/": 400,
    }


def test_both_buckets_can_go_with_their_stack(synthesize: Any) -> None:
    template = synthesize(StorageStack, keep_data_on_destroy=False)
    assert len(template.of_type("Custom::S3AutoDeleteObjects")) == 2
    assert {bucket["DeletionPolicy"] for bucket in template.of_type("AWS::S3::Bucket").values()} == {"Delete"}


def test_buckets_can_have_names_of_the_users(synthesize: Any) -> None:
    template = synthesize(
        StorageStack,
        event_reporting={"events_bucket_name": "our-events", "query_output_bucket_name": "our-results"},
    )
    names = {bucket["Properties"]["BucketName"] for bucket in template.of_type("AWS::S3::Bucket").values()}
    assert names == {"our-events", "our-results"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"environment": "Prod"}, "environment"),
        ({"environment": "much-too-long"}, "environment"),
        ({"application": "a_b"}, "application"),
        ({"buffering_hints": {"size_in_mbs": 63}}, "size_in_mbs: must be 64-128"),
        ({"report": {"email": "nobody"}}, "report.email"),
        ({"report": {"query_timeout_in_minutes": 121}}, "query_timeout_in_minutes: must be 1-120"),
        ({"first_day": "yesterday"}, "first_day: must be a date, `YYYY-MM-DD`"),
    ],
)
def test_setting_that_aws_would_refuse_is_named(synthesize: Any, settings: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        synthesize(StorageStack, event_reporting=settings)


# -- report


def test_report_starts_at_eight_on_the_first_of_the_month(report: Any) -> None:
    rule = report.properties("AWS::Events::Rule")
    assert rule["ScheduleExpression"] == "cron(0 8 1 * ? *)"
    assert rule["State"] == "ENABLED"
    (target,) = rule["Targets"]
    (function,) = [name for name in report.of_type(FUNCTION) if name.startswith("StartWorkflow")]
    assert target["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
    (name,) = report.of_type("AWS::Events::Rule")
    permission = report.properties("AWS::Lambda::Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == {"Fn::GetAtt": [name, "Arn"]}


def test_event_that_starts_nothing_is_kept(report: Any) -> None:
    (queue,) = report.of_type("AWS::SQS::Queue")
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    (target,) = report.properties("AWS::Events::Rule")["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": arn}
    retries = report.properties("AWS::Lambda::EventInvokeConfig")
    assert retries["MaximumRetryAttempts"] == 2
    assert retries["DestinationConfig"] == {"OnFailure": {"Destination": arn}}
    queue_properties = report.properties("AWS::SQS::Queue")
    assert queue_properties["MessageRetentionPeriod"] == 1_209_600
    assert queue_properties["SqsManagedSseEnabled"] is True


def test_queue_takes_events_of_the_one_rule_and_nothing_without_tls(report: Any) -> None:
    allow, deny = report.properties("AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    assert allow["Principal"] == {"Service": "events.amazonaws.com"}
    source = allow["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert source["Fn::Join"][1][-1] == ":rule/event-report-dev-reporting"
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_reports_are_encrypted_on_their_way_and_alarms_have_a_topic_they_can_publish_to(report: Any) -> None:
    assert properties(report, "AWS::SNS::Topic", "Topic")["KmsMasterKeyId"] == "alias/aws/sns"
    assert "KmsMasterKeyId" not in properties(report, "AWS::SNS::Topic", "AlarmTopic")
    statements = properties(report, "AWS::SNS::TopicPolicy", "TopicPolicy")["PolicyDocument"]["Statement"]
    assert [statement["Sid"] for statement in statements] == ["NothingWithoutTls"]


def test_mail_address_is_a_setting(report: Any, synthesize: Any) -> None:
    assert report.of_type("AWS::SNS::Subscription") == {}
    template = synthesize(ReportStack, event_reporting={"report": {"email": "team@example.org"}})
    subscriptions = template.of_type("AWS::SNS::Subscription").values()
    assert [item["Properties"]["Endpoint"] for item in subscriptions] == ["team@example.org"] * 2
    assert {item["Properties"]["Protocol"] for item in subscriptions} == {"email"}


def test_work_group_decides_where_results_go_and_offers_the_queries(report: Any, synthesize: Any) -> None:
    settings = report.properties("AWS::Athena::WorkGroup")["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["ResultConfiguration"]["OutputLocation"]["Fn::Join"][1][-1] == "/results/"
    queries = report.of_type("AWS::Athena::NamedQuery").values()
    assert {query["Properties"]["Name"] for query in queries} == {
        path.stem for path in (ROOT / "sql/event_reporting/queries").glob("*.sql")
    }
    assert {query["Properties"]["Database"] for query in queries} == {"event_reporting"}
    limited = synthesize(ReportStack, event_reporting={"report": {"scan_limit_in_mbs": 500}})
    configuration = limited.properties("AWS::Athena::WorkGroup")["WorkGroupConfiguration"]
    assert configuration["BytesScannedCutoffPerQuery"] == 500_000_000


def test_polling_is_capped_by_the_querys_timeout(report: Any, synthesize: Any) -> None:
    def checks(template: Any) -> str:
        variables = properties(template, FUNCTION, "StartQuery")["Environment"]["Variables"]
        return str(variables["QUERY_CHECKS"])

    assert checks(report) == "60"
    template = synthesize(ReportStack, event_reporting={"report": {"query_timeout_in_minutes": 1}})
    assert checks(template) == "2"


def test_settings_reach_the_functions(synthesize: Any) -> None:
    template = synthesize(
        ReportStack,
        event_reporting={
            "database_name": "db",
            "query_output_expires_after_days": 7,
            "report": {"longest_period_in_days": 31},
        },
    )
    variables = properties(template, FUNCTION, "StartQuery")["Environment"]["Variables"]
    assert variables == {
        "DATABASE_NAME": "db",
        "WORK_GROUP": "event-report-dev-reporting",
        "LONGEST_PERIOD_IN_DAYS": "31",
        "QUERY_CHECKS": "60",
    }
    mailing = properties(template, FUNCTION, "SendReport")["Environment"]["Variables"]
    assert mailing["RESULTS_EXPIRE_AFTER_DAYS"] == "7"


def test_package_of_the_function_that_starts_the_query_has_the_query(report: Any, room: Any) -> None:
    key = properties(report, FUNCTION, "StartQuery")["Code"]["S3Key"].removesuffix(".zip")
    package = room.directory / f"asset.{key}"
    assert (package / "sql/event_reporting/jobs/report.sql").is_file()
    assert (package / "lambdas/event_reporting/start_query/handler.py").is_file()
    assert {path.name for path in package.iterdir()} == {"lambdas", "sql"}


def test_machine_logs_everything_and_is_traced(report: Any) -> None:
    machine = report.properties("AWS::StepFunctions::StateMachine")
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["TracingConfiguration"] == {"Enabled": True}
    name = properties(report, "AWS::Logs::LogGroup", "StateMachineLog")["LogGroupName"]
    assert name == "/aws/vendedlogs/states/event-report-dev-reporting"


def test_machine_trusts_executions_of_this_account_alone(report: Any) -> None:
    role = properties(report, "AWS::IAM::Role", "StateMachineRole")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_definition_is_the_file_and_every_placeholder_has_a_value(report: Any) -> None:
    machine = report.properties("AWS::StepFunctions::StateMachine")
    text = machine["DefinitionString"]
    assert json.loads(text) == json.loads((ROOT / "stacks/event_reporting/report.asl.json").read_text())
    for name in machine["DefinitionSubstitutions"]:
        text = text.replace(f"${{{name}}}", "")
    assert "${" not in text


def test_every_alarm_has_its_section_in_the_systems_page(report: Any) -> None:
    page = (ROOT / "docs/systems/event_reporting.md").read_text(encoding="utf-8")
    names = [alarm["Properties"]["AlarmName"] for alarm in report.of_type("AWS::CloudWatch::Alarm").values()]
    assert len(names) == 4
    for name in names:
        assert f"\n### {name.removeprefix('dev-reporting-')}\n" in page
