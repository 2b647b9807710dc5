"""boto3 against a run: put, read back, transform, look at the catalog and at the metrics."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.xdist_group("sdk-pipeline")  # one run for all of them

STREAM = "PUT-Firehose-aEhWz"
DATABASE, TABLE = "web_log_iceberg_db", "web_log_iceberg"
FUNCTION = "web-analytics-firehose-data-transform"
GOOD, BAD = 40, 3


@pytest.fixture(scope="module")
def run(start_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with start_run(tmp_path_factory.mktemp("run") / "state", "--interval", "1") as up:
        kinesis = client(up, "kinesis")
        entries = [{"Data": event(number), "PartitionKey": str(number)} for number in range(GOOD)]
        entries += [{"Data": b"no event", "PartitionKey": str(number)} for number in range(BAD)]
        assert kinesis.put_records(StreamName=STREAM, Records=entries)["FailedRecordCount"] == 0
        up.flush()
        yield up


def client(run: Any, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=run.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"max_attempts": 0}),
    )


def event(number: int) -> bytes:
    fields = {
        "user_id": f"user-{number}",
        "session_id": f"session-{number % 4}",
        "event": "visit" if number % 2 else "purchase",
        "ip": "192.0.2.1",
        "hostname": "example.com",
        "uri": f"/page/{number}",
        "timestamp": "2026-11-21T10:00:00Z",
    }
    return json.dumps(fields).encode() + b"\n"


def test_records_are_read_back_by_iterator(run: Any) -> None:
    kinesis = client(run, "kinesis")
    assert STREAM in kinesis.list_streams()["StreamNames"]
    found = []
    for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found += [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]

    assert sorted(found) == sorted([*(event(number) for number in range(GOOD)), *[b"no event"] * BAD])


def test_a_delivery_stream_with_a_source_takes_no_records(run: Any) -> None:
    firehose = client(run, "firehose")
    (name,) = firehose.list_delivery_streams()["DeliveryStreamNames"]
    described = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    assert described["DeliveryStreamStatus"] == "ACTIVE"
    assert described["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"].endswith(f"/{STREAM}")
    assert "IcebergDestinationDescription" in described["Destinations"][0]

    with pytest.raises(firehose.exceptions.InvalidArgumentException, match="KinesisStreamAsSource"):
        firehose.put_record(DeliveryStreamName=name, Record={"Data": b"x"})


def test_the_transform_function_is_invoked(run: Any) -> None:
    functions = client(run, "lambda")
    assert FUNCTION in [item["FunctionName"] for item in functions.list_functions()["Functions"]]
    arn = functions.get_function(FunctionName=FUNCTION)["Configuration"]["FunctionArn"]
    records = [
        {"recordId": "1", "approximateArrivalTimestamp": 1, "data": b64encode(event(1)).decode()},
        {"recordId": "2", "approximateArrivalTimestamp": 1, "data": b64encode(b"no event").decode()},
    ]
    payload = {"invocationId": "i", "deliveryStreamArn": "arn:x", "region": "us-east-1", "records": records}

    answer = functions.invoke(FunctionName=arn, Payload=json.dumps(payload), LogType="Tail")

    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    results = [record["result"] for record in json.load(answer["Payload"])["records"]]
    assert results == ["Ok", "ProcessingFailed"]
    assert "REPORT RequestId" in b64decode(answer["LogResult"]).decode()


def test_what_a_function_raises_is_its_answer(run: Any) -> None:
    functions = client(run, "lambda")
    answer = functions.invoke(FunctionName=FUNCTION, Payload=b'{"no": "records"}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"])["errorType"]


def test_events_are_accepted_and_dry_runs_do_nothing(run: Any) -> None:
    functions = client(run, "lambda")
    payload = {"invocationId": "i", "deliveryStreamArn": "arn:x", "region": "us-east-1", "records": []}
    sent = {"FunctionName": FUNCTION, "Payload": json.dumps(payload)}
    assert functions.invoke(**sent, InvocationType="Event")["StatusCode"] == 202
    assert functions.invoke(**sent, InvocationType="DryRun")["StatusCode"] == 204
    with pytest.raises(functions.exceptions.ResourceNotFoundException, match=FUNCTION):
        functions.invoke(FunctionName="nobody")
    with pytest.raises(functions.exceptions.ResourceNotFoundException, match="LATEST alone"):
        functions.invoke(FunctionName=FUNCTION, Qualifier="7")
    with pytest.raises(functions.exceptions.InvalidRequestContentException):
        functions.invoke(FunctionName=FUNCTION, Payload=b"no json")


def test_glue_shows_the_iceberg_table(run: Any) -> None:
    glue = client(run, "glue")
    assert [item["Name"] for item in glue.get_databases()["DatabaseList"]] == [DATABASE]
    assert glue.get_database(Name=DATABASE)["Database"]["CatalogId"] == "123456789012"
    (listed,) = glue.get_tables(DatabaseName=DATABASE, Expression="web_log_ice*")["TableList"]
    table = glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]

    assert table["Parameters"]["table_type"] == "ICEBERG"
    assert table["Parameters"]["metadata_location"].startswith("s3://web-analytics-")
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert columns["timestamp"] == "timestamp"
    assert columns["user_id"] == "string"
    assert listed["Name"] == TABLE
    assert glue.get_partitions(DatabaseName=DATABASE, TableName=TABLE)["Partitions"] == []
    for missing in ({"DatabaseName": DATABASE, "Name": "no"}, {"DatabaseName": "no", "Name": TABLE}):
        with pytest.raises(glue.exceptions.EntityNotFoundException):
            glue.get_table(**missing)


def test_the_metadata_that_glue_names_is_in_the_bucket(run: Any) -> None:
    table = client(run, "glue").get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]
    bucket, _, key = table["Parameters"]["metadata_location"].removeprefix("s3://").partition("/")
    document = json.load(client(run, "s3").get_object(Bucket=bucket, Key=key)["Body"])
    assert document["location"] == table["StorageDescriptor"]["Location"]


def metric_sum(run: Any, namespace: str, name: str, **dimensions: str) -> float:
    now = datetime.now(UTC)
    found = client(run, "cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def test_cloudwatch_counts_every_stage_exactly(run: Any) -> None:
    (delivery,) = client(run, "firehose").list_delivery_streams()["DeliveryStreamNames"]
    assert metric_sum(run, "AWS/Kinesis", "IncomingRecords", StreamName=STREAM) == GOOD + BAD
    assert metric_sum(run, "AWS/Kinesis", "PutRecords.SuccessfulRecords", StreamName=STREAM) == GOOD + BAD
    read = metric_sum(run, "AWS/Firehose", "DataReadFromKinesisStream.Records", DeliveryStreamName=delivery)
    processed = metric_sum(run, "AWS/Firehose", "SucceedProcessing.Records", DeliveryStreamName=delivery)
    stored = metric_sum(
        run, "AWS/Firehose", "DeliveryToIceberg.SuccessfulRowCount", DeliveryStreamName=delivery
    )
    assert (read, processed, stored) == (GOOD + BAD, GOOD, GOOD)
    assert metric_sum(run, "AWS/Lambda", "Invocations", FunctionName=FUNCTION) >= 1


def test_cloudwatch_counts_what_the_api_answers(run: Any) -> None:
    import requests

    before = metric_sum(run, "AWS/ApiGateway", "Count", ApiName="log-collector")
    for path in ("streams", "streams/nobody", "nothing"):
        requests.get(f"{run.api_url}/{path}", timeout=10)

    assert metric_sum(run, "AWS/ApiGateway", "Count", ApiName="log-collector") == before + 3
    assert metric_sum(run, "AWS/ApiGateway", "4XXError", ApiName="log-collector", Stage="v1") >= 2
    assert metric_sum(run, "AWS/ApiGateway", "5XXError", ApiName="log-collector") == 0


def test_functions_own_metrics_and_a_clients_are_there_too(run: Any) -> None:
    cloudwatch = client(run, "cloudwatch")
    namespaces = {
        metric["Namespace"]
        for page in cloudwatch.get_paginator("list_metrics").paginate()
        for metric in page["Metrics"]
    }
    assert {"AWS/Kinesis", "AWS/Firehose", "AWS/Lambda", "WebAnalytics"} <= namespaces

    # Long enough for botocore to compress it.
    data = [{"MetricName": "Orders", "Value": 1.0, "Unit": "Count"} for _ in range(500)]
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)
    assert metric_sum(run, "Shop", "Orders") == 500


def test_any_credentials_are_the_account_of_the_assembly(run: Any) -> None:
    assert client(run, "sts").get_caller_identity()["Account"] == "123456789012"


def test_other_services_are_played_by_moto(run: Any) -> None:
    table = client(run, "dynamodb")
    table.create_table(
        TableName="clicks",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(TableName="clicks", Item={"id": {"S": "1"}})
    assert table.scan(TableName="clicks")["Items"] == [{"id": {"S": "1"}}]
    topic = client(run, "sns").create_topic(Name="reports")["TopicArn"]
    assert topic == "arn:aws:sns:us-east-1:123456789012:reports"
    secret = client(run, "secretsmanager").create_secret(Name="token", SecretString="x")["ARN"]
    assert ":123456789012:secret:token" in secret
    queues = client(run, "sqs")
    queue = queues.create_queue(QueueName="later")["QueueUrl"]
    queues.send_message(QueueUrl=queue, MessageBody="hello")
    assert queues.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"


def test_a_user_pool_has_its_keys_where_verifiers_look(run: Any) -> None:
    import requests

    pool = client(run, "cognito-idp").create_user_pool(PoolName="users")["UserPool"]["Id"]
    keys = requests.get(f"{run.url}/{pool}/.well-known/jwks.json", timeout=10).json()["keys"]
    assert keys[0]["kty"] == "RSA"


@pytest.mark.parametrize(
    ("service", "action", "arguments", "code"),
    [
        ("kinesis", "create_stream", {"StreamName": "x", "ShardCount": 1}, "UnknownOperationException"),
        ("athena", "create_work_group", {"Name": "x"}, "UnknownOperationException"),
        ("glue", "delete_database", {"Name": "x"}, "UnknownOperationException"),
        ("lambda", "get_policy", {"FunctionName": FUNCTION}, "UnknownOperationException"),
        ("cloudwatch", "delete_alarms", {"AlarmNames": ["x"]}, "UnknownOperationException"),
        ("sts", "get_session_token", {}, "InvalidAction"),
        ("apprunner", "list_services", {}, "UnknownOperationException"),
        ("s3", "get_bucket_acl", {"Bucket": "x"}, "NotImplemented"),
    ],
)
def test_what_is_not_run_says_so_in_the_services_own_protocol(
    run: Any, service: str, action: str, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(run, service), action)(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert len(error["Message"]) > 20


def post(run: Any, path: str, target: str, request: Any) -> tuple[int, dict[str, Any]]:
    asked = urllib.request.Request(
        f"{run.url}{path}", json.dumps(request).encode(), {"x-amz-target": target}, method="POST"
    )
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


QUERY = {"QueryString": "select 1"}


@pytest.mark.parametrize(
    ("target", "request_"),
    [
        ("Kinesis_20131202.ListShards", {"StreamName": STREAM, "ShardFilter": 4}),
        ("Kinesis_20131202.ListShards", {"StreamName": STREAM, "ExclusiveStartShardId": 4}),
        ("Firehose_20150804.ListDeliveryStreams", {"ExclusiveStartDeliveryStreamName": 5}),
        ("AmazonAthena.StartQueryExecution", {**QUERY, "QueryExecutionContext": 5}),
        ("AmazonAthena.StartQueryExecution", {**QUERY, "ResultConfiguration": []}),
        ("AmazonAthena.StartQueryExecution", {**QUERY, "ExecutionParameters": "x"}),
        ("AmazonAthena.StartQueryExecution", {**QUERY, "WorkGroup": {}}),
    ],
)
def test_a_member_of_the_wrong_type_is_a_serialization_exception(
    run: Any, target: str, request_: dict[str, Any]
) -> None:
    status, answer = post(run, "/", target, request_)
    assert (status, answer["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("action", "request_", "message"),
    [
        ("flush", {"timeout_seconds": "x"}, "timeout_seconds must be a number from 0 to 86400 (got 'x')"),
        ("maintain", {"snapshot_hours": 1e300}, "snapshot_hours must be a number from 0 to 175200"),
        ("sql", {"sql": 5}, "sql must be a string (got 5)"),
        ("tail", {"after": 5}, "after must hold, for each source, shard ids and sequence numbers (got 5)"),
        ("tail", {"after": {STREAM: {"shardId-000000000000": "x"}}}, "after: 'x' is not a sequence number"),
    ],
)
def test_a_control_request_of_the_wrong_type_says_what_is_allowed(
    run: Any, action: str, request_: dict[str, Any], message: str
) -> None:
    status, answer = post(run, f"/_local/{action}", "", request_)
    assert status == 400
    assert message in answer["message"]


def test_a_path_that_is_nothing_lists_the_apis(run: Any) -> None:
    import requests

    answer = requests.get(f"{run.url}/log-colector/v1/streams", timeout=10)
    apis = ["/log-collector/v1", "/web-analytics-dashboard/v1"]
    assert (answer.status_code, answer.json()["apis"]) == (404, apis)


def test_numbers_survive_kill_and_restart(start_run: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    sent = 5
    with start_run(state, "--interval", "1") as up:
        for number in range(sent):
            client(up, "kinesis").put_record(StreamName=STREAM, Data=event(number), PartitionKey="k")
        up.kill()
    with start_run(state, "--interval", "1") as up:
        up.flush()
        (delivery,) = client(up, "firehose").list_delivery_streams()["DeliveryStreamNames"]
        rows = "DeliveryToIceberg.SuccessfulRowCount"
        assert metric_sum(up, "AWS/Kinesis", "IncomingRecords", StreamName=STREAM) == sent
        assert metric_sum(up, "AWS/Kinesis", "PutRecord.Success", StreamName=STREAM) == sent
        assert metric_sum(up, "AWS/Firehose", rows, DeliveryStreamName=delivery) == sent
