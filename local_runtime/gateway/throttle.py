"""Token buckets, and a stage's method throttling.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from local_runtime.gateway.api import Rate
from local_runtime.gateway.context import Invocation
from local_runtime.gateway.gateway_response import GatewayError

ACCOUNT = Rate(10_000, 5_000)
"""An account's limit in a region, which holds where a stage sets none."""


class TokenBuckets:
    """A bucket a key; each is full at first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[Hashable, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key: Hashable, rate: Rate) -> bool:
        """Take a token; False when there is none."""
        now = self._clock()
        with self._lock:
            tokens, since = self._buckets.get(key, (rate.burst, now))
            tokens = min(rate.burst, tokens + max(0.0, now - since) * rate.per_second)
            taken = tokens >= 1
            self._buckets[key] = (tokens - 1 if taken else tokens, now)
        return taken


class StageThrottle:
    def __init__(self, buckets: TokenBuckets) -> None:
        self._buckets = buckets

    def __call__(self, invocation: Invocation) -> None:
        stage, method = invocation.stage, invocation.method
        path, verb = method.resource_path, method.http_method
        for chosen in ((path, verb), (path, "*"), ("*", verb), ("*", "*")):
            rate = stage.rates.get(chosen)
            if rate is not None:
                key: Hashable = (invocation.api.id, stage.name, path, verb)
                break
        else:
            rate, key = ACCOUNT, "account"
        if not self._buckets.take(key, rate):
            raise GatewayError("THROTTLED")
