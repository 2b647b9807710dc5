"""An API's access log goes through Firehose to S3, a crawler makes a table of it, Athena counts the calls."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import LocalRunProcess, StartRun
from tests.integration.stateful_assembly import write_assembly

pytestmark = pytest.mark.xdist_group("access-log")  # one run for all of them

DATABASE, CRAWLER = "calls_db", "calls-crawler"
FORMAT = (
    '{"requestId":"$context.extendedRequestId","httpMethod":"$context.httpMethod",'
    '"resourcePath":"$context.resourcePath","status":"$context.status",'
    '"caller":{"ip":"$context.identity.sourceIp","agent":"$context.identity.userAgent"}}\n'
)


def _ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


METHOD = {
    "RestApiId": _ref("Api"),
    "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
    "HttpMethod": "GET",
    "AuthorizationType": "NONE",
    "Integration": {
        "Type": "MOCK",
        "RequestTemplates": {"application/json": '{"statusCode": 200}'},
        "IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": {"application/json": "[]"}}],
    },
    "MethodResponses": [{"StatusCode": "200"}],
}
RESOURCES: dict[str, Any] = {
    "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "calls"}},
    "Stream": {
        "Type": "AWS::KinesisFirehose::DeliveryStream",
        "Properties": {
            "DeliveryStreamName": "amazon-apigateway-calls",
            "DeliveryStreamType": "DirectPut",
            "ExtendedS3DestinationConfiguration": {
                "BucketARN": {"Fn::GetAtt": ["Bucket", "Arn"]},
                "RoleARN": "arn:aws:iam::123456789012:role/Delivery",
                "Prefix": "json-data/year=!{timestamp:yyyy}/month=!{timestamp:MM}/",
                "ErrorOutputPrefix": "error/!{firehose:error-output-type}/",
                "CompressionFormat": "GZIP",
            },
        },
    },
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "calls"}},
    "Get": {"Type": "AWS::ApiGateway::Method", "Properties": METHOD},
    "Deployment": {
        "Type": "AWS::ApiGateway::Deployment",
        "Properties": {"RestApiId": _ref("Api")},
        "DependsOn": ["Get"],
    },
    "Stage": {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {
            "RestApiId": _ref("Api"),
            "DeploymentId": _ref("Deployment"),
            "StageName": "prod",
            "AccessLogSetting": {"DestinationArn": {"Fn::GetAtt": ["Stream", "Arn"]}, "Format": FORMAT},
        },
    },
    "Database": {
        "Type": "AWS::Glue::Database",
        "Properties": {"CatalogId": "123456789012", "DatabaseInput": {"Name": DATABASE}},
    },
    "Crawler": {
        "Type": "AWS::Glue::Crawler",
        "Properties": {
            "Name": CRAWLER,
            "Role": "arn:aws:iam::123456789012:role/Crawler",
            "DatabaseName": DATABASE,
            "Targets": {"S3Targets": [{"Path": {"Fn::Sub": "s3://${Bucket}/json-data/"}}]},
            "Schedule": {"ScheduleExpression": "cron(0 3 1 1 ? *)"},
        },
    },
}


@pytest.fixture(scope="module")
def run(start_run: StartRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunProcess]:
    directory = write_assembly(tmp_path_factory.mktemp("assembly"), RESOURCES, {})
    with start_run(tmp_path_factory.mktemp("run") / "state", "--assembly", str(directory)) as up:
        yield up


def client(run: LocalRunProcess, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=run.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"max_attempts": 0}),
    )


def call(run: LocalRunProcess, path: str, agent: str) -> int:
    request = urllib.request.Request(f"{run.url}/calls/prod{path}", headers={"User-Agent": agent})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def command(run: LocalRunProcess, *words: str) -> str:
    line = [sys.executable, "-m", "local_runtime", *words, "--state", str(run.state)]
    return subprocess.run(line, capture_output=True, text=True, check=True, timeout=120).stdout


def test_calls_are_counted_by_what_the_stage_logged(run: LocalRunProcess) -> None:
    glue = client(run, "glue")
    assert glue.get_crawler(Name=CRAWLER)["Crawler"]["State"] == "READY"
    answered = [call(run, path, 'a "quoted" agent') for path in ("/", "/", "/nowhere")]
    assert answered == [200, 200, 403]
    run.flush()
    printed = command(run, "crawl", CRAWLER)
    assert "json_data: made with 5 columns from 1 objects" in printed

    answer = command(
        run,
        "sql",
        "--format",
        "json",
        "SELECT status, caller.agent, count(DISTINCT requestid) AS calls, min(year) >= '2026' AS dated "
        f"FROM {DATABASE}.json_data GROUP BY 1, 2 ORDER BY 1",
    )
    assert json.loads(answer) == [
        {"status": "200", "agent": 'a "quoted" agent', "calls": 2, "dated": True},
        {"status": "403", "agent": 'a "quoted" agent', "calls": 1, "dated": True},
    ]


def test_glue_api_starts_a_crawl_and_says_how_it_went(run: LocalRunProcess) -> None:
    glue = client(run, "glue")
    glue.start_crawler(Name=CRAWLER)
    waited = command(run, "crawl")  # begins when the one that was started is over
    assert f"{CRAWLER}: succeeded" in waited
    crawler = glue.get_crawlers()["Crawlers"][0]
    assert (crawler["State"], crawler["LastCrawl"]["Status"]) == ("READY", "SUCCEEDED")
    assert crawler["Schedule"]["ScheduleExpression"] == "cron(0 3 1 1 ? *)"
    assert glue.get_crawler_metrics()["CrawlerMetricsList"][0]["CrawlerName"] == CRAWLER
    assert glue.list_crawls(CrawlerName=CRAWLER)["Crawls"][0]["State"] == "COMPLETED"
    with pytest.raises(ClientError) as refused:
        glue.stop_crawler(Name=CRAWLER)
    assert refused.value.response["Error"]["Code"] == "CrawlerNotRunningException"
    with pytest.raises(ClientError) as unknown:
        glue.start_crawler(Name="nobody")
    assert unknown.value.response["Error"]["Code"] == "EntityNotFoundException"
