"""Environment variables, each read with an error that names it."""

from collections.abc import Mapping


def required(environment: Mapping[str, str], name: str) -> str:
    """A variable that must be set and not empty.

    Raises:
        ValueError: it is not.
    """
    value = environment.get(name, "")
    if not value:
        raise ValueError(f"environment variable {name}: must be set and not empty (got {value!r})")
    return value


def required_int(environment: Mapping[str, str], name: str) -> int:
    """A variable that must be a whole number of digits alone.

    Raises:
        ValueError: it is not.
    """
    value = required(environment, name)
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"environment variable {name}: must be a number (got {value!r})")
    return int(value)
