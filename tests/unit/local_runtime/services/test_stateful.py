"""What tables, secrets and user pools hold outlives the run: moto is emptied between two of them."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError, LocalRuntimeError, UnsupportedResourceError
from local_runtime.services.moto_calls import Moto
from local_runtime.services.stateful import Stateful
from local_runtime.services.stateful.cognito import UserPools
from local_runtime.services.stateful.dynamodb import DynamoDbTables
from local_runtime.services.stateful.messages import MessageFiles
from local_runtime.services.stateful.secrets_manager import Secrets
from local_runtime.services.stateful.sns import Topics
from local_runtime.services.stateful.store import ServiceStore

KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
TABLE = {
    "KeySchema": KEY,
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-abc123"
POOL = "us-east-1_abcdefghi"
POOL_ARN = f"arn:aws:cognito-idp:us-east-1:123456789012:userpool/{POOL}"


def resource(kind: str, physical_id: str, properties: Mapping[str, Any], arn: str = "") -> Resource:
    return Resource("S", physical_id, f"AWS::{kind}", properties, physical_id, {"Arn": arn} if arn else {})


@dataclass
class Run:
    """One service in a moto of its own."""

    service: str
    prefix: str
    moto: Moto
    stateful: Stateful

    def ask(self, action: str, **request: Any) -> dict[str, Any]:
        try:
            return self.moto.ask(self.service, f"{self.prefix}.{action}", request)
        finally:
            self.stateful.keep(self.moto)


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """A run over the same state as the one before, which ended without a word."""
    kinds: dict[str, tuple[str, Callable[[Assembly, ServiceStore], Stateful]]] = {
        "dynamodb": ("DynamoDB_20120810", DynamoDbTables),
        "secretsmanager": ("secretsmanager", Secrets),
        "cognito-idp": (
            "AWSCognitoIdentityProviderService",
            lambda assembly, store: UserPools(assembly, store, MessageFiles(tmp_path / "messages")),
        ),
    }

    def begin(service: str, *resources: Resource) -> Run:
        from moto.core.base_backend import BackendDict

        BackendDict.reset()
        prefix, make = kinds[service]
        assembly = Assembly(tmp_path, "aws", "us-east-1", "123456789012", resources, {}, {})
        stateful = make(assembly, ServiceStore(tmp_path / "services.db"))
        moto = Moto("us-east-1", "123456789012", "http://127.0.0.1:1")
        stateful.create(moto)
        stateful.keep(moto)
        return Run(service, prefix, moto, stateful)

    return begin


def items(run: Run, table: str = "clicks") -> dict[str, str]:
    return {item["id"]["S"]: item["v"]["S"] for item in run.ask("Scan", TableName=table)["Items"]}


def put(identity: str, value: str) -> dict[str, Any]:
    return {"TableName": "clicks", "Item": {"id": {"S": identity}, "v": {"S": value}}}


def test_items_outlive_the_run_as_they_were_changed_last(start: Start) -> None:
    clicks = resource("DynamoDB::Table", "clicks", TABLE)
    first = start("dynamodb", clicks)
    for identity in ("kept", "changed", "deleted"):
        first.ask("PutItem", **put(identity, "1"))
    first.ask(
        "UpdateItem",
        TableName="clicks",
        Key={"id": {"S": "changed"}},
        UpdateExpression="set v = :v",
        ExpressionAttributeValues={":v": {"S": "2"}},
    )
    first.ask("DeleteItem", TableName="clicks", Key={"id": {"S": "deleted"}})
    first.ask(
        "BatchWriteItem", RequestItems={"clicks": [{"PutRequest": {"Item": put("batch", "3")["Item"]}}]}
    )
    assert items(start("dynamodb", clicks)) == {"kept": "1", "changed": "2", "batch": "3"}


def test_transaction_outlives_the_run_whole_or_not_at_all(start: Start) -> None:
    clicks = resource("DynamoDB::Table", "clicks", TABLE)
    first = start("dynamodb", clicks)
    first.ask("PutItem", **put("there", "1"))
    absent = {"ConditionExpression": "attribute_not_exists(id)"}
    with pytest.raises(AwsError, match="TransactionCanceled"):
        first.ask(
            "TransactWriteItems",
            TransactItems=[{"Put": put("lost", "1")}, {"Put": {**put("there", "2"), **absent}}],
        )
    first.ask("TransactWriteItems", TransactItems=[{"Put": put("a", "1")}, {"Put": put("b", "1")}])
    assert items(start("dynamodb", clicks)) == {"there": "1", "a": "1", "b": "1"}


def test_item_that_could_not_be_written_is_written_with_the_next_call(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any) -> None:
        raise OSError("No space left on device")

    clicks = resource("DynamoDB::Table", "clicks", TABLE)
    first = start("dynamodb", clicks)
    with monkeypatch.context() as patch:
        patch.setattr(ServiceStore, "write_items", full)
        with pytest.raises(OSError, match="No space left"):
            first.ask("PutItem", **put("a", "1"))
    first.ask("PutItem", **put("b", "1"))
    assert items(start("dynamodb", clicks)) == {"a": "1", "b": "1"}


def test_table_with_a_stream_is_kept_and_its_stream_is_read(start: Start) -> None:
    properties = {**TABLE, "StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}
    clicks = resource("DynamoDB::Table", "clicks", properties)
    first = start("dynamodb", clicks)
    first.ask("PutItem", **put("a", "1"))
    records = first.moto.backend("dynamodb").tables["clicks"].stream_shard.items
    assert [record.to_json()["eventName"] for record in records] == ["INSERT"]
    assert items(start("dynamodb", clicks)) == {"a": "1"}


def test_table_with_other_keys_and_a_deleted_table_begin_empty(start: Start) -> None:
    clicks = resource("DynamoDB::Table", "clicks", TABLE)
    start("dynamodb", clicks).ask("PutItem", **put("a", "1"))
    both = [*KEY, {"AttributeName": "v", "KeyType": "RANGE"}]
    definitions = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "v")]
    changed = {**TABLE, "KeySchema": both, "AttributeDefinitions": definitions}
    other = resource("DynamoDB::Table", "clicks", changed)
    second = start("dynamodb", other)
    assert items(second) == {}
    second.ask("PutItem", **put("b", "1"))
    second.ask("DeleteTable", TableName="clicks")
    assert items(start("dynamodb", other)) == {}


def test_generated_secret_is_the_same_on_every_start_until_its_rules_change(start: Start) -> None:
    def made(length: int) -> str:
        rules = {"PasswordLength": length, "ExcludeCharacters": "\"'\\"}
        run = start(
            "secretsmanager", resource("SecretsManager::Secret", ARN, {"GenerateSecretString": rules})
        )
        return str(run.ask("GetSecretValue", SecretId="token")["SecretString"])

    first = made(24)
    assert len(first) == 24
    assert made(24) == first
    assert len(made(30)) == 30


def test_secrets_value_of_an_application_outlives_the_run_and_gives_way_to_a_new_template(
    start: Start,
) -> None:
    def secret(value: str) -> Resource:
        return resource("SecretsManager::Secret", ARN, {"SecretString": value})

    start("secretsmanager", secret("one")).ask("PutSecretValue", SecretId=ARN, SecretString="two")
    run = start("secretsmanager", secret("one"))
    assert run.ask("GetSecretValue", SecretId=ARN)["SecretString"] == "two"
    previous = run.ask("GetSecretValue", SecretId=ARN, VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == "one"
    assert start("secretsmanager", secret("3")).ask("GetSecretValue", SecretId=ARN)["SecretString"] == "3"


def test_secret_template_that_is_no_json_object_is_named(start: Start) -> None:
    rules = {"SecretStringTemplate": "user", "GenerateStringKey": "password"}
    secret = resource("SecretsManager::Secret", ARN, {"GenerateSecretString": rules})
    with pytest.raises(LocalRuntimeError, match="SecretStringTemplate must be a JSON object"):
        start("secretsmanager", secret)


def test_users_outlive_the_run_and_meet_what_the_template_adds(start: Start) -> None:
    pool = resource("Cognito::UserPool", POOL, {"UserPoolName": "p"}, POOL_ARN)
    admin = {"UserPoolId": POOL, "Username": "admin"}
    group = {"UserPoolId": POOL, "GroupName": "staff"}
    first = start("cognito-idp", pool, resource("Cognito::UserPoolGroup", "staff", group))
    first.ask("AdminCreateUser", UserPoolId=POOL, Username="ann", TemporaryPassword="Long-enough-1")
    first.ask(
        "AdminSetUserPassword", UserPoolId=POOL, Username="ann", Password="Mine-it-is-1", Permanent=True
    )
    first.ask("AdminAddUserToGroup", UserPoolId=POOL, Username="ann", GroupName="staff")
    second = start(
        "cognito-idp",
        pool,
        resource("Cognito::UserPoolGroup", "staff", {**group, "Description": "new"}),
        resource("Cognito::UserPoolUser", "admin", admin),
        resource("Cognito::UserPoolUserToGroupAttachment", "a", {**admin, "GroupName": "staff"}),
    )
    assert second.ask("AdminGetUser", UserPoolId=POOL, Username="ann")["UserStatus"] == "CONFIRMED"
    members = second.ask("ListUsersInGroup", UserPoolId=POOL, GroupName="staff")["Users"]
    assert {user["Username"] for user in members} == {"ann", "admin"}
    assert second.ask("GetGroup", UserPoolId=POOL, GroupName="staff")["Group"]["Description"] == "new"


def test_expired_access_tokens_are_forgotten(start: Start) -> None:
    pool = resource("Cognito::UserPool", POOL, {}, POOL_ARN)
    client = resource("Cognito::UserPoolClient", "c", {"UserPoolId": POOL})
    run = start("cognito-idp", pool, client)
    run.ask("AdminCreateUser", UserPoolId=POOL, Username="ann")
    made = run.moto.backend("cognito-idp").user_pools[POOL]
    old, _ = made.create_jwt("c", "ann", "access", extra_data={"exp": 1})
    new, _ = made.create_access_token("c", "ann", "j")
    made.access_tokens = {old: ("c", "ann"), new: ("c", "ann")}
    run.ask("AdminEnableUser", UserPoolId=POOL, Username="ann")
    assert list(made.access_tokens) == [new]


def test_objects_of_another_moto_are_refused(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = resource("SecretsManager::Secret", ARN, {"SecretString": "one"})
    start("secretsmanager", secret)
    monkeypatch.setattr("moto.__version__", "9.9")
    with pytest.raises(LocalRuntimeError, match=r"secretsmanager was kept by moto .* this is 9\.9"):
        start("secretsmanager", secret)


def test_kept_file_is_for_its_owner_alone(start: Start, tmp_path: Path) -> None:
    start("secretsmanager", resource("SecretsManager::Secret", ARN, {"SecretString": json.dumps("one")}))
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("services.db*")} == {0}


@pytest.mark.parametrize(
    ("kind", "properties", "message"),
    [
        ("DynamoDB::Table", {"KinesisStreamSpecification": {}}, "KinesisStreamSpecification"),
        ("Cognito::UserPool", {"LambdaConfig": {"PreSignUp": "f"}}, "triggers are not called"),
        ("Cognito::UserPool", {"MfaConfiguration": "ON"}, "second factor"),
        ("SNS::Subscription", {"Protocol": "lambda", "TopicArn": "t"}, "Protocol lambda is not played"),
    ],
)
def test_what_cannot_be_played_is_refused_when_the_run_starts(
    tmp_path: Path, kind: str, properties: dict[str, Any], message: str
) -> None:
    assembly = Assembly(tmp_path, "aws", "us-east-1", "1", (resource(kind, "x", properties),), {}, {})
    store = ServiceStore(tmp_path / "services.db")
    with pytest.raises(UnsupportedResourceError, match=message):
        UserPools(assembly, store, MessageFiles(tmp_path))
        DynamoDbTables(assembly, store)
        Topics(assembly, MessageFiles(tmp_path))


def test_messages_that_a_full_disk_did_not_take_are_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = resource("SNS::Topic", "arn:aws:sns:us-east-1:123456789012:news", {}, "")
    topic = replace(topic, attributes={"TopicName": "news"})
    files = MessageFiles(tmp_path)
    topics = Topics(Assembly(tmp_path, "aws", "us-east-1", "123456789012", (topic,), {}, {}), files)
    moto = Moto("us-east-1", "123456789012", "http://127.0.0.1:1")
    topics.create(moto)
    for text in ("one", "two"):
        moto.backend("sns").publish(text, topic.physical_id)
    append = files.append

    def full(name: str, message: Mapping[str, Any]) -> None:
        if message["message"] == "two":
            raise OSError(errno.ENOSPC, "No space left on device")
        append(name, message)

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(files, "append", full)
        topics.keep(moto)
    topics.keep(moto)
    assert [item["message"] for item in files.read("news")] == ["one", "two"]
