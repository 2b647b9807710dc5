"""Authorization codes: one use, five minutes, for the client and the address that they were given to.

https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

CODE_SECONDS = 300


@dataclass(frozen=True)
class Grant:
    """What somebody was signed in for."""

    client_id: str
    redirect_uri: str
    username: str
    scopes: tuple[str, ...]
    challenge: str | None = None
    """S256 of the verifier that the client will show."""
    nonce: str | None = None


class Codes:
    """The codes that were given out and not yet used."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, tuple[float, Grant]] = {}

    def give(self, grant: Grant) -> str:
        now = self._clock()
        self._open = {code: entry for code, entry in self._open.items() if entry[0] > now}
        code = secrets.token_urlsafe(32)
        self._open[code] = now + CODE_SECONDS, grant
        return code

    def take(self, code: str, client_id: str, redirect_uri: str, verifier: str | None) -> Grant | None:
        """What a code stands for; None when it is unknown, used, too old, or asked for by another."""
        expires, grant = self._open.pop(code, (0.0, None))
        if grant is None or expires <= self._clock():
            return None
        if (grant.client_id, grant.redirect_uri) != (client_id, redirect_uri):
            return None
        if grant.challenge is not None and not _fits(grant.challenge, verifier):
            return None
        return grant


def _fits(challenge: str, verifier: str | None) -> bool:
    digest = hashlib.sha256((verifier or "").encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), challenge.encode())
