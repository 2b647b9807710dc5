"""The authorizer as API Gateway calls it: policies that may be kept, 401 by the right words, a silent log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from traceback import format_exception
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.click_logger.authorizer import handler
from lambdas.click_logger.authorizer.logic import policy
from lambdas.click_logger.authorizer.token_cache import TokensUnavailableError
from lambdas.click_logger.authorizer.tokens import Caller
from tests.unit.lambdas.click_logger.clicks import aws_error

STAGE = "arn:aws:execute-api:eu-north-1:123456789012:a1b2c3/dev"
CONTEXT = SimpleNamespace(function_name="authorizer", aws_request_id="request-1")
TOKEN = "ALLOW=ORDERAPP"


class SecretsManager:
    def __init__(self) -> None:
        self.value = json.dumps({"orderapp": TOKEN, "suspended": {"tokens": ["ALLOW=NOTHING"], "allow": []}})
        self.error: Exception | None = None

    def get_secret_value(self, **request: str) -> dict[str, str]:
        assert request == {"SecretId": "arn:of:the:secret"}
        if self.error is not None:
            raise self.error
        return {"SecretString": self.value}


@pytest.fixture(autouse=True)
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    fake = SecretsManager()
    monkeypatch.setenv("TOKENS_SECRET_ID", "arn:of:the:secret")
    monkeypatch.setenv("TOKENS_CACHE_SECONDS", "300")
    monkeypatch.setenv("METRICS_NAMESPACE", "ClickLogger")
    monkeypatch.setattr(handler, "aws_client", lambda service, budget: fake)
    handler.token_cache.cache_clear()
    yield fake
    handler.token_cache.cache_clear()


def ask(token: str, path: str = "POST/clicklogger") -> Any:
    event = {"type": "TOKEN", "authorizationToken": token, "methodArn": f"{STAGE}/{path}"}
    return handler.lambda_handler(event, CONTEXT)


def test_known_token_is_allowed_its_method_and_named() -> None:
    answer = ask(TOKEN)
    assert answer["principalId"] == answer["context"]["caller"] == "orderapp"
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement == {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": [f"{STAGE}/POST/clicklogger"],
    }


def test_answer_does_not_depend_on_what_is_asked_first() -> None:
    assert ask(TOKEN, "GET/another/path") == ask(TOKEN)


def test_caller_with_two_rights_has_both_in_one_answer() -> None:
    answer = policy(Caller("a", ("POST /clicklogger", "GET /clicks/today")), f"{STAGE}/POST/clicklogger")
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Resource"] == [f"{STAGE}/POST/clicklogger", f"{STAGE}/GET/clicks/today"]


def test_known_token_without_a_right_is_denied_all() -> None:
    (statement,) = ask("ALLOW=NOTHING")["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", [f"{STAGE}/*"])


def test_unknown_token_raises_the_words_that_make_a_401() -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask("ALLOW=NOBODY")


def test_secret_that_cannot_be_read_is_no_401_and_is_counted(
    secrets_manager: SecretsManager, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets_manager.error = aws_error("AccessDeniedException")
    with pytest.raises(TokensUnavailableError):
        ask(TOKEN)
    line, metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["message"], line["reason"]) == ("tokens could not be read", "AccessDeniedException")
    assert (metrics["TokensUnavailable"], metrics["FunctionName"]) == (1, "authorizer")


@pytest.mark.parametrize("secret", ['{"orderapp": "ALLOW=ORDERAPP"', '{"orderapp": ["ALLOW=ORDERAPP"]}'])
def test_no_token_is_ever_logged(
    secret: str, secrets_manager: SecretsManager, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets_manager.value = secret
    with pytest.raises(TokensUnavailableError) as caught:
        ask(TOKEN)
    printed = capsys.readouterr()
    assert TOKEN not in printed.out + printed.err + "".join(format_exception(caught.value))
