"""The settings of the function that starts the report, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    state_machine_arn: str

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(state_machine_arn=required(environment, "STATE_MACHINE_ARN"))
