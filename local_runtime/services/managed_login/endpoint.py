"""`/_cognito/<domain>/...`: authorize, token and logout of the sign-in domains that the templates define.

https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from local_runtime.addresses import LOGIN_PATH, LocalAddresses
from local_runtime.services.managed_login.grants import Codes, Grant
from local_runtime.services.managed_login.tokens import first_tokens, next_tokens, viewer
from local_runtime.services.moto_calls import Moto
from local_runtime.services.moto_sidecar import MotoSidecar
from local_runtime.wire.http import (
    BodyTooLargeError,
    Receive,
    Scope,
    Send,
    headers_of,
    query_of,
    read_body,
    respond,
)

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024

Fields = Mapping[str, str]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class _RefusedError(Exception):
    """An error of OAuth 2.0: its code, and for a person what is wrong."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class ManagedLogin:
    """An ASGI app."""

    def __init__(self, others: MotoSidecar, addresses: LocalAddresses) -> None:
        self._others = others
        self._addresses = addresses
        self._codes = Codes()
        self._actions: Mapping[tuple[str, str], Callable[[Moto, str, Fields, Fields], Answer]] = {
            ("GET", "oauth2/authorize"): self._authorize,
            ("GET", "login"): self._authorize,
            ("POST", "oauth2/token"): self._token,
            ("GET", "logout"): self._logout,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        domain, _, action = str(scope["path"]).removeprefix(f"{LOGIN_PATH}/").partition("/")
        act = self._actions.get((str(scope["method"]), action))
        if act is None:
            known = ", ".join(" ".join(item) for item in self._actions)
            await respond(send, *_text(404, f"{scope['method']} {action}: there is {known}"))
            return
        try:
            body = await read_body(receive, MAX_BODY_BYTES)
        except BodyTooLargeError:
            await respond(send, *_text(413, f"The request is longer than {MAX_BODY_BYTES} bytes."))
            return
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        fields = form if scope["method"] == "POST" else query_of(scope)
        headers = headers_of(scope)
        try:
            answer = await self._others.use("cognito-idp", lambda moto: act(moto, domain, fields, headers))
        except Exception as error:
            log.exception("%s of the domain %s failed", action, domain)
            answer = _text(500, f"{type(error).__name__}: {error}")
        await respond(send, *answer)

    def _authorize(self, moto: Moto, domain: str, fields: Fields, _headers: Fields) -> Answer:
        try:
            pool, client = _find_client(moto, domain, fields.get("client_id", ""))
            back = self._registered(client, "CallbackURLs", fields.get("redirect_uri", ""))
        except _RefusedError as refused:  # there is no address that could be trusted with the error
            return _text(400, str(refused))
        given: dict[str, str] = {"state": fields["state"]} if "state" in fields else {}
        try:
            scopes = _check_request(client, fields)
        except _RefusedError as refused:
            given |= {"error": refused.code, "error_description": refused.detail}
            return _redirect(back, given)
        grant = Grant(
            client_id=client.id,
            redirect_uri=back,
            username=viewer(moto, pool),
            scopes=scopes,
            challenge=fields.get("code_challenge"),
            nonce=fields.get("nonce"),
        )
        return _redirect(back, {"code": self._codes.give(grant), **given})

    def _token(self, moto: Moto, domain: str, fields: Fields, headers: Fields) -> Answer:
        try:
            client_id, secret = _client_of(fields, headers)
            try:
                pool, client = _find_client(moto, domain, client_id)
            except _RefusedError as refused:
                raise _RefusedError("invalid_client", refused.detail) from refused
            if client.generate_secret and not hmac.compare_digest(client.secret.encode(), secret.encode()):
                raise _RefusedError("invalid_client", "the client's secret is missing or wrong")
            return _json(200, self._grant(pool, client.id, fields))
        except _RefusedError as refused:
            return _json(400, {"error": refused.code, "error_description": refused.detail})

    def _grant(self, pool: Any, client_id: str, fields: Fields) -> dict[str, Any]:
        kind = fields.get("grant_type")
        if kind == "authorization_code":
            uri, verifier = fields.get("redirect_uri", ""), fields.get("code_verifier")
            grant = self._codes.take(fields.get("code", ""), client_id, uri, verifier)
            if grant is None or pool._get_user(grant.username) is None:
                detail = "the code is unknown, used, too old, another client's, or the verifier is wrong"
                raise _RefusedError("invalid_grant", detail)
            return first_tokens(pool, grant)
        if kind == "refresh_token":
            tokens = next_tokens(pool, fields.get("refresh_token", ""), client_id)
            if tokens is None:
                raise _RefusedError("invalid_grant", "the refresh token is unknown or was taken back")
            return tokens
        known = "authorization_code or refresh_token"
        raise _RefusedError("unsupported_grant_type", f"grant_type must be {known} (got {kind!r})")

    def _logout(self, moto: Moto, domain: str, fields: Fields, _headers: Fields) -> Answer:
        try:
            _, client = _find_client(moto, domain, fields.get("client_id", ""))
            if "logout_uri" in fields:
                return _redirect(self._registered(client, "LogoutURLs", fields["logout_uri"]), {})
            self._registered(client, "CallbackURLs", fields.get("redirect_uri", ""))
        except _RefusedError as refused:
            return _text(400, str(refused))
        return _redirect(f"{LOGIN_PATH}/{domain}/oauth2/authorize", fields)

    def _registered(self, client: Any, kind: str, uri: str) -> str:
        """The address, if it is one of the client's; those of this run's APIs count as AWS's do."""
        known = [self._addresses.localize(item) for item in client.extended_config.get(kind) or ()]
        if uri.replace("//localhost:", "//127.0.0.1:", 1) not in known and uri not in known:
            listed = ", ".join(known) or "none"
            raise _RefusedError("redirect_mismatch", f"{uri!r} is none of the client's {kind}: {listed}")
        return uri


def _find_client(moto: Moto, domain: str, client_id: str) -> tuple[Any, Any]:
    backend = moto.backend("cognito-idp")
    found = backend.user_pool_domains.get(domain)
    pool = None if found is None else backend.user_pools.get(found.user_pool_id)
    if pool is None:
        raise _RefusedError("invalid_request", f"there is no user pool domain {domain!r}")
    if client_id not in pool.clients:
        raise _RefusedError("invalid_request", f"client_id {client_id!r} is no client of the pool")
    return pool, pool.clients[client_id]


def _check_request(client: Any, fields: Fields) -> tuple[str, ...]:
    """The scopes that a request asks for and may have."""
    config = client.extended_config
    if fields.get("response_type") != "code":
        raise _RefusedError(
            "invalid_request", f"response_type must be code (got {fields.get('response_type')!r})"
        )
    if not config.get("AllowedOAuthFlowsUserPoolClient") or "code" not in config.get("AllowedOAuthFlows", ()):
        raise _RefusedError("unauthorized_client", "the client's AllowedOAuthFlows do not have code")
    if "code_challenge" in fields and fields.get("code_challenge_method") != "S256":
        raise _RefusedError("invalid_request", "code_challenge_method must be S256")
    allowed = tuple(config.get("AllowedOAuthScopes", ()))
    scopes = tuple(fields.get("scope", "").split()) or allowed
    if not set(scopes) <= set(allowed):
        raise _RefusedError("invalid_scope", f"scope must be of {' '.join(allowed)} (got {' '.join(scopes)})")
    return scopes


def _client_of(fields: Fields, headers: Fields) -> tuple[str, str]:
    """Id and secret of who asks for tokens."""
    kind, _, packed = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return fields.get("client_id", ""), fields.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _RefusedError("invalid_client", f"Authorization is not Basic: {error}") from error
    return client_id, secret


def _redirect(uri: str, fields: Fields) -> Answer:
    location = uri + (("&" if "?" in uri else "?") + urlencode(fields) if fields else "")
    return 302, [(b"location", location.encode()), (b"cache-control", b"no-store")], b""


def _text(status: int, text: str) -> Answer:
    return status, [(b"content-type", b"text/plain; charset=utf-8")], text.encode()


def _json(status: int, answer: dict[str, Any]) -> Answer:
    fields = [(b"content-type", b"application/json;charset=UTF-8"), (b"cache-control", b"no-store")]
    return status, fields, orjson.dumps(answer)
