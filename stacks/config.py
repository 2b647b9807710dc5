"""Configuration: one load of the CDK context into frozen models, and each mistake in it as one readable line.

https://docs.aws.amazon.com/cdk/v2/guide/context.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from stacks.config_errors import ConfigError, describe

CONTEXT_FILE = "cdk.context.json"
ROOT = Path(__file__).resolve().parents[1]

CDK_KEYS = frozenset(
    {"$schema", "acknowledged-issue-numbers", "acknowledged-warnings", "cdk-migrate", "cli-telemetry"}
)
"""Top-level keys that the CDK CLI or an editor writes; lookups and feature flags show by their spelling."""
CDK_PATTERN = "^@|:"

# fmt: off
_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)
# fmt: on


def _retention(days: int) -> int:
    if days not in _RETENTION_DAYS:
        raise ValueError(f"must be one of {', '.join(map(str, _RETENTION_DAYS))} (got {days})")
    return days


LogRetention = Annotated[
    int, AfterValidator(_retention), Field(json_schema_extra={"enum": list(_RETENTION_DAYS)})
]
_TAG_KEY = re.compile(r"(?!aws:)[\w\s.:/=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[\w\s.:/=+@-]{0,256}")


def _tags(tags: dict[str, str]) -> dict[str, str]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html"""
    for key, value in tags.items():
        if not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(value):
            raise ValueError(
                "a key must be 1-128, a value 0-256 letters, digits, spaces or any of _ . : / = + - @, "
                f"and no key may start with aws: (got {key!r}: {value!r})"
            )
    return tags


class Section(BaseModel):
    """A JSON object of the configuration: it cannot be changed, and it has no other keys than its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _text_of_the_command_line(cls, value: Any) -> Any:
        """`cdk -c section='{"key": 1}'` hands a section over as text."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value


class CommonConfig(Section):
    """What holds for every system."""

    log_retention_in_days: LogRetention = 30
    """How long CloudWatch keeps each log group."""

    keep_data_on_destroy: bool = True
    """Whether bucket, database and table outlive `cdk destroy`; with `false` they go, and the data too."""

    tags: Annotated[dict[str, str], AfterValidator(_tags)] = Field(
        default={"Application": "web-analytics"},
        max_length=50,
        json_schema_extra={"allowed": "a JSON object of at most 50 texts"},
    )
    """Tags on every stack, which CloudFormation copies to the resources."""


Config = TypeVar("Config", bound=Section)


def comma_separated(value: Any) -> Any:
    """A list that the command line hands over as text."""
    return [item.strip() for item in value.split(",")] if isinstance(value, str) else value


def context_files(root: Path = ROOT) -> dict[str, Any]:
    """The context as the CLI puts it together from the two files, without its command line.

    Raises:
        ConfigError: a file is no JSON object.
    """
    return {**_read(root / CONTEXT_FILE), **_read(root / "cdk.json").get("context", {})}


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError([f"{file.name}: is no JSON: {error}"]) from None
    if not isinstance(content, dict):
        raise ConfigError([f"{file.name}: must be a JSON object (got {json.dumps(content)})"])
    return content


def load_config(model: type[Config], context: Mapping[str, Any]) -> Config:
    """Reads the settings out of the whole CDK context.

    Raises:
        ConfigError: every mistake, one line each.
    """
    settings = {key: value for key, value in context.items() if not _belongs_to_cdk(key)}
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(describe(error, model.model_json_schema(), CONTEXT_FILE)) from None


def _belongs_to_cdk(key: str) -> bool:
    return key in CDK_KEYS or re.search(CDK_PATTERN, key) is not None
