"""The keys of Cognito user pools, from where their tokens come from.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

TIMEOUT_SECONDS = 10
KeySetOfPool = Callable[[str], Mapping[str, Any]]


def keys_at(endpoint_url: str) -> KeySetOfPool:
    """A source of key sets by pool id, as Cognito publishes them at an endpoint; LookupError for no pool."""

    def key_set(pool: str) -> Mapping[str, Any]:
        url = f"{endpoint_url}/{quote(pool, safe='')}/.well-known/jwks.json"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 (loopback)
                document: Mapping[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            raise LookupError(f"there is no user pool {pool}: {error}") from error
        return document

    return key_set
