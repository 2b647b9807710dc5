"""Signing in to a page: authorization code with PKCE, as a browser does it, against a run."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from local_runtime.assembly import load_assembly
from tests.conftest import LocalRunProcess, StartRun
from tests.integration.stateful_assembly import write_assembly

pytestmark = pytest.mark.xdist_group("managed-login")  # one run for all of them

VERIFIER = "a-verifier-that-only-the-page-knows-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Page:
    """What a page does to sign its reader in."""

    def __init__(self, run: LocalRunProcess, client_id: str) -> None:
        self.run = run
        self.client_id = client_id
        self.callback = f"{run.url}/private/v1/page"

    def ask(self, method: str, path: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.run.port, timeout=30)
        path = path if path.startswith("/private") else f"/_cognito/readers-login/{path}"
        if method == "POST":
            form = {"content-type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(fields), form)
        else:
            connection.request("GET", f"{path}?{urlencode(fields)}")
        response = connection.getresponse()
        answer = response.status, {name.lower(): value for name, value in response.getheaders()}
        content = response.read()
        connection.close()
        return *answer, content

    def authorize(self, **changes: str) -> tuple[int, str, dict[str, str]]:
        """Status, where the browser is sent without the query, and the query."""
        fields = {
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "response_type": "code",
            "scope": "openid email",
            "state": "s&=1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        status, headers, _ = self.ask("GET", "oauth2/authorize", **fields)
        place, _, query = headers.get("location", "").partition("?")
        return status, place, dict(parse_qsl(query))

    def exchange(self, code: str, **changes: str) -> tuple[int, dict[str, Any]]:
        return self.token(
            grant_type="authorization_code",
            code=code,
            **{"redirect_uri": self.callback, "code_verifier": VERIFIER, **changes},
        )

    def token(self, **fields: str) -> tuple[int, dict[str, Any]]:
        status, _, body = self.ask("POST", "oauth2/token", **{"client_id": self.client_id, **fields})
        return status, json.loads(body)

    def read(self, token: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.run.port, timeout=30)
        connection.request("GET", "/private/v1", headers={"Authorization": token})
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        connection.close()
        return answer


@pytest.fixture(scope="module")
def page(start_run: StartRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    directory = write_assembly(tmp_path_factory.mktemp("assembly"))
    client_id = load_assembly(directory).outputs["Small"]["PageClientId"]
    with start_run(tmp_path_factory.mktemp("run") / "state", "--assembly", str(directory)) as up:
        yield Page(up, client_id)


def test_reader_is_signed_in_and_reads_with_the_id_token(page: Page) -> None:
    status, place, query = page.authorize(nonce="n-1")
    assert (status, place, query["state"]) == (302, page.callback, "s&=1")
    status, tokens = page.exchange(query["code"])
    assert (status, tokens["token_type"], tokens["expires_in"]) == (200, "Bearer", 3600)
    assert page.read(tokens["id_token"]) == (200, "local-viewer")
    claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
    assert (claims["aud"], claims["nonce"], claims["email"]) == (page.client_id, "n-1", "viewer@example.com")
    status, again = page.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert status == 200
    assert page.read(again["id_token"]) == (200, "local-viewer")
    assert "refresh_token" not in again


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "another"},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:1/private/v1/page"},
        {"client_id": "another"},
    ],
    ids=["wrong verifier", "no verifier", "other address", "other client"],
)
def test_code_is_worth_nothing_to_whom_it_was_not_given(page: Page, changes: dict[str, str]) -> None:
    code = page.authorize()[2]["code"]
    status, answer = page.exchange(code, **changes)
    assert status == 400
    assert answer["error"] == ("invalid_client" if "client_id" in changes else "invalid_grant")


def test_code_is_used_once(page: Page) -> None:
    code = page.authorize()[2]["code"]
    assert page.exchange(code)[0] == 200
    assert page.exchange(code)[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_bad_request_is_told_to_the_page(page: Page, changes: dict[str, str], error: str) -> None:
    status, place, query = page.authorize(**changes)
    assert (status, place, query["error"], query["state"]) == (302, page.callback, error, "s&=1")
    assert "code" not in query


@pytest.mark.parametrize(
    "changes", [{"redirect_uri": "https://evil.example/"}, {"client_id": "another"}, {"redirect_uri": ""}]
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(page: Page, changes: dict[str, str]) -> None:
    assert page.authorize(**changes)[:2] == (400, "")


def test_logout_leads_to_a_registered_address_alone(page: Page) -> None:
    bye = f"{page.run.url}/private/v1/bye"
    status, headers, _ = page.ask("GET", "logout", client_id=page.client_id, logout_uri=bye)
    assert (status, headers["location"]) == (302, bye)
    assert page.ask("GET", "logout", client_id=page.client_id, logout_uri="https://evil.example/")[0] == 400
    status, headers, _ = page.ask(
        "GET", "logout", client_id=page.client_id, redirect_uri=page.callback, response_type="code"
    )
    assert (status, urlsplit(headers["location"]).path) == (302, "/_cognito/readers-login/oauth2/authorize")


def test_other_grants_and_endpoints_are_refused_by_name(page: Page) -> None:
    assert page.token(grant_type="password")[1]["error"] == "unsupported_grant_type"
    status, _, body = page.ask("GET", "oauth2/userInfo")
    assert (status, b"POST oauth2/token" in body) == (404, True)
