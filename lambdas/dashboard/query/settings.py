"""The query function's settings, from its environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required, required_int


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    queries_folder: str
    """The folder of the package whose `.sql` files may be asked for, by name."""

    work_group: str
    database: str
    table_names: Mapping[str, str]
    """Tables whose names in this deployment are not the ones in the files."""

    answers_bucket: str
    answers_folder: str
    cache_seconds: int
    """How long an answer is given again without a new query."""

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(
            queries_folder=required(environment, "QUERIES_FOLDER"),
            work_group=required(environment, "WORK_GROUP"),
            database=required(environment, "DATABASE"),
            table_names=_names(environment, "TABLE_NAMES"),
            answers_bucket=required(environment, "ANSWERS_BUCKET"),
            answers_folder=required(environment, "ANSWERS_FOLDER"),
            cache_seconds=required_int(environment, "CACHE_SECONDS"),
        )


def _names(environment: Mapping[str, str], name: str) -> Mapping[str, str]:
    value = environment.get(name, "")
    try:
        names = json.loads(value)
    except ValueError:
        names = None
    if not isinstance(names, dict) or not all(isinstance(text, str) for text in names.values()):
        raise ValueError(f"environment variable {name}: must be a JSON object of names (got {value!r})")
    return names
