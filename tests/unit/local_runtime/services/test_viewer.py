"""The local viewer in pools of each kind, and the tokens that one gets."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.services.managed_login.grants import Grant
from local_runtime.services.managed_login.tokens import first_tokens, next_tokens, viewer
from local_runtime.services.moto_calls import Moto
from local_runtime.services.stateful.cognito import UserPools
from local_runtime.services.stateful.messages import MessageFiles
from local_runtime.services.stateful.store import ServiceStore

POOL, CLIENT = "us-east-1_abcdefghi", "client"


def made(directory: Path, **properties: Any) -> tuple[Moto, Any]:
    """A pool with a client, in a moto of their own."""
    from moto.core.base_backend import BackendDict

    BackendDict.reset()
    pool = Resource("S", "Pool", "AWS::Cognito::UserPool", properties, POOL, {"Arn": f"arn:{POOL}"})
    given = {"UserPoolId": POOL, "IdTokenValidity": 5, "TokenValidityUnits": {"IdToken": "minutes"}}
    client = Resource("S", "Client", "AWS::Cognito::UserPoolClient", given, CLIENT, {})
    assembly = Assembly(directory, "aws", "us-east-1", "123456789012", (pool, client), {}, {})
    moto = Moto("us-east-1", "123456789012", "http://127.0.0.1:1")
    UserPools(assembly, ServiceStore(directory / "services.db"), MessageFiles(directory)).create(moto)
    return moto, moto.backend("cognito-idp").user_pools[POOL]


def claims(token: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==")))


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({}, "local-viewer"),
        ({"UsernameAttributes": ["email"]}, "viewer@example.com"),
        ({"UsernameAttributes": ["phone_number"]}, "+15555550100"),
    ],
)
def test_viewer_is_made_once_under_a_name_that_the_pool_takes(
    tmp_path: Path, properties: dict[str, Any], name: str
) -> None:
    moto, pool = made(tmp_path, **properties)
    assert [viewer(moto, pool), viewer(moto, pool)] == [name, name]
    assert [user.status for user in pool.users.values()] == ["CONFIRMED"]


def test_viewer_of_a_pool_of_addresses_has_a_name_without_a_meaning(tmp_path: Path) -> None:
    moto, pool = made(tmp_path, UsernameAttributes=["email"])
    tokens = first_tokens(pool, Grant(CLIENT, "", viewer(moto, pool), ("openid", "email")))
    found = claims(tokens["id_token"])
    assert found["email"] == "viewer@example.com"
    assert found["cognito:username"] == found["sub"]
    assert found["exp"] - found["iat"] == 300
    assert claims(tokens["access_token"])["scope"] == "openid email"


def test_refreshed_tokens_keep_their_scopes_and_their_client(tmp_path: Path) -> None:
    moto, pool = made(tmp_path)
    first = first_tokens(pool, Grant(CLIENT, "", viewer(moto, pool), ("email",)))
    assert "id_token" not in first  # openid was not asked for
    again = next_tokens(pool, first["refresh_token"], CLIENT)
    assert again is not None
    assert claims(again["access_token"])["scope"] == "email"
    assert next_tokens(pool, first["refresh_token"], "another") is None
    pool.sign_out(viewer(moto, pool))
    assert next_tokens(pool, first["refresh_token"], CLIENT) is None
