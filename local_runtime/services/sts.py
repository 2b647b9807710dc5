"""Who is asking: always the assembly's account.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""

from __future__ import annotations

from typing import Any

from local_runtime.assembly.model import Assembly
from local_runtime.errors import AwsError


class StsService:
    """A `Service` of one action; tokens mean nothing where no signature is verified."""

    def __init__(self, assembly: Assembly) -> None:
        self._answer = {
            "UserId": "LOCALRUN",
            "Account": assembly.account,
            "Arn": f"arn:{assembly.partition}:iam::{assembly.account}:user/local",
        }

    def __call__(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        if action != "GetCallerIdentity":
            message = f"STS {action} is not run here; GetCallerIdentity is, and any credentials do."
            raise AwsError("InvalidAction", message)
        return dict(self._answer)
