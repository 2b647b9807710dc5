"""Secrets Manager: the templates' secrets, their values given or generated.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.services.moto_calls import Call, Moto

_SERVICE, _TARGET = "secretsmanager", "secretsmanager."
_SUFFIX_LENGTH = len("-123456")
"""Of a secret's ARN, after its name."""


class Secrets:
    def __init__(self, assembly: Assembly) -> None:
        self._secrets = list(assembly.of_type("AWS::SecretsManager::Secret"))

    def create(self, moto: Moto) -> None:
        for secret in self._secrets:
            try:
                _create(moto, secret)
            except AwsError as error:
                raise LocalRuntimeError(f"{secret.stack}/{secret.logical_id}: {error}") from error

    def refuse(self, moto: Moto, call: Call) -> None:
        pass

    def keep(self, moto: Moto) -> None:
        pass


def _create(moto: Moto, secret: Resource) -> None:
    given = secret.properties
    name = secret.physical_id.rpartition(":")[2][:-_SUFFIX_LENGTH]
    request = {key: given[key] for key in ("Description", "KmsKeyId", "Tags") if key in given}
    value = _value(moto, secret)
    if value is not None:
        request |= {"SecretString": value, "ClientRequestToken": str(uuid.uuid4())}
    moto.ask(_SERVICE, f"{_TARGET}CreateSecret", {"Name": name, **request})
    moto.backend(_SERVICE).secrets[name].arn = secret.physical_id


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
