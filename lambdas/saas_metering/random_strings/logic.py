"""What a request for random strings asks for, and the strings that it gets."""

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ALPHABETS = {
    "letters": string.ascii_letters,
    "lowercase": string.ascii_lowercase,
    "uppercase": string.ascii_uppercase,
    "digits": string.digits,
}
LENGTHS = (1, 20)
NUMBERS = (1, 100)
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,100}")

Choice = Callable[[str], str]
"""One character of a text, at random."""


class BadParameterError(Exception):
    """A parameter that cannot be answered; its text is for the caller."""


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    length: int
    alphabet: str
    number: int


def read(parameters: Mapping[str, str]) -> Order:
    """The query string's `len`, `chars` and `num`; numbers beyond their limits become the limits.

    Raises:
        BadParameterError: a number is none, or nobody knows the kind of characters.
    """
    chars = parameters.get("chars", "letters")
    if chars not in ALPHABETS:
        raise BadParameterError(f"chars must be one of {', '.join(ALPHABETS)} (got {chars!r})")
    return Order(
        length=_number(parameters, "len", 7, LENGTHS),
        alphabet=ALPHABETS[chars],
        number=_number(parameters, "num", 1, NUMBERS),
    )


def random_strings(order: Order, choice: Choice) -> list[str]:
    return ["".join(choice(order.alphabet) for _ in range(order.length)) for _ in range(order.number)]


def _number(parameters: Mapping[str, str], name: str, default: int, limits: tuple[int, int]) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    if WHOLE_NUMBER.fullmatch(text) is None:
        raise BadParameterError(f"{name} must be a whole number (got {text!r})")
    least, most = limits
    return min(max(int(text), least), most)
