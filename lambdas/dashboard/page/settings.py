"""The page function's settings, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    room: str
    """Whose dashboard it is: the page loads `rooms/{room}.js`."""

    title: str
    sign_in_url: str
    """Where the user pool signs people in, without a final slash."""

    client_id: str
    refresh_seconds: str

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(**{name: _required(environment, name.upper()) for name in cls.__dataclass_fields__})


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise ValueError(f"environment variable {name}: must be set and not empty (got {value!r})")
    return value
