"""The settings of the function that mails, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required, required_int


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    topic_arn: str
    results_expire_after_days: int
    aws_region: str

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(
            topic_arn=required(environment, "TOPIC_ARN"),
            results_expire_after_days=required_int(environment, "RESULTS_EXPIRE_AFTER_DAYS"),
            aws_region=required(environment, "AWS_REGION"),
        )
