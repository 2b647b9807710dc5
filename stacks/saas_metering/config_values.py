"""Values that only the metering's settings have.

https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from stacks.common.config_values import allowed
from stacks.config import comma_separated
from stacks.saas_metering.access_log import FIELDS

HOUR_FOLDER = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
"""The folder of an hour (UTC), below that of the log: the merge finds the partitions by it."""

DELIVERY_STREAM_PREFIX = "amazon-apigateway-"

_NAMES = {field.name.lower(): field.name for field in FIELDS}
_METERED = ("requestId", "user", "requestTime", "status", "responseLength")


def _column_names(text: str) -> str:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name.lower() not in _NAMES]
    missing = [name for name in _METERED if name.lower() not in {given.lower() for given in names}]
    if unknown or len({name.lower() for name in names}) < len(names):
        raise ValueError(f"must name fields of {', '.join(_NAMES.values())}, each once (got {text!r})")
    if missing:
        raise ValueError(f"must name {', '.join(missing)} too, which the usage is counted by (got {text!r})")
    return ",".join(_NAMES[name.lower()] for name in names)


def _strength(rules: Sequence[str]) -> Sequence[str]:
    if len(set(rules)) < len(rules):
        raise ValueError(f"must name each kind of character once (got {', '.join(rules)})")
    return rules


LogStreamName = Annotated[
    str,
    Field(pattern=r"^[a-zA-Z0-9_.-]+$", max_length=64 - len(DELIVERY_STREAM_PREFIX)),
    allowed(f"1-{64 - len(DELIVERY_STREAM_PREFIX)} letters, digits, hyphens, underscores and periods"),
]
WorkGroupName = Annotated[
    str,
    Field(pattern=r"^[a-zA-Z0-9._-]+$", max_length=128),
    allowed("1-128 letters, digits, hyphens, underscores and periods"),
]
ColumnNames = Annotated[str, AfterValidator(_column_names), allowed("fields of the log, separated by commas")]
Characters = Annotated[
    tuple[Literal["lowercase", "uppercase", "numbers", "symbols"], ...],
    BeforeValidator(comma_separated),
    AfterValidator(_strength),
]
