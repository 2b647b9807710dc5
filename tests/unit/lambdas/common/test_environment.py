"""Environment variables that are missing or no number are named."""

from __future__ import annotations

import pytest

from lambdas.common.environment import required, required_int


def test_values_are_read() -> None:
    environment = {"NAME": "clicks", "DAYS": "30"}
    assert (required(environment, "NAME"), required_int(environment, "DAYS")) == ("clicks", 30)


@pytest.mark.parametrize("value", ["", "thirty", "-1", "1.5", "٣"])
def test_what_is_no_number_is_an_error_that_names_the_variable(value: str) -> None:
    with pytest.raises(ValueError, match="environment variable DAYS: must be"):
        required_int({"DAYS": value}, "DAYS")


def test_missing_variable_is_named() -> None:
    with pytest.raises(ValueError, match="environment variable NAME: must be set"):
        required({}, "NAME")
