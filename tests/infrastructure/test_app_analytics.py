"""app_analytics: how events are stored, how their schema is found, who may ask, and what can be set."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app import AppConfig
from stacks.app_analytics.catalog_stack import CatalogStack
from stacks.app_analytics.delivery_stack import DeliveryStack
from stacks.app_analytics.monitoring_stack import RUNBOOK, MonitoringStack, alarms
from stacks.app_analytics.queries_stack import QueriesStack
from stacks.app_analytics.quicksight_stack import COLUMNS, QuickSightStack
from stacks.app_analytics.storage_stack import StorageStack
from stacks.config import ROOT, load_config
from stacks.config_errors import ConfigError

STREAM = "AWS::KinesisFirehose::DeliveryStream"
CRAWLER = "AWS::Glue::Crawler"
DATABASE = "serverless-app-analytics-database"
GROUP = "arn:aws:quicksight:us-east-1:123456789012:group/default/analysts"


def settings(**sections: Any) -> dict[str, Any]:
    return {"app_analytics": sections}


def text(value: Any) -> str:
    """A joined text, with the names of what it refers to."""
    if isinstance(value, str):
        return value
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in value["Fn::Join"][1])


@pytest.fixture(scope="module")
def destination(assembly: Any) -> dict[str, Any]:
    properties = assembly["AppAnalyticsDelivery"].properties(STREAM)
    return properties["ExtendedS3DestinationConfiguration"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def crawler(assembly: Any) -> dict[str, Any]:
    return assembly["AppAnalyticsCatalog"].properties(CRAWLER)  # type: ignore[no-any-return]


def test_producers_write_straight_to_an_encrypted_delivery_stream(assembly: Any) -> None:
    properties = assembly["AppAnalyticsDelivery"].properties(STREAM)
    assert properties["DeliveryStreamName"] == "app-analytics-events"
    assert properties["DeliveryStreamType"] == "DirectPut"
    assert properties["DeliveryStreamEncryptionConfigurationInput"] == {"KeyType": "AWS_OWNED_CMK"}


def test_events_lie_by_the_hour_and_failures_outside_what_is_crawled(destination: dict[str, Any]) -> None:
    year_to_hour = "/".join(f"!{{timestamp:{part}}}" for part in ("yyyy", "MM", "dd", "HH"))
    assert destination["Prefix"] == f"raw/firehose/{year_to_hour}/"
    assert destination["ErrorOutputPrefix"].startswith("error/!{firehose:error-output-type}/")
    assert destination["CompressionFormat"] == "UNCOMPRESSED"


def test_a_newline_follows_each_record_whether_its_producer_sends_one_or_not(
    destination: dict[str, Any],
) -> None:
    assert destination["ProcessingConfiguration"] == {
        "Enabled": True,
        "Processors": [
            {
                "Type": "AppendDelimiterToRecord",
                "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
            }
        ],
    }


def test_delivery_is_a_setting(synthesize: Any) -> None:
    delivery = {
        "delivery_stream_name": "clicks",
        "s3_bucket_name": "my-bucket",
        "interval_in_seconds": 0,
        "size_in_mbs": 128,
        "compression": "GZIP",
        "newline_after_records": False,
    }
    properties = synthesize(DeliveryStack, **settings(delivery=delivery)).properties(STREAM)
    destination = properties["ExtendedS3DestinationConfiguration"]
    assert properties["DeliveryStreamName"] == "clicks"
    assert text(destination["BucketARN"]) == "arn:<AWS::Partition>:s3:::my-bucket"
    assert destination["BufferingHints"] == {"IntervalInSeconds": 0, "SizeInMBs": 128}
    assert destination["CompressionFormat"] == "GZIP"
    assert "ProcessingConfiguration" not in destination


def test_crawler_looks_every_ten_minutes_at_the_raw_events_alone(crawler: dict[str, Any]) -> None:
    (target,) = crawler["Targets"]["S3Targets"]
    assert text(target["Path"]).endswith("/raw/firehose/")
    assert crawler["Schedule"] == {"ScheduleExpression": "cron(0/10 * * * ? *)"}
    assert crawler["DatabaseName"] == DATABASE


def test_crawler_keeps_one_table_whose_partitions_have_its_schema(crawler: dict[str, Any]) -> None:
    configuration = json.loads(crawler["Configuration"])
    assert configuration["Grouping"] == {
        "TableGroupingPolicy": "CombineCompatibleSchemas",
        "TableLevelConfiguration": 3,
    }
    assert configuration["CrawlerOutput"]["Partitions"]["AddOrUpdateBehavior"] == "InheritFromTable"
    assert configuration["CreatePartitionIndex"] is False, "its role may not make one"
    assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    assert crawler["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_EVERYTHING"}


@pytest.mark.parametrize(
    ("minutes", "schedule"),
    [
        (30, "cron(0/30 * * * ? *)"),
        (60, "cron(0 0/1 * * ? *)"),
        (360, "cron(0 0/6 * * ? *)"),
        (1440, "cron(0 0 * * ? *)"),
    ],
)
def test_crawler_can_be_slower(synthesize: Any, minutes: int, schedule: str) -> None:
    template = synthesize(CatalogStack, **settings(catalog={"crawl_every_minutes": minutes}))
    assert template.properties(CRAWLER)["Schedule"]["ScheduleExpression"] == schedule


def test_catalog_comes_after_its_database(assembly: Any, synthesize: Any) -> None:
    declared = synthesize(CatalogStack, **settings(catalog={"table_schema": "declared"}))
    for template, type in ((assembly["AppAnalyticsCatalog"], CRAWLER), (declared, "AWS::Glue::Table")):
        (database,) = template.of_type("AWS::Glue::Database")
        assert database in template.resource(type)["DependsOn"]


def test_declared_table_takes_the_place_of_the_crawler(synthesize: Any) -> None:
    template = synthesize(CatalogStack, **settings(catalog={"table_schema": "declared", "first_year": 2025}))
    assert {resource["Type"] for _, resource in template} == {"AWS::Glue::Database", "AWS::Glue::Table"}
    table = template.properties("AWS::Glue::Table")["TableInput"]
    columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert columns == [
        *((name, "string") for name in ("customerid", "ipaddress", "countrycode", "gender", "trafficorigin")),
        ("event", "struct<type:string,product:string,amount:double>"),
    ]
    assert [key["Name"] for key in table["PartitionKeys"]] == [f"partition_{level}" for level in range(4)]
    parameters = table["Parameters"]
    assert parameters["projection.partition_0.range"] == "2025,NOW"
    template_of_location = text(parameters["storage.location.template"])
    assert template_of_location.endswith(
        "/raw/firehose/${partition_0}/${partition_1}/${partition_2}/${partition_3}/"
    )


def test_declared_table_is_the_one_that_a_user_makes_by_hand(synthesize: Any) -> None:
    template = synthesize(CatalogStack, **settings(catalog={"table_schema": "declared"}))
    declared = template.properties("AWS::Glue::Table")["TableInput"]
    by_hand = (ROOT / "sql/app_analytics/tables/firehose.sql").read_text(encoding="utf-8")
    for column in declared["StorageDescriptor"]["Columns"]:
        assert f"    {column['Name']} {column['Type']}" in by_hand
    for name, value in declared["Parameters"].items():
        if name.startswith("projection."):
            assert f"'{name}' = '{value}'" in by_hand


def test_queries_are_kept_from_scanning_without_end(assembly: Any, synthesize: Any) -> None:
    group = assembly["AppAnalyticsQueries"].properties("AWS::Athena::WorkGroup")
    configuration = group["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == 10_000_000_000
    assert text(configuration["ResultConfiguration"]["OutputLocation"]).endswith("/athena-results/")
    endless = synthesize(QueriesStack, **settings(queries={"scan_limit_in_mbs": None}))
    assert (
        "BytesScannedCutoffPerQuery"
        not in endless.properties("AWS::Athena::WorkGroup")["WorkGroupConfiguration"]
    )


def test_every_query_file_is_a_named_query(assembly: Any) -> None:
    queries = assembly["AppAnalyticsQueries"].of_type("AWS::Athena::NamedQuery").values()
    files = {file.stem: file.read_text() for file in (ROOT / "sql/app_analytics/queries").glob("*.sql")}
    deployed = {query["Properties"]["Name"]: query["Properties"]["QueryString"] for query in queries}
    assert deployed == files
    assert {query["Properties"]["Database"] for query in queries} == {DATABASE}
    assert all(query["Properties"]["Description"].endswith("?") for query in queries)


def test_results_expire_and_events_do_when_they_are_told_to(assembly: Any, synthesize: Any) -> None:
    def expiring(template: Any) -> dict[str, int]:
        rules = template.properties("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
        return {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}

    assert expiring(assembly["AppAnalyticsStorage"]) == {"athena-results/": 7}
    template = synthesize(StorageStack, **settings(delivery={"raw_events_expire_after_days": 90}))
    assert expiring(template) == {"athena-results/": 7, "raw/firehose/": 90}


def test_data_goes_with_the_stacks_only_when_it_is_told_to(assembly: Any, synthesize: Any) -> None:
    kept = assembly["AppAnalyticsCatalog"].resource("AWS::Glue::Database")
    assert kept["UpdateReplacePolicy"] == "Retain"
    declared = {"catalog": {"table_schema": "declared"}}
    gone = synthesize(CatalogStack, keep_data_on_destroy=False, **settings(**declared))
    for type in ("AWS::Glue::Database", "AWS::Glue::Table"):
        assert gone.resource(type)["DeletionPolicy"] == "Delete"


def test_alarms_watch_the_delivery_stream_and_tell_whom_the_settings_name(
    assembly: Any, synthesize: Any
) -> None:
    template = assembly["AppAnalyticsMonitoring"]
    (topic,) = template.of_type("AWS::SNS::Topic")
    alarms = [alarm["Properties"] for alarm in template.of_type("AWS::CloudWatch::Alarm").values()]
    assert {alarm["AlarmName"]: alarm["Threshold"] for alarm in alarms} == {
        "app-analytics-producers-throttled": 1,
        "app-analytics-delivery-freshness": 960,
    }
    for alarm in alarms:
        assert alarm["Dimensions"] == [{"Name": "DeliveryStreamName", "Value": "app-analytics-events"}]
        assert alarm["AlarmActions"] == [{"Ref": topic}]
    told = synthesize(MonitoringStack, **settings(alarm_email="oncall@example.org"))
    assert told.properties("AWS::SNS::Subscription")["Endpoint"] == "oncall@example.org"


def test_every_alarm_has_a_section_of_the_page() -> None:
    page = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    for alarm in alarms(AppConfig().app_analytics.delivery):
        assert f"\n### {alarm.name}\n" in page


def test_quicksight_is_off_unless_somebody_is_named(assembly: Any, synthesize_app: Any) -> None:
    assert "AppAnalyticsQuickSight" not in assembly.stacks
    named = synthesize_app(systems="app_analytics", **settings(quicksight={"principal_arn": GROUP}))
    assert "AppAnalyticsQuickSight" in named.stacks


def test_quicksight_asks_the_flat_query_in_the_work_group_by_a_role_of_its_own(synthesize: Any) -> None:
    template = synthesize(QuickSightStack, **settings(quicksight={"principal_arn": GROUP}))
    source = template.properties("AWS::QuickSight::DataSource")
    (role,) = template.of_type("AWS::IAM::Role")
    athena = source["DataSourceParameters"]["AthenaParameters"]
    assert athena == {"WorkGroup": "app-analytics", "RoleArn": {"Fn::GetAtt": [role, "Arn"]}}
    data_set = template.properties("AWS::QuickSight::DataSet")
    (table,) = data_set["PhysicalTableMap"].values()
    file = (ROOT / "sql/app_analytics/queries/flat_events.sql").read_text(encoding="utf-8")
    assert file.endswith(table["CustomSql"]["SqlQuery"])
    assert {column["Name"]: column["Type"] for column in table["CustomSql"]["Columns"]} == COLUMNS
    for resource in (source, data_set):
        (permission,) = resource["Permissions"]
        assert permission["Principal"] == GROUP
        assert not any("Delete" in action or "Update" in action for action in permission["Actions"])


@pytest.mark.parametrize(("mode", "owns"), [("DIRECT_QUERY", False), ("SPICE", True)])
def test_quicksights_permissions_are_a_viewers_or_an_owners(synthesize: Any, mode: str, owns: bool) -> None:
    """Any other set of actions is refused: "unsupported permission sets for this resource"."""
    named = {"principal_arn": GROUP, "import_mode": mode}
    data_set = synthesize(QuickSightStack, **settings(quicksight=named)).properties(
        "AWS::QuickSight::DataSet"
    )
    viewer = {"DescribeDataSet", "DescribeDataSetPermissions", "PassDataSet"}
    viewer |= {"DescribeIngestion", "ListIngestions"}
    owner = viewer | {"CreateIngestion", "CancelIngestion", "UpdateDataSet", "DeleteDataSet"}
    owner |= {"UpdateDataSetPermissions"}
    (permission,) = data_set["Permissions"]
    assert {action.removeprefix("quicksight:") for action in permission["Actions"]} == (
        owner if owns else viewer
    )


def test_quicksights_role_reads_events_and_writes_results_alone(synthesize: Any) -> None:
    template = synthesize(QuickSightStack, **settings(quicksight={"principal_arn": GROUP}))
    (policy,) = template.properties("AWS::IAM::Role")["Policies"]
    statements = {part["Sid"]: part for part in policy["PolicyDocument"]["Statement"]}
    assert statements["ReadRawEvents"]["Action"] == "s3:GetObject"
    assert text(statements["ReadRawEvents"]["Resource"]).endswith("/raw/firehose/*")
    assert text(statements["KeepResults"]["Resource"]).endswith("/athena-results/*")
    assert text(statements["AthenaAsksForDefault"]["Resource"]).endswith(":database/default")
    everywhere = [part["Action"] for part in statements.values() if part["Resource"] == "*"]
    assert everywhere == ["lakeformation:GetDataAccess"], "which knows no narrower resource"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"delivery": {"delivery_stream_name": "a" * 65}}, "delivery_stream_name: must be 1-64 letters"),
        ({"delivery": {"interval_in_seconds": 901}}, "interval_in_seconds: must be 0-900"),
        ({"catalog": {"crawl_every_minutes": 7}}, "crawl_every_minutes"),
        ({"queries": {"scan_limit_in_mbs": 9}}, "scan_limit_in_mbs: must be 10-7000000"),
        ({"quicksight": {"principal_arn": "me"}}, "principal_arn: must be the ARN of a QuickSight user or"),
    ],
)
def test_a_wrong_setting_is_told(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(AppConfig, settings(**section))
    assert message in str(error.value)
