"""The ingest function's settings, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    delivery_stream_name: str

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(delivery_stream_name=required(environment, "DELIVERY_STREAM_NAME"))
