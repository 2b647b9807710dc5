"""What the templates define of DynamoDB, SNS, Secrets Manager and Cognito, by boto3 against a run."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_runtime.assembly import load_assembly
from tests.conftest import LocalRunProcess, StartRun
from tests.integration.stateful_assembly import write_assembly

pytestmark = pytest.mark.xdist_group("stateful-services")  # one run for all of them

PASSWORD = "long-enough-password-1"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_assembly(tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def outputs(directory: Path) -> Any:
    return load_assembly(directory).outputs["Small"]


@pytest.fixture(scope="module")
def run(start_run: StartRun, directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    state = tmp_path_factory.mktemp("run") / "state"
    with start_run(state, "--assembly", str(directory)) as up:
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


def refusal(call: Any, **request: Any) -> str:
    """The code of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


def test_table_has_the_templates_keys_index_expiry_and_recovery(run: LocalRunProcess) -> None:
    dynamodb = client(run, "dynamodb")
    table = dynamodb.describe_table(TableName="clicks")["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["requestid", "contextid"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TableArn"] == "arn:aws:dynamodb:us-east-1:123456789012:table/clicks"
    expiry = dynamodb.describe_time_to_live(TableName="clicks")["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    backups = dynamodb.describe_continuous_backups(TableName="clicks")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_item_is_found_by_the_index(run: LocalRunProcess) -> None:
    dynamodb = client(run, "dynamodb")
    item = {"requestid": {"S": "r"}, "contextid": {"S": "c"}, "callerid": {"S": "me"}, "n": {"N": "1"}}
    dynamodb.put_item(TableName="clicks", Item=item)
    found = dynamodb.query(
        TableName="clicks",
        IndexName="Callers",
        KeyConditionExpression="contextid = :c and callerid = :m",
        ExpressionAttributeValues={":c": {"S": "c"}, ":m": {"S": "me"}},
    )
    assert found["Items"] == [item]


def test_secret_is_found_by_its_name_and_by_the_templates_arn(run: LocalRunProcess, outputs: Any) -> None:
    secrets = client(run, "secretsmanager")
    assert secrets.get_secret_value(SecretId="tokens")["SecretString"] == '{"ORDERAPP": "one"}'
    made = secrets.get_secret_value(SecretId=outputs["MadeArn"])
    assert made["ARN"] == outputs["MadeArn"]
    value = json.loads(made["SecretString"])
    assert value["user"] == "admin"
    assert len(value["password"]) == 40
    assert value["password"].isalnum()


def test_topic_has_its_subscription_and_an_unknown_one_is_not_found(
    run: LocalRunProcess, outputs: Any
) -> None:
    sns = client(run, "sns")
    found = sns.list_subscriptions_by_topic(TopicArn=outputs["TopicArn"])["Subscriptions"]
    assert [(item["Protocol"], item["Endpoint"]) for item in found] == [("email", "team@example.org")]
    assert refusal(sns.publish, TopicArn=f"{outputs['TopicArn']}-else", Message="x") == "NotFound"


def test_what_is_published_can_be_read_with_who_would_get_it(run: LocalRunProcess, outputs: Any) -> None:
    sns = client(run, "sns")
    kind = {"kind": {"DataType": "String", "StringValue": "report"}}
    sns.publish(TopicArn=outputs["TopicArn"], Subject="März", Message="a\nb", MessageAttributes=kind)
    entries = [{"Id": str(number), "Message": f"batch {number}"} for number in range(2)]
    sns.publish_batch(TopicArn=outputs["TopicArn"], PublishBatchRequestEntries=entries)
    finished = run.command("messages", "--topic", "reports", "--format", "json")
    first, *batch = json.loads(finished.stdout)
    assert first["subject"] == "März"
    assert first["message"] == "a\nb"
    assert first["attributes"] == {"kind": "report"}
    assert first["subscriptions"] == [{"protocol": "email", "endpoint": "team@example.org"}]
    assert [item["message"] for item in batch] == ["batch 0", "batch 1"]
    assert "Subject: März\n" in run.command("messages").stdout
    unknown = run.command("messages", "--topic", "else")
    assert (unknown.returncode, "nothing was published to 'else'" in unknown.stderr) == (2, True)


def get(run: LocalRunProcess, token: str | None) -> tuple[int, Any]:
    headers = {} if token is None else {"Authorization": token}
    request = urllib.request.Request(f"{run.url}/private/v1", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def sign_in(run: LocalRunProcess, outputs: Any, name: str) -> Any:
    pools = client(run, "cognito-idp")
    pools.sign_up(ClientId=outputs["ClientId"], Username=name, Password=PASSWORD)
    pools.admin_confirm_sign_up(UserPoolId=outputs["PoolId"], Username=name)
    return pools.initiate_auth(
        ClientId=outputs["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]


def forged(token: str, **changes: Any) -> str:
    """A token signed with the pool's own key, with other claims."""
    from joserfc import jwt
    from moto.cognitoidp.models import CognitoIdpUserPool

    key = CognitoIdpUserPool("123456789012", "us-east-1", "any", {}).json_web_key
    claims = {**jwt.decode(token, key).claims, **changes}
    return jwt.encode({"kid": "dummy", "alg": "RS256"}, claims, key)


def test_who_signs_up_and_logs_in_gets_through_the_api_and_nobody_else(
    run: LocalRunProcess, outputs: Any
) -> None:
    tokens = sign_in(run, outputs, "ann")
    assert get(run, tokens["IdToken"]) == (200, "ann")
    assert get(run, None)[0] == 401
    assert get(run, tokens["AccessToken"])[0] == 401
    foreign = f"https://cognito-idp.us-east-1.amazonaws.com/{outputs['PoolId'][:-1]}-"
    assert get(run, forged(tokens["IdToken"], iss=foreign))[0] == 401
    assert get(run, forged(tokens["IdToken"], exp=1))[0] == 401
    again = client(run, "cognito-idp").initiate_auth(
        ClientId=outputs["ClientId"],
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )
    assert get(run, again["AuthenticationResult"]["IdToken"]) == (200, "ann")


def test_who_signs_up_confirms_with_the_code_from_the_mail(run: LocalRunProcess, outputs: Any) -> None:
    pools = client(run, "cognito-idp")
    who = {"ClientId": outputs["ClientId"], "Username": "eve"}
    email = [{"Name": "email", "Value": "eve@example.org"}]
    pools.sign_up(**who, Password=PASSWORD, UserAttributes=email)
    code = last_code(run, outputs)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert refusal(pools.confirm_sign_up, **who, ConfirmationCode=wrong) == "CodeMismatchException"
    pools.confirm_sign_up(**who, ConfirmationCode=code)
    pools.forgot_password(**who)
    reset = {**who, "ConfirmationCode": last_code(run, outputs)}
    stale = {**who, "ConfirmationCode": code, "Password": PASSWORD}
    assert refusal(pools.confirm_forgot_password, **stale) == "CodeMismatchException"
    short = refusal(pools.confirm_forgot_password, **reset, Password="short-1")
    assert short == "InvalidPasswordException"
    pools.confirm_forgot_password(**reset, Password=f"{PASSWORD}-new")
    login = {"USERNAME": "eve", "PASSWORD": f"{PASSWORD}-new"}
    tokens = pools.initiate_auth(
        ClientId=outputs["ClientId"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=login
    )["AuthenticationResult"]
    claims = json.loads(base64.urlsafe_b64decode(tokens["IdToken"].split(".")[1] + "=="))
    assert (claims["email"], claims["exp"] - claims["iat"]) == ("eve@example.org", 20 * 60)
    assert tokens["ExpiresIn"] == 30 * 60


def last_code(run: LocalRunProcess, outputs: Any) -> str:
    shown = run.command("messages", "--topic", f"cognito-{outputs['PoolId']}", "--format", "json")
    mail = json.loads(shown.stdout)[-1]
    assert mail["subscriptions"] == [{"protocol": "email", "endpoint": "eve@example.org"}]
    assert mail["attributes"]["code"] in mail["message"]
    return str(mail["attributes"]["code"])


def test_pool_and_client_refuse_what_the_template_does_not_allow(run: LocalRunProcess, outputs: Any) -> None:
    pools = client(run, "cognito-idp")
    ours, closed = outputs["ClientId"], outputs["ClosedClientId"]
    who = {"Username": "bob", "Password": PASSWORD}
    assert refusal(pools.sign_up, ClientId=closed, **who) == "NotAuthorizedException"
    short = {"Username": "bob", "Password": "short-1"}
    assert refusal(pools.sign_up, ClientId=ours, **short) == "InvalidPasswordException"
    pools.sign_up(ClientId=ours, **who)
    login = {"AuthParameters": {"USERNAME": "bob", "PASSWORD": PASSWORD}}
    password = {"AuthFlow": "USER_PASSWORD_AUTH", **login}
    assert refusal(pools.initiate_auth, ClientId=ours, **password) == "UserNotConfirmedException"
    assert refusal(pools.initiate_auth, ClientId=closed, **password) == "InvalidParameterException"
    admin = {"UserPoolId": outputs["PoolId"], "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", **login}
    assert refusal(pools.admin_initiate_auth, ClientId=ours, **admin) == "InvalidParameterException"
    pools.admin_confirm_sign_up(UserPoolId=outputs["PoolId"], Username="bob")
    wrong = {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "bob", "PASSWORD": "wrong"}}
    assert refusal(pools.initiate_auth, ClientId=ours, **wrong) == "NotAuthorizedException"


def test_what_was_answered_survives_a_kill(start_run: StartRun, directory: Path, tmp_path: Path) -> None:
    outputs: Any = load_assembly(directory).outputs["Small"]
    arguments = (tmp_path / "state", "--assembly", str(directory))
    items = [
        {"requestid": {"S": str(number)}, "contextid": {"S": "c"}, "callerid": {"S": "me"}}
        for number in range(100)
    ]
    with start_run(*arguments) as first:
        generated = client(first, "secretsmanager").get_secret_value(SecretId=outputs["MadeArn"])[
            "SecretString"
        ]
        client(first, "secretsmanager").put_secret_value(SecretId="tokens", SecretString="rotated")
        tokens = sign_in(first, outputs, "ann")
        client(first, "sns").publish(TopicArn=outputs["TopicArn"], Message="before")
        for item in items:
            client(first, "dynamodb").put_item(TableName="clicks", Item=item)
        first.kill()
    with start_run(*arguments) as second:
        found = client(second, "dynamodb").scan(TableName="clicks")["Items"]
        assert sorted(found, key=str) == sorted(items, key=str)
        secrets = client(second, "secretsmanager")
        assert secrets.get_secret_value(SecretId=outputs["MadeArn"])["SecretString"] == generated
        assert secrets.get_secret_value(SecretId="tokens")["SecretString"] == "rotated"
        assert get(second, tokens["IdToken"]) == (200, "ann")
        refreshed = client(second, "cognito-idp").initiate_auth(
            ClientId=outputs["ClientId"],
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )
        assert get(second, refreshed["AuthenticationResult"]["IdToken"]) == (200, "ann")
        assert "before" in second.command("messages", "--topic", "reports").stdout
