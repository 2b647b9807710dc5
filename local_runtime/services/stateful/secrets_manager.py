"""Secrets Manager: the templates' secrets, their values given or generated.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
"""

from __future__ import annotations

import hashlib
import json
import pickle
import uuid
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.services.moto_calls import Call, Moto
from local_runtime.services.stateful.store import ServiceStore

_SERVICE, _TARGET = "secretsmanager", "secretsmanager."
_SUFFIX_LENGTH = len("-123456")
"""Of a secret's ARN, after its name."""


class Secrets:
    def __init__(self, assembly: Assembly, store: ServiceStore) -> None:
        self._store = store
        self._secrets = list(assembly.of_type("AWS::SecretsManager::Secret"))
        self._given: dict[str, str] = {}
        """ARN -> a hash of what the template said of the value when it was made."""
        self._written = b""

    def create(self, moto: Moto) -> None:
        """The secrets as they were kept; a value is made anew when the template says something else of it."""
        secrets = moto.backend(_SERVICE).secrets
        kept = self._store.read_objects(_SERVICE)
        if kept is not None:
            dict.update(secrets, kept["secrets"])
            self._given = kept["given"]
        for resource in self._secrets:
            try:
                self._bring_to_life(moto, secrets, resource)
            except AwsError as error:
                raise LocalRuntimeError(f"{resource.stack}/{resource.logical_id}: {error}") from error

    def refuse(self, moto: Moto, call: Call) -> None:
        pass

    def keep(self, moto: Moto) -> None:
        objects = {"secrets": dict(moto.backend(_SERVICE).secrets), "given": self._given}
        written = pickle.dumps(objects)
        if written != self._written:
            self._store.write_objects(_SERVICE, written)
            self._written = written

    def _bring_to_life(self, moto: Moto, secrets: Any, resource: Resource) -> None:
        given = resource.properties
        name = resource.physical_id.rpartition(":")[2][:-_SUFFIX_LENGTH]
        rules = [given.get("SecretString"), given.get("GenerateSecretString")]
        said = hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()
        changed = self._given.get(resource.physical_id) != said
        request = {key: given[key] for key in ("Description", "KmsKeyId", "Tags") if key in given}
        value = _value(moto, resource) if changed else None
        if value is not None:
            request |= {"SecretString": value, "ClientRequestToken": str(uuid.uuid4())}
        if name not in secrets:
            moto.ask(_SERVICE, f"{_TARGET}CreateSecret", {"Name": name, **request})
        elif value is not None and not secrets[name].is_deleted():
            request.pop("Tags", None)
            moto.ask(_SERVICE, f"{_TARGET}UpdateSecret", {"SecretId": name, **request})
        secrets[name].arn = resource.physical_id
        self._given[resource.physical_id] = said


def _value(moto: Moto, secret: Resource) -> str | None:
    """What the secret holds at first; None: nothing."""
    given = secret.properties
    if "SecretString" in given:
        return str(given["SecretString"])
    if "GenerateSecretString" not in given:
        return None
    rules: dict[str, Any] = dict(given["GenerateSecretString"])
    template, key = rules.pop("SecretStringTemplate", None), rules.pop("GenerateStringKey", None)
    if (template is None) != (key is None):
        message = "SecretStringTemplate and GenerateStringKey go together"
        raise LocalRuntimeError(f"{secret.stack}/{secret.logical_id}: {message}")
    password = str(moto.ask(_SERVICE, f"{_TARGET}GetRandomPassword", rules)["RandomPassword"])
    if template is None:
        return password
    try:
        return json.dumps({**json.loads(template), key: password})
    except (ValueError, TypeError) as error:
        message = f"SecretStringTemplate must be a JSON object: {error}"
        raise LocalRuntimeError(f"{secret.stack}/{secret.logical_id}: {message}") from error
