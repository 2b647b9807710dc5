"""The tokens of the secret: who has which, and what each may call.

The secret is a JSON object with an entry a caller: `"name": "token"`, or with more than one token and with
rights of its own, `"name": {"tokens": ["new", "old"], "allow": ["POST /clicklogger"]}`. Digests alone are
kept.
"""

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

DEFAULT_RIGHTS = ("POST /clicklogger",)
MAX_TOKENS = 5
NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
TOKEN = re.compile(r"[!-~][ -~]{10,510}[!-~]")
"""12-512 printable characters of ASCII, no blank at either end."""
RIGHT = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /[\w/.-]*", re.ASCII)


class TokensError(Exception):
    """The secret is not what it must be; the message holds none of it but names."""


@dataclass(frozen=True)
class Caller:
    """Who a token belongs to, and the methods that it may call: `POST /clicklogger`."""

    name: str
    rights: tuple[str, ...]


@dataclass(frozen=True)
class Tokens:
    """Every digest with its caller."""

    callers: Mapping[bytes, Caller]

    @classmethod
    def parse(cls, text: str) -> "Tokens":
        """Reads the secret.

        Raises:
            TokensError: it is malformed, or two callers share a token.
        """
        try:
            entries = json.loads(text)
        except ValueError:
            raise TokensError("the secret is no JSON") from None
        if not isinstance(entries, dict):
            raise TokensError("the secret is no JSON object")
        callers: dict[bytes, Caller] = {}
        for name, entry in entries.items():
            for digest, caller in _read(name, entry):
                if callers.setdefault(digest, caller) is not caller:
                    raise TokensError(f"caller {name!r}: the token is also that of {callers[digest].name!r}")
        return cls(callers)

    def find(self, token: str) -> Caller | None:
        """Whose it is. All are compared, in constant time: how long it takes says nothing of the tokens."""
        asked = _digest(token)
        found = None
        for digest, caller in self.callers.items():
            if hmac.compare_digest(digest, asked):
                found = caller
        return found


def _read(name: str, entry: Any) -> Iterator[tuple[bytes, Caller]]:
    if not NAME.fullmatch(name):
        raise TokensError("a caller's name must be 1-64 letters, digits, underscores, periods and hyphens")
    if isinstance(entry, str):
        entry = {"tokens": [entry]}
    if not isinstance(entry, dict) or not entry.keys() <= {"tokens", "allow"}:
        raise TokensError(f"caller {name!r}: must be a token, or an object of tokens and allow")
    tokens, rights = entry.get("tokens", []), entry.get("allow", list(DEFAULT_RIGHTS))
    if not _all_match(tokens, TOKEN) or not 1 <= len(tokens) <= MAX_TOKENS:
        raise TokensError(
            f"caller {name!r}: tokens must be 1-{MAX_TOKENS} texts of 12-512 characters of ASCII"
        )
    if not _all_match(rights, RIGHT):
        raise TokensError(f"caller {name!r}: allow must be a list such as {list(DEFAULT_RIGHTS)}")
    caller = Caller(name, tuple(rights))
    for token in tokens:
        yield _digest(token), caller


def _all_match(texts: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(texts, list) and all(
        isinstance(text, str) and pattern.fullmatch(text) for text in texts
    )


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
