"""What a user pool refuses on AWS and moto lets through.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html
https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from local_runtime.errors import AwsError
from local_runtime.services.moto_calls import Call
from local_runtime.services.stateful.cognito_codes import check_code

_BY_CLIENT = ("SignUp", "ConfirmSignUp", "ForgotPassword", "ConfirmForgotPassword")
_SIGN_INS = ("InitiateAuth", "AdminInitiateAuth")
_DEFAULT_FLOWS = ("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH")
_ADMIN_FLOW = "ADMIN_USER_PASSWORD_AUTH"
_SYNONYMS = {"ADMIN_NO_SRP_AUTH": _ADMIN_FLOW, "REFRESH_TOKEN": "REFRESH_TOKEN_AUTH"}
_PLAYED_FLOWS = ("USER_PASSWORD_AUTH", _ADMIN_FLOW, "REFRESH_TOKEN_AUTH")


def check_call(backend: Any, call: Call) -> None:
    """Raises AwsError where the pool or the client does not allow the call."""
    if call.action not in (*_BY_CLIENT, *_SIGN_INS, "AdminCreateUser"):
        return
    try:
        request = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        return  # moto says so
    if call.action == "AdminCreateUser":
        _check_temporary_password(backend, request)
        return
    found = _find(backend, request.get("ClientId"))
    if found is None:
        return
    pool, client = found
    if call.action in _BY_CLIENT:
        _check_secret_hash(client, request.get("Username"), request.get("SecretHash"))
    user = pool._get_user(request.get("Username"))
    if call.action in ("ConfirmSignUp", "ConfirmForgotPassword") and user is not None:
        check_code(user, call.action, request.get("ConfirmationCode"))
    if call.action == "ConfirmForgotPassword":
        _check_password(backend, pool, request.get("Password"))
    if call.action == "SignUp" and pool.extended_config.get("AdminCreateUserConfig", {}).get(
        "AllowAdminCreateUserOnly"
    ):
        raise AwsError("NotAuthorizedException", "SignUp is not permitted for this user pool")
    if call.action in _SIGN_INS:
        _check_sign_in(pool, client, request)


def _find(backend: Any, client_id: Any) -> tuple[Any, Any] | None:
    for pool in backend.user_pools.values():
        if client_id in pool.clients:
            return pool, pool.clients[client_id]
    return None


def _check_sign_in(pool: Any, client: Any, request: Mapping[str, Any]) -> None:
    flow = _SYNONYMS.get(str(request.get("AuthFlow")), str(request.get("AuthFlow")))
    allowed = client.extended_config.get("ExplicitAuthFlows") or _DEFAULT_FLOWS
    names = {_SYNONYMS.get(name, name) for name in (str(item).removeprefix("ALLOW_") for item in allowed)}
    if any(not str(item).startswith("ALLOW_") for item in allowed):
        names.add("REFRESH_TOKEN_AUTH")  # the old names leave it out and mean it
    if flow not in names:
        raise AwsError("InvalidParameterException", f"{flow} flow not enabled for this client")
    if flow not in _PLAYED_FLOWS:
        raise AwsError(
            "InvalidParameterException",
            f"{flow} is not played in the local run; {', '.join(_PLAYED_FLOWS)} are",
        )
    given = request.get("AuthParameters", {})
    if flow == "REFRESH_TOKEN_AUTH":
        return
    _check_secret_hash(client, given.get("USERNAME"), given.get("SECRET_HASH"))
    user = pool._get_user(given.get("USERNAME"))
    if user is None and client.extended_config.get("PreventUserExistenceErrors") == "ENABLED":
        raise AwsError("NotAuthorizedException", "Incorrect username or password.")
    if user is not None and user.password == given.get("PASSWORD") and user.status == "UNCONFIRMED":
        raise AwsError("UserNotConfirmedException", "User is not confirmed.")


def _check_temporary_password(backend: Any, request: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html"""
    pool = backend.user_pools.get(request.get("UserPoolId"))
    if pool is not None and request.get("TemporaryPassword") is not None:
        _check_password(backend, pool, request["TemporaryPassword"])


def _check_password(backend: Any, pool: Any, password: Any) -> None:
    from werkzeug.exceptions import HTTPException

    try:
        backend._validate_password(pool.id, str(password))
    except HTTPException as error:
        message = "Password does not conform to the pool's policy"
        raise AwsError("InvalidPasswordException", message) from error


def _check_secret_hash(client: Any, username: Any, given: Any) -> None:
    if not client.generate_secret:
        return
    digest = hmac.digest(client.secret.encode(), f"{username}{client.id}".encode(), hashlib.sha256)
    if not hmac.compare_digest(base64.b64encode(digest), str(given).encode()):
        raise AwsError("NotAuthorizedException", f"Unable to verify secret hash for client {client.id}")
