"""Random strings: what may be asked, what is clamped, what is refused."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.saas_metering.random_strings import handler as handler_module
from lambdas.saas_metering.random_strings.handler import lambda_handler
from lambdas.saas_metering.random_strings.logic import ALPHABETS, Order, random_strings, read


def answer(parameters: dict[str, str] | None) -> tuple[int, Any]:
    response = lambda_handler({"queryStringParameters": parameters}, None)
    assert response["headers"]["Content-Type"] == "application/json"
    return response["statusCode"], json.loads(response["body"])


def test_one_string_of_seven_letters_is_the_default() -> None:
    status, (text,) = answer(None)
    assert status == 200
    assert len(text) == 7
    assert set(text) <= set(string.ascii_letters)


@pytest.mark.parametrize(
    ("parameters", "order"),
    [
        ({"len": "0"}, Order(1, string.ascii_letters, 1)),
        ({"len": "-5", "num": "-1"}, Order(1, string.ascii_letters, 1)),
        ({"len": "21", "num": "101"}, Order(20, string.ascii_letters, 100)),
        ({"len": "9" * 100, "num": "+3"}, Order(20, string.ascii_letters, 3)),
        ({"chars": "digits", "unknown": "x"}, Order(7, "0123456789", 1)),
    ],
)
def test_numbers_beyond_their_limits_become_the_limits(parameters: dict[str, str], order: Order) -> None:
    assert read(parameters) == order


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"chars": "emoji"}, "chars must be one of letters, lowercase, uppercase, digits (got 'emoji')"),
        ({"chars": ""}, "chars must be one of letters, lowercase, uppercase, digits (got '')"),
        ({"len": "seven"}, "len must be a whole number (got 'seven')"),
        ({"num": "1.5"}, "num must be a whole number (got '1.5')"),
        ({"num": ""}, "num must be a whole number (got '')"),
        ({"len": "٧"}, "len must be a whole number (got '٧')"),
        ({"len": "7\n"}, "len must be a whole number (got '7\\n')"),
    ],
)
def test_what_cannot_be_answered_is_a_400_that_says_why(parameters: dict[str, str], message: str) -> None:
    assert answer(parameters) == (400, {"message": message})


@given(length=st.integers(-50, 50), number=st.integers(-150, 150), chars=st.sampled_from(sorted(ALPHABETS)))
def test_every_number_gives_strings_within_the_limits(length: int, number: int, chars: str) -> None:
    status, strings = answer({"len": str(length), "num": str(number), "chars": chars})
    assert status == 200
    assert len(strings) == min(max(number, 1), 100)
    assert {len(text) for text in strings} == {min(max(length, 1), 20)}
    assert set("".join(strings)) <= set(ALPHABETS[chars])


@given(st.dictionaries(st.sampled_from(["len", "num", "chars", "x"]), st.text(max_size=20)))
def test_no_query_string_is_a_failure_of_the_function(parameters: dict[str, str]) -> None:
    assert answer(parameters)[0] in (200, 400)


def test_characters_come_one_by_one_from_the_source_of_secrets() -> None:
    assert random_strings(Order(3, "xyz", 2), lambda alphabet: alphabet[1]) == ["yyy", "yyy"]
    assert handler_module.secrets.choice.__module__ in ("random", "secrets")
    assert not hasattr(handler_module, "random")
