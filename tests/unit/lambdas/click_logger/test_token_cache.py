"""When the secret is read: rotation without an outage, and no way to hammer Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lambdas.click_logger.authorizer.token_cache import (
    PAUSE_SECONDS,
    STALE_SECONDS,
    TokenCache,
    TokensUnavailableError,
)
from lambdas.click_logger.authorizer.tokens import Tokens
from tests.unit.lambdas.click_logger.clicks import Clock, aws_error

TTL = 300
OLD, NEW, UNKNOWN = "old-token-0001", "new-token-0001", "who-knows-0001"


class Secret:
    """The secret as Secrets Manager has it, and how often it was read."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.reads = 0
        self.error: Exception | None = None

    def __call__(self) -> Tokens:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return Tokens.parse(json.dumps({"shop": {"tokens": self.tokens}}))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secret() -> Secret:
    return Secret(OLD)


@pytest.fixture
def failures() -> list[Exception]:
    return []


@pytest.fixture
def name_of(clock: Clock, secret: Secret, failures: list[Exception]) -> Callable[[str], str | None]:
    cache = TokenCache(secret, ttl_seconds=TTL, clock=clock, on_failure=failures.append)

    def name_of(token: str) -> str | None:
        caller = cache.caller(token)
        return None if caller is None else caller.name

    return name_of


NameOf = Callable[[str], str | None]


def test_known_token_is_read_once_in_its_time(name_of: NameOf, secret: Secret, clock: Clock) -> None:
    for _ in range(10):
        assert name_of(OLD) == "shop"
        clock.sleep(TTL / 10 - 1)
    assert secret.reads == 1
    clock.sleep(TTL)
    assert name_of(OLD) == "shop"
    assert secret.reads == 2


def test_new_token_works_at_once_after_a_pause(name_of: NameOf, secret: Secret, clock: Clock) -> None:
    assert name_of(OLD) == "shop"
    secret.tokens = [NEW, OLD]
    clock.sleep(PAUSE_SECONDS)
    assert (name_of(NEW), name_of(OLD)) == ("shop", "shop")


def test_old_token_ends_with_the_tokens_that_are_kept(name_of: NameOf, secret: Secret, clock: Clock) -> None:
    assert name_of(OLD) == "shop"
    secret.tokens = [NEW]
    clock.sleep(TTL - 1)
    assert name_of(OLD) == "shop"
    clock.sleep(1)
    assert name_of(OLD) is None


def test_unknown_tokens_read_the_secret_once_in_a_pause(
    name_of: NameOf, secret: Secret, clock: Clock
) -> None:
    for _ in range(1000):
        assert name_of(UNKNOWN) is None
        clock.sleep(PAUSE_SECONDS / 100)
    assert secret.reads == 10


def test_known_tokens_stay_good_for_an_hour_without_the_secret(
    name_of: NameOf, secret: Secret, clock: Clock, failures: list[Exception]
) -> None:
    assert name_of(OLD) == "shop"
    secret.error = aws_error("InternalServiceError", 500)
    clock.sleep(TTL)
    assert name_of(OLD) == "shop"
    clock.sleep(STALE_SECONDS - 1)
    assert name_of(OLD) == "shop"
    clock.sleep(1)
    with pytest.raises(TokensUnavailableError):
        name_of(OLD)
    assert failures == [secret.error] * 2


def test_longest_time_of_the_tokens_leaves_them_an_hour_as_well(secret: Secret, clock: Clock) -> None:
    cache = TokenCache(secret, ttl_seconds=3600, clock=clock, on_failure=lambda error: None)
    assert cache.caller(OLD) is not None
    secret.error = aws_error("InternalServiceError", 500)
    clock.sleep(3600)
    assert cache.caller(OLD) is not None


def test_unknown_token_is_undecided_while_the_secret_cannot_be_read(
    name_of: NameOf, secret: Secret, clock: Clock
) -> None:
    assert name_of(OLD) == "shop"
    secret.error = aws_error("InternalServiceError", 500)
    clock.sleep(PAUSE_SECONDS)
    for _ in range(5):
        with pytest.raises(TokensUnavailableError):
            name_of(UNKNOWN)
    assert secret.reads == 2
    secret.error = None
    clock.sleep(PAUSE_SECONDS)
    assert name_of(UNKNOWN) is None


def test_first_reading_that_fails_lets_nobody_in_and_is_tried_again(
    name_of: NameOf, secret: Secret, clock: Clock
) -> None:
    secret.error = aws_error("AccessDeniedException")
    with pytest.raises(TokensUnavailableError):
        name_of(OLD)
    secret.error = None
    with pytest.raises(TokensUnavailableError):
        name_of(OLD)
    clock.sleep(PAUSE_SECONDS)
    assert name_of(OLD) == "shop"


def test_malformed_secret_leaves_the_tokens_that_are_known(
    name_of: NameOf, secret: Secret, clock: Clock, failures: list[Exception]
) -> None:
    assert name_of(OLD) == "shop"
    secret.tokens = ["short"]
    clock.sleep(TTL)
    assert name_of(OLD) == "shop"
    assert [str(error) for error in failures] == [
        "caller 'shop': tokens must be 1-5 texts of 12-512 characters of ASCII"
    ]
