"""The secret's tokens, read once in a while: whatever callers send, Secrets Manager is asked little."""

from collections.abc import Callable

from lambdas.click_logger.authorizer.tokens import Caller, Tokens

PAUSE_SECONDS = 10.0
"""Between two readings that an unknown token or a failure asks for; in each copy of the function."""
STALE_SECONDS = 3600.0
"""How long the tokens that are known stay good after their time, while the secret cannot be read."""


class TokensUnavailableError(Exception):
    """Nobody can say whose token it is: the secret cannot be read."""


class TokenCache:
    """Tokens by `fetch`, again after `ttl_seconds`, and at most once in a pause for a token that it lacks.

    `on_failure` hears of each reading that failed.
    """

    def __init__(
        self,
        fetch: Callable[[], Tokens],
        *,
        ttl_seconds: float,
        clock: Callable[[], float],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._fetch = fetch
        self._ttl_seconds = ttl_seconds
        self._clock = clock
        self._on_failure = on_failure
        self._tokens: Tokens | None = None
        self._read_at = self._tried_at = float("-inf")
        self._failed = False

    def caller(self, token: str) -> Caller | None:
        """Whose token it is; None when it is nobody's.

        Raises:
            TokensUnavailableError: it is not among those that were read, and they cannot be read anew.
        """
        if self._age() >= self._ttl_seconds:
            self._refresh()
        found = self._find(token)
        if found is None:
            self._refresh()
            found = self._find(token)
        if found is None and self._failed:
            raise TokensUnavailableError
        return found

    def _find(self, token: str) -> Caller | None:
        if self._tokens is None or self._age() >= self._ttl_seconds + STALE_SECONDS:
            return None
        return self._tokens.find(token)

    def _age(self) -> float:
        return self._clock() - self._read_at

    def _refresh(self) -> None:
        """Reads the secret, unless that was just tried."""
        now = self._clock()
        if now - self._tried_at < PAUSE_SECONDS:
            return
        self._tried_at = now
        try:
            self._tokens = self._fetch()
        except Exception as error:
            self._failed = True
            self._on_failure(error)
        else:
            self._read_at, self._failed = now, False
