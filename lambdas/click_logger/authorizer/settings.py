"""The authorizer's settings, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required, required_int


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    tokens_secret_id: str
    tokens_cache_seconds: int
    metrics_namespace: str

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(
            tokens_secret_id=required(environment, "TOKENS_SECRET_ID"),
            tokens_cache_seconds=required_int(environment, "TOKENS_CACHE_SECONDS"),
            metrics_namespace=required(environment, "METRICS_NAMESPACE"),
        )
