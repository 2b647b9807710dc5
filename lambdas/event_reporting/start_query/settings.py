"""The settings of the function that starts the query, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required, required_int


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    database_name: str
    work_group: str
    longest_period_in_days: int
    query_checks: int
    """How often the state machine looks whether the query is done, before it stops the query."""

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(
            database_name=required(environment, "DATABASE_NAME"),
            work_group=required(environment, "WORK_GROUP"),
            longest_period_in_days=required_int(environment, "LONGEST_PERIOD_IN_DAYS"),
            query_checks=required_int(environment, "QUERY_CHECKS"),
        )
