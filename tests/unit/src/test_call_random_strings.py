"""The driver of random-strings: its requests, its sign-in, its command line."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from src.utils.aws.errors import AwsCallError, BadInputError
from src.utils.random_strings.calls import Tally, call_all, random_urls
from src.utils.random_strings.cli import run_command_line
from src.utils.random_strings.sign_in import Login, sign_in, user_of

LOGIN = Login("pool", "client", "ann@example.org", "secret")
API = "https://abc.execute-api.eu-west-1.amazonaws.com/prod"


def token_of(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.sig"


class UserNotFoundError(Exception):
    """What Cognito answers for a user who is not there."""


class FakeCognito:
    """A pool with or without the user; `challenge` is what it asks for beside the password."""

    exceptions = SimpleNamespace(UserNotFoundException=UserNotFoundError)

    def __init__(self, *users: str, challenge: str | None = None) -> None:
        self.users, self.challenge = set(users), challenge
        self.calls: list[str] = []

    def admin_get_user(self, **request: str) -> None:
        if request["Username"] not in self.users:
            raise UserNotFoundError

    def admin_create_user(self, **request: Any) -> None:
        self.calls.append("create")
        assert (request["MessageAction"], request["TemporaryPassword"]) == ("SUPPRESS", "secret")
        self.users.add(request["Username"])

    def admin_set_user_password(self, **request: Any) -> None:
        self.calls.append("password")
        assert request["Permanent"] is True
        if self.challenge == "NEW_PASSWORD_REQUIRED":
            self.challenge = None

    def admin_initiate_auth(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request["AuthFlow"])
        if self.challenge is not None:
            return {"ChallengeName": self.challenge}
        return {"AuthenticationResult": {"IdToken": token_of({"sub": "u-1"})}}


def test_user_who_is_not_there_is_made_and_signs_in() -> None:
    cognito = FakeCognito()
    assert user_of(sign_in(cognito, LOGIN)) == "u-1"
    assert cognito.calls == ["create", "password", "ADMIN_USER_PASSWORD_AUTH"]


def test_password_of_a_user_who_is_there_is_never_set_anew() -> None:
    cognito = FakeCognito("ann@example.org")
    sign_in(cognito, LOGIN)
    assert cognito.calls == ["ADMIN_USER_PASSWORD_AUTH"]


def test_user_whose_password_a_killed_run_left_temporary_signs_in_with_it() -> None:
    cognito = FakeCognito("ann@example.org", challenge="NEW_PASSWORD_REQUIRED")
    assert user_of(sign_in(cognito, LOGIN)) == "u-1"
    assert cognito.calls == ["ADMIN_USER_PASSWORD_AUTH", "password", "ADMIN_USER_PASSWORD_AUTH"]


def test_second_factor_is_said_to_be_out_of_reach() -> None:
    with pytest.raises(AwsCallError, match="SOFTWARE_TOKEN_MFA"):
        sign_in(FakeCognito("ann@example.org", challenge="SOFTWARE_TOKEN_MFA"), LOGIN)


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", token_of([]), token_of({"name": "x"})])
def test_text_that_is_no_token_is_a_mistake_of_the_user(token: str) -> None:
    with pytest.raises(BadInputError, match="ID token"):
        user_of(token)


def test_requests_are_random_and_the_same_again_with_their_seed() -> None:
    urls = list(random_urls(f"{API}/", 200, 7))
    assert urls == list(random_urls(API, 200, 7))
    assert len(set(urls)) > 50
    asked = [parse_qs(urlsplit(url).query) for url in urls]
    assert {name for query in asked for name in query} == {"len", "num", "chars"}
    assert any(int(query["len"][0]) > 20 for query in asked if "len" in query)
    assert {urlsplit(url).path for url in urls} == {"/prod/random/strings"}


def test_tally_is_good_when_every_answer_is_200() -> None:
    tally = Tally()
    tally.statuses.update({"200": 3})
    assert tally.all_answered_well
    tally.statuses["failed"] += 1
    assert (tally.sent, tally.all_answered_well) == (4, False)


def test_request_is_sent_once_though_its_connection_breaks() -> None:
    """The server answers the first one, and closes the connection on which the second one came."""
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                received.append(head)
                if len(received) == 2:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        writer.close()

    async def call() -> Tally:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()
            urls = random_urls(f"http://{host}:{port}/prod", 3, 1)
            return await call_all(urls, None, 1, lambda: None)

    tally = asyncio.run(call())
    assert tally.statuses == {"200": 2, "failed": 1}
    assert len(received) == 3


def test_dry_run_prints_requests_and_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["--api-url", API, "--dry-run", "--max-count", "3", "--auth-token", "tok"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith('curl --header "Authorization: $TOKEN"') for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--api-url", "ftp://x"], "--api-url must be a URL"),
        (["--api-url", API], "pass --user-pool-id, --client-id and --email"),
        (["--api-url", API, "--max-count", "0"], "--max-count"),
        ([], "--api-url"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(arguments) == 2
    assert said in capsys.readouterr().err


def test_token_that_is_none_is_refused_before_a_request_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run_command_line(["--api-url", "http://127.0.0.1:1", "--auth-token", "no", "--max-count", "1"]) == 2
    )
    assert "ID token" in capsys.readouterr().err


def test_api_that_does_not_answer_is_counted_as_failed(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--api-url", "http://127.0.0.1:1", "--no-token", "--max-count", "2", "--json"]
    assert run_command_line(arguments) == 1
    assert json.loads(capsys.readouterr().out) == {
        "user": None,
        "sent": 2,
        "statuses": {"failed": 2},
        "bytes": 0,
    }
