"""The consumer function's settings, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required, required_int


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals; items without an expiry are kept."""

    table_name: str
    dead_letter_bucket: str
    dead_letter_prefix: str
    metrics_namespace: str
    items_expire_after_days: int | None

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        expires = environment.get("ITEMS_EXPIRE_AFTER_DAYS", "") != ""
        return cls(
            table_name=required(environment, "TABLE_NAME"),
            dead_letter_bucket=required(environment, "DEAD_LETTER_BUCKET"),
            dead_letter_prefix=required(environment, "DEAD_LETTER_PREFIX"),
            metrics_namespace=required(environment, "METRICS_NAMESPACE"),
            items_expire_after_days=required_int(environment, "ITEMS_EXPIRE_AFTER_DAYS") if expires else None,
        )
