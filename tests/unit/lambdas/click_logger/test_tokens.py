"""The secret: what it may say, whose a token is, and that nothing of it shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.click_logger.authorizer.tokens import Caller, Tokens, TokensError

OLD, NEW, OTHER = "old-token-0001", "new-token-0001", "ALLOW=ORDERAPP"


def tokens(secret: Any) -> Tokens:
    return Tokens.parse(json.dumps(secret))


def test_token_alone_may_send_clicks() -> None:
    assert tokens({"orderapp": OTHER}).find(OTHER) == Caller("orderapp", ("POST /clicklogger",))


def test_both_tokens_of_a_caller_are_good_while_it_rotates() -> None:
    found = tokens({"shop": {"tokens": [NEW, OLD]}, "orderapp": OTHER})
    assert {found.find(OLD), found.find(NEW)} == {Caller("shop", ("POST /clicklogger",))}


def test_rights_are_those_of_the_entry() -> None:
    found = tokens({"suspended": {"tokens": [OLD], "allow": []}}).find(OLD)
    assert found == Caller("suspended", ())


@pytest.mark.parametrize("token", ["", "ALLOW=ORDERAP", "ALLOW=ORDERAPP ", "allow=orderapp", "\ud800" * 12])
def test_any_other_text_is_nobodys(token: str) -> None:
    assert tokens({"orderapp": OTHER}).find(token) is None


def test_secret_without_entries_lets_nobody_in() -> None:
    assert tokens({}).find(OTHER) is None


def test_tokens_are_kept_as_digests_alone() -> None:
    assert OTHER not in repr(tokens({"orderapp": OTHER}))


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ([], "no JSON object"),
        ({"two words": OTHER}, "a caller's name must be 1-64"),
        ({"a": "short"}, "'a': tokens must be 1-5 texts of 12-512"),
        ({"a": f" {OTHER}"}, "'a': tokens must be"),
        ({"a": {"tokens": []}}, "'a': tokens must be"),
        ({"a": {"allow": []}}, "'a': tokens must be"),
        ({"a": {"tokens": OTHER}}, "'a': tokens must be"),
        ({"a": {"tokens": [f"{OTHER}{n}" for n in range(6)]}}, "'a': tokens must be 1-5"),
        ({"a": {"tokens": [OTHER], "alow": []}}, "'a': must be a token, or an object of tokens and allow"),
        ({"a": 7}, "'a': must be a token"),
        ({"a": {"tokens": [OTHER], "allow": ["*"]}}, "'a': allow must be a list such as"),
        ({"a": {"tokens": [OTHER], "allow": ["POST /*"]}}, "'a': allow must be a list such as"),
        ({"a": {"tokens": [OTHER], "allow": None}}, "'a': allow must be a list such as"),
        ({"a": OTHER, "b": OTHER}, "'b': the token is also that of 'a'"),
    ],
)
def test_malformed_secret_is_an_error_that_names_the_caller_and_no_token(secret: Any, problem: str) -> None:
    with pytest.raises(TokensError, match=problem) as caught:
        tokens(secret)
    assert OTHER not in str(caught.value)


def test_secret_that_is_no_json_does_not_show_in_the_error() -> None:
    with pytest.raises(TokensError) as caught:
        Tokens.parse(OTHER)
    assert str(caught.value) == "the secret is no JSON"
    assert caught.value.__cause__ is None
