"""saas_metering: its users, its API, where the log goes, the catalog, the merge, the watch."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.saas_metering.merge_small_files.run import POSTPONED
from stacks.config_errors import ConfigError
from stacks.saas_metering.catalog_stack import CatalogStack
from stacks.saas_metering.delivery_stack import DeliveryStack
from stacks.saas_metering.merge_stack import MergeStack
from stacks.saas_metering.monitoring_stack import NAME_PREFIX, MonitoringStack
from stacks.saas_metering.random_strings_api_stack import RandomStringsApiStack
from tests.conftest import ROOT

POOL, CLIENT = "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"
STREAM = "AWS::KinesisFirehose::DeliveryStream"
TABLE = "AWS::Glue::Table"
GRANT = "AWS::LakeFormation::PrincipalPermissions"
KEYS = [{"Name": name, "Type": "int"} for name in ("year", "month", "day", "hour")]


@pytest.fixture(scope="module")
def app(synthesize_app: Any) -> Any:
    return synthesize_app(systems="saas_metering")


@pytest.fixture(scope="module")
def api(app: Any) -> Any:
    return app["RandomGenApiGw"]


@pytest.fixture(scope="module")
def merge(app: Any) -> Any:
    return app["RestApiAccessLogMergeSmallFiles"]


def pool(synthesize: Any, **settings: Any) -> Any:
    return synthesize(RandomStringsApiStack, saas_metering={"user_pool": settings})


def test_nobody_makes_an_account_alone_and_passwords_are_strong_unless_settings_say_otherwise(
    api: Any,
) -> None:
    properties = api.properties(POOL)
    assert properties["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert properties["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 12,
        "RequireLowercase": True,
        "RequireUppercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
        "TemporaryPasswordValidityDays": 3,
    }
    assert (properties["MfaConfiguration"], properties["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    assert properties["UserPoolTier"] == "ESSENTIALS"
    assert properties["DeletionProtection"] == "ACTIVE"


def test_user_pool_has_its_settings(synthesize: Any) -> None:
    template = pool(
        synthesize,
        self_sign_up=True,
        password_minimum_length=16,
        password_requires="lowercase,numbers",
        mfa="required",
        threat_protection="enforced",
        password_sign_in=True,
        id_token_valid_for_minutes=5,
    )
    properties = template.properties(POOL)
    assert properties["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}
    policy = properties["Policies"]["PasswordPolicy"]
    assert (policy["MinimumLength"], policy["RequireSymbols"], policy["RequireNumbers"]) == (16, False, True)
    assert properties["MfaConfiguration"] == "ON"
    assert properties["UserPoolTier"] == "PLUS"
    assert properties["UserPoolAddOns"] == {"AdvancedSecurityMode": "ENFORCED"}
    client = template.properties(CLIENT)
    assert "ALLOW_USER_PASSWORD_AUTH" in client["ExplicitAuthFlows"]
    assert client["IdTokenValidity"] == 5


def test_client_has_no_secret_and_takes_no_plain_password(api: Any) -> None:
    client = api.properties(CLIENT)
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["ExplicitAuthFlows"] == [
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    ]


def test_get_demands_a_token_of_the_pool_and_the_preflight_request_does_not(api: Any) -> None:
    methods = {
        method["Properties"]["HttpMethod"]: method["Properties"]
        for method in api.of_type("AWS::ApiGateway::Method").values()
    }
    (authorizer,) = api.of_type("AWS::ApiGateway::Authorizer")
    assert methods["GET"]["AuthorizationType"] == "COGNITO_USER_POOLS"
    assert methods["GET"]["AuthorizerId"] == {"Ref": authorizer}
    assert methods["OPTIONS"]["AuthorizationType"] == "NONE"
    (pool_id,) = api.of_type(POOL)
    properties = api.properties("AWS::ApiGateway::Authorizer")
    assert properties["ProviderARNs"] == [{"Fn::GetAtt": [pool_id, "Arn"]}]


def test_api_has_the_name_stage_and_outputs_of_the_contract(api: Any) -> None:
    assert api.properties("AWS::ApiGateway::RestApi")["Name"] == "random-strings"
    assert api.properties("AWS::ApiGateway::Stage")["StageName"] == "prod"
    assert set(api.document["Outputs"]) == {"RestApiEndpoint", "UserPoolId", "UserPoolClientId"}


def test_stage_logs_straight_to_the_delivery_stream(api: Any, app: Any) -> None:
    setting = api.properties("AWS::ApiGateway::Stage")["AccessLogSetting"]
    name = app["RestApiAccessLogToS3"].properties(STREAM)["DeliveryStreamName"]
    assert name == "amazon-apigateway-random-gen"
    assert setting["DestinationArn"]["Fn::Join"][1][-1] == f":deliverystream/{name}"
    assert setting["Format"].endswith("}\n")
    assert setting["Format"].count("\n") == 1


def test_log_goes_to_the_folder_of_its_hour_and_errors_lie_apart(app: Any) -> None:
    properties = app["RestApiAccessLogToS3"].properties(STREAM)
    assert properties["DeliveryStreamType"] == "DirectPut"
    destination = properties["ExtendedS3DestinationConfiguration"]
    hour = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
    assert destination["Prefix"] == f"json-data/{hour}"
    assert destination["ErrorOutputPrefix"] == f"error/{hour}!{{firehose:error-output-type}}/"
    assert destination["BufferingHints"] == {"IntervalInSeconds": 300, "SizeInMBs": 128}
    assert "CustomTimeZone" not in destination, "UTC is what the merge counts hours in"


def test_settings_of_the_contract_are_taken_as_they_were_written(synthesize: Any) -> None:
    hour = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
    template = synthesize(
        DeliveryStack,
        vpc_name="default",
        firehose={
            "stream_name": "calls",
            "buffer_size_in_mbs": 5,
            "buffer_interval_in_seconds": 60,
            "s3_bucket": "logs-of-the-team",
            "s3_output_folder": "raw",
            "prefix": f"raw/{hour}",
            "error_output_prefix": "failed/!{firehose:error-output-type}",
        },
        saas_metering={"raw_log_expires_after_days": 30},
    )
    properties = template.properties(STREAM)
    assert properties["DeliveryStreamName"] == "amazon-apigateway-calls"
    destination = properties["ExtendedS3DestinationConfiguration"]
    assert destination["Prefix"] == f"raw/{hour}"
    assert destination["ErrorOutputPrefix"] == "failed/!{firehose:error-output-type}/"
    bucket = template.properties("AWS::S3::Bucket")
    assert bucket["BucketName"] == "logs-of-the-team"
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert (rules["RawLog"]["Prefix"], rules["RawLog"]["ExpirationInDays"]) == ("raw/", 30)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"firehose": {"prefix": "json-data/!{timestamp:yyyy}/"}}, "prefix must be"),
        (
            {"firehose": {"error_output_prefix": "json-data/e/!{firehose:error-output-type}/"}},
            "must lie outside s3_output_folder",
        ),
        ({"merge_small_files_lambda_env": {"NEW_TABLE_S3_FOLDER_NAME": "json-data"}}, "must lie apart"),
        (
            {"merge_small_files_lambda_env": {"NEW_TABLE_S3_FOLDER_NAME": "ann's"}},
            "must have folders of letters",
        ),
        ({"merge_small_files_lambda_env": {"NEW_TABLE_S3_FOLDER_NAME": "*"}}, "must have folders of letters"),
        ({"firehose": {"error_output_prefix": "e*/!{firehose:error-output-type}/"}}, "must have folders of"),
        ({"merge_small_files_lambda_env": {"NEW_TABLE_S3_FOLDER_NAME": "json-data/x"}}, "must lie apart"),
        ({"merge_small_files_lambda_env": {"NEW_TABLE_NAME": "restapi_access_log_json"}}, "two tables"),
        ({"merge_small_files_lambda_env": {"COLUMN_NAMES": "requestId,user,speed"}}, "must name fields of"),
        ({"merge_small_files_lambda_env": {"COLUMN_NAMES": "requestId,ip"}}, "must name user, requestTime"),
        ({"firehose": {"buffer_size_in_mbs": 129}}, "1-128 (got 129)"),
        ({"saas_metering": {"user_pool": {"password_minimum_length": 6}}}, "8-99 (got 6)"),
        (
            {
                "firehose": {"buffer_interval_in_seconds": 900},
                "saas_metering": {"delivery_late_after_minutes": 15},
            },
            "more than the buffering interval, 900 s (got 15)",
        ),
    ],
)
def test_what_could_not_work_is_refused(synthesize: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        synthesize(DeliveryStack, **settings)
    assert said in str(refused.value)


def test_work_group_lets_create_table_as_say_where_its_files_go(app: Any) -> None:
    group = app["RestApiAccessLogCatalog"].properties("AWS::Athena::WorkGroup")
    assert group["Name"] == "SaaSMeteringDemo"
    configuration = group["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is False
    assert configuration["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}


def test_tables_are_partitioned_by_year_month_day_and_hour(app: Any) -> None:
    tables = {
        table["Properties"]["TableInput"]["Name"]: table["Properties"]["TableInput"]
        for table in app["RestApiAccessLogCatalog"].of_type(TABLE).values()
    }
    assert set(tables) == {"restapi_access_log_json", "restapi_access_log_parquet"}
    for name, table in tables.items():
        assert table["PartitionKeys"] == KEYS
        folder = "json-data" if name.endswith("json") else "parquet-data"
        assert table["StorageDescriptor"]["Location"]["Fn::Join"][1][-1] == f"/{folder}/"


def test_named_queries_have_the_names_that_the_settings_give(synthesize: Any) -> None:
    names = {
        "OLD_DATABASE": "raw_logs",
        "OLD_TABLE_NAME": "lines",
        "NEW_DATABASE": "logs",
        "NEW_TABLE_NAME": "requests",
    }
    template = synthesize(CatalogStack, merge_small_files_lambda_env=names)
    queries = [query["Properties"] for query in template.of_type("AWS::Athena::NamedQuery").values()]
    assert len(queries) == len(list((ROOT / "sql/saas_metering/queries").glob("*.sql")))
    assert {query["Database"] for query in queries} == {"logs"}
    texts = "".join(query["QueryString"] for query in queries)
    assert "raw_logs.lines" in texts
    assert "logs.requests" in texts
    assert "mydatabase" not in texts
    databases = template.of_type("AWS::Glue::Database").values()
    assert {item["Properties"]["DatabaseInput"]["Name"] for item in databases} == {"raw_logs", "logs"}


def test_tables_can_be_left_to_somebody_else(synthesize: Any) -> None:
    template = synthesize(CatalogStack, saas_metering={"create_tables": False})
    assert template.of_type(TABLE) == {}
    assert template.of_type("AWS::Glue::Database") == {}
    assert template.of_type("AWS::Athena::NamedQuery")


def test_merge_runs_every_hour_after_the_last_lines_of_the_hour_before(merge: Any, synthesize: Any) -> None:
    rule = merge.properties("AWS::Events::Rule")
    (function,) = merge.of_type("AWS::Lambda::Function")
    assert rule["ScheduleExpression"] == "cron(6 * * * ? *)"
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": [function, "Arn"]}]
    permission = merge.properties("AWS::Lambda::Permission")
    (rule_id,) = merge.of_type("AWS::Events::Rule")
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == {"Fn::GetAtt": [rule_id, "Arn"]}
    slow = synthesize(MergeStack, firehose={"buffer_interval_in_seconds": 900})
    assert slow.properties("AWS::Events::Rule")["ScheduleExpression"] == "cron(16 * * * ? *)"


def test_merge_has_the_tables_of_the_contract_in_its_environment(merge: Any) -> None:
    variables = merge.properties("AWS::Lambda::Function")["Environment"]["Variables"]
    expected = {
        "OLD_DATABASE": "mydatabase",
        "OLD_TABLE_NAME": "restapi_access_log_json",
        "NEW_DATABASE": "mydatabase",
        "NEW_TABLE_NAME": "restapi_access_log_parquet",
        "NEW_TABLE_S3_FOLDER_NAME": "parquet-data",
        "COLUMN_NAMES": "requestId,ip,user,requestTime,httpMethod,"
        "resourcePath,status,protocol,responseLength",
    }
    assert expected.items() <= variables.items()


def test_lake_formation_grants_of_the_merge_come_after_the_right_to_give_them(merge: Any) -> None:
    grants = {
        name: (grant["Properties"]["Permissions"], grant["DependsOn"])
        for name, grant in merge.of_type(GRANT).items()
    }
    (admin,) = merge.of_type("AWS::LakeFormation::DataLakeSettings")
    assert {name: permissions for name, (permissions, _) in grants.items()} == {
        "NewDatabaseGrant": ["DESCRIBE", "CREATE_TABLE"],
        "NewTablesGrant": ["SELECT", "DESCRIBE", "ALTER", "INSERT", "DELETE", "DROP"],
    }
    assert all(admin in needed for _, needed in grants.values())
    role = merge.document["Outputs"]["LambdaExecRoleArn"]["Value"]
    principals = {
        json.dumps(grant["Properties"]["Principal"]["DataLakePrincipalIdentifier"])
        for grant in merge.of_type(GRANT).values()
    }
    assert principals == {json.dumps(role)}


def test_two_databases_have_grants_each(synthesize: Any) -> None:
    template = synthesize(MergeStack, merge_small_files_lambda_env={"OLD_DATABASE": "raw_logs"})
    permissions = {
        name: grant["Properties"]["Permissions"] for name, grant in template.of_type(GRANT).items()
    }
    assert permissions["OldDatabaseGrant"] == ["DESCRIBE"]
    assert permissions["OldTablesGrant"] == ["SELECT", "DESCRIBE", "ALTER"]
    assert len(permissions) == 4


def test_every_alarm_tells_the_topic_and_has_its_section_in_the_runbook(synthesize: Any) -> None:
    template = synthesize(MonitoringStack, saas_metering={"alarm_email": "oncall@example.org"})
    (topic,) = template.of_type("AWS::SNS::Topic")
    runbook = (ROOT / "docs/systems/saas_metering.md").read_text(encoding="utf-8")
    alarms = [alarm["Properties"] for alarm in template.of_type("AWS::CloudWatch::Alarm").values()]
    assert len(alarms) == 5
    for alarm in alarms:
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert f"### {alarm['AlarmName'].removeprefix(NAME_PREFIX)}\n" in runbook
    assert template.of_type("AWS::SNS::Subscription")


def test_failed_and_missing_runs_of_the_merge_raise_an_alarm(app: Any) -> None:
    alarms = {
        alarm["Properties"]["AlarmName"]: alarm["Properties"]
        for alarm in app["RestApiAccessLogMonitoring"].of_type("AWS::CloudWatch::Alarm").values()
    }
    name = app["RestApiAccessLogMergeSmallFiles"].properties("AWS::Lambda::Function")["FunctionName"]
    failed, missing = alarms["saas-metering-merge-failed"], alarms["saas-metering-merge-missing"]
    assert failed["Dimensions"] == missing["Dimensions"] == [{"Name": "FunctionName", "Value": name}]
    assert (failed["MetricName"], failed["Threshold"]) == ("Errors", 1)
    assert (missing["MetricName"], missing["TreatMissingData"]) == ("Invocations", "breaching")


def test_hours_that_are_postponed_again_and_again_raise_an_alarm(app: Any) -> None:
    monitoring = app["RestApiAccessLogMonitoring"].of_type("AWS::CloudWatch::Alarm").values()
    (behind,) = (
        alarm["Properties"]
        for alarm in monitoring
        if alarm["Properties"]["AlarmName"] == "saas-metering-merge-behind"
    )
    assert (behind["Namespace"], behind["MetricName"]) == ("SaaSMetering", POSTPONED.capitalize())
    assert behind["Dimensions"] == [{"Name": "FunctionName", "Value": "restapi-access-log-merge-small-files"}]
    assert (behind["Period"], behind["DatapointsToAlarm"], behind["EvaluationPeriods"]) == (3600, 3, 3)
