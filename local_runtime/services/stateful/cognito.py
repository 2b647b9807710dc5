"""Cognito: the templates' user pools, under the ids that `Ref` gives, and what belongs to them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Cognito.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError, LocalRuntimeError, UnsupportedResourceError
from local_runtime.services.moto_calls import Call, Moto
from local_runtime.services.stateful.cognito_codes import send_codes
from local_runtime.services.stateful.cognito_rules import check_call
from local_runtime.services.stateful.messages import MessageFiles
from local_runtime.services.stateful.store import ServiceStore

SERVICE, _TARGET = "cognito-idp", "AWSCognitoIdentityProviderService."

_REQUIREMENTS = ("RequireLowercase", "RequireNumbers", "RequireSymbols", "RequireUppercase")
_MAX_PASSWORD_LENGTH = 256
_TOKEN_SECONDS = 3600
_UNIT_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_KEPT = ("users", "groups", "refresh_tokens")
"""What of a pool outlives the run; access and ID tokens prove themselves by their signature."""


class UserPools:
    def __init__(self, assembly: Assembly, store: ServiceStore, messages: MessageFiles) -> None:
        self._assembly = assembly
        self._messages = messages
        self._store = store
        self._written = b""
        for pool in assembly.of_type("AWS::Cognito::UserPool"):
            _check_played(pool)

    def create(self, moto: Moto) -> None:
        """Pools, clients and domains as the templates have them now, then who was there, then who is new."""
        self._make(moto, {"UserPool": _create_pool, "UserPoolClient": _create_client})
        self._make(moto, {"UserPoolDomain": _create_domain})
        pools = moto.backend(SERVICE).user_pools
        for pool_id, kept in (self._store.read_objects(SERVICE) or {}).items():
            if pool_id in pools:
                vars(pools[pool_id]).update(kept)
        self._make(moto, {"UserPoolGroup": _create_group, "UserPoolUser": _create_user})
        self._make(moto, {"UserPoolUserToGroupAttachment": _add_to_group})

    def _make(self, moto: Moto, makers: Mapping[str, Callable[[Moto, Resource], None]]) -> None:
        for name, make in makers.items():
            for resource in self._assembly.of_type(f"AWS::Cognito::{name}"):
                try:
                    make(moto, resource)
                except AwsError as error:
                    raise LocalRuntimeError(f"{resource.stack}/{resource.logical_id}: {error}") from error

    def refuse(self, moto: Moto, call: Call) -> None:
        check_call(moto.backend(SERVICE), call)

    def keep(self, moto: Moto) -> None:
        pools = moto.backend(SERVICE).user_pools
        kept = {}
        for resource in self._assembly.of_type("AWS::Cognito::UserPool"):
            pool = pools.get(resource.physical_id)
            if pool is not None:
                send_codes(pool, self._messages)
                _forget_expired(pool)
                kept[pool.id] = {name: getattr(pool, name) for name in _KEPT}
        written = pickle.dumps(kept)
        if written != self._written:
            self._store.write_objects(SERVICE, written)
            self._written = written


def _check_played(pool: Resource) -> None:
    given = pool.properties
    if given.get("LambdaConfig"):
        detail = "LambdaConfig: a pool's triggers are not called"
    elif given.get("MfaConfiguration") == "ON":
        detail = "MfaConfiguration ON: a second factor cannot be given here"
    else:
        return
    raise UnsupportedResourceError(pool.type, pool.stack, pool.logical_id, detail)


def _create_pool(moto: Moto, resource: Resource) -> None:
    given = {**resource.properties, "Policies": _policies(resource.properties.get("Policies", {}))}
    name = given.pop("UserPoolName", f"{resource.logical_id}-{resource.physical_id}")
    made = _ask(moto, "CreateUserPool", {"PoolName": name, **given})["UserPool"]["Id"]
    pools = moto.backend(SERVICE).user_pools
    pool = pools.pop(made)
    pool.id, pool.arn = resource.physical_id, resource.arn
    pool.create_jwt = partial(_create_jwt, pool, pool.create_jwt)
    pools[pool.id] = pool


def _create_jwt(
    pool: Any, create: Callable[..., tuple[str, int]], client_id: str, username: str, use: str, **rest: Any
) -> tuple[str, int]:
    """moto's tokens, valid for as long as the client's settings say."""
    kind = "IdToken" if use == "id" else "AccessToken"
    config = pool.clients[client_id].extended_config
    unit = config.get("TokenValidityUnits", {}).get(kind, "hours")
    given = config.get(f"{kind}Validity")
    seconds = _TOKEN_SECONDS if given is None else int(given) * _UNIT_SECONDS[unit]
    return create(client_id, username, use, **{**rest, "expires_in": seconds})


def _forget_expired(pool: Any) -> None:
    """Drop tokens that are past their time: moto would keep, and take, every one that it ever gave."""
    pool.id_tokens.clear()  # nobody asks for them
    while pool.access_tokens:
        oldest = next(iter(pool.access_tokens))
        claims = json.loads(base64.urlsafe_b64decode(oldest.split(".")[1] + "=="))
        if claims["exp"] > time.time():
            return
        del pool.access_tokens[oldest]


def _policies(given: Mapping[str, Any]) -> dict[str, Any]:
    """The password policy in full: what a policy leaves out is not asked for, moto would ask for it."""
    policy = given.get("PasswordPolicy", dict.fromkeys(_REQUIREMENTS, True))
    full = {"MinimumLength": 8, **dict.fromkeys(_REQUIREMENTS, False), **policy}
    return {**given, "PasswordPolicy": {**full, "MaximumLength": _MAX_PASSWORD_LENGTH + 1}}


def _create_client(moto: Moto, resource: Resource) -> None:
    from moto.cognitoidp.models import CognitoIdpUserPoolAttribute

    readable = list(CognitoIdpUserPoolAttribute.STANDARD_SCHEMA)  # what a client reads when nothing is said
    given = {"ClientName": resource.logical_id, "ReadAttributes": readable, **resource.properties}
    made = _ask(moto, "CreateUserPoolClient", given)["UserPoolClient"]["ClientId"]
    clients = moto.backend(SERVICE).user_pools[given["UserPoolId"]].clients
    client = clients.pop(made)
    client.id = resource.physical_id
    client.secret = hashlib.sha256(client.id.encode()).hexdigest()[:52]  # the same on every start
    clients[client.id] = client


def _create_domain(moto: Moto, resource: Resource) -> None:
    given = resource.properties
    request = {name: given[name] for name in ("Domain", "UserPoolId", "CustomDomainConfig") if name in given}
    _ask(moto, "CreateUserPoolDomain", request)


def _create_group(moto: Moto, resource: Resource) -> None:
    request = {**resource.properties, "GroupName": resource.physical_id}
    there = request["GroupName"] in moto.backend(SERVICE).user_pools[request["UserPoolId"]].groups
    _ask(moto, "UpdateGroup" if there else "CreateGroup", request)


def _create_user(moto: Moto, resource: Resource) -> None:
    request = {**resource.properties, "Username": resource.physical_id}
    if moto.backend(SERVICE).user_pools[request["UserPoolId"]]._get_user(request["Username"]) is None:
        _ask(moto, "AdminCreateUser", request)


def _add_to_group(moto: Moto, resource: Resource) -> None:
    _ask(moto, "AdminAddUserToGroup", resource.properties)


def _ask(moto: Moto, action: str, request: Mapping[str, Any]) -> dict[str, Any]:
    return moto.ask(SERVICE, f"{_TARGET}{action}", request)
