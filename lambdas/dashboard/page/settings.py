"""The page function's settings, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required, required_int


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    room: str
    """Whose dashboard it is: the page loads `rooms/{room}.js`."""

    title: str
    sign_in_url: str
    """Where the user pool signs people in, without a final slash."""

    client_id: str
    refresh_seconds: int
    """How often an open page asks again."""

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(
            room=required(environment, "ROOM"),
            title=required(environment, "TITLE"),
            sign_in_url=required(environment, "SIGN_IN_URL"),
            client_id=required(environment, "CLIENT_ID"),
            refresh_seconds=required_int(environment, "REFRESH_SECONDS"),
        )
