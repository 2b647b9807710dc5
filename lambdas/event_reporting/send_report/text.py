"""Words, numbers and links of a mail in plain text.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from dataclasses import dataclass
from urllib.parse import quote

_DOMAINS = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}


@dataclass(frozen=True)
class Mail:
    """A subject of fewer than 100 characters of ASCII, and a text."""

    subject: str
    text: str


def printable(text: str, most: int) -> str:
    """Text of strangers on one line: what is no visible character is spelt out, and no more than so many."""
    shown = "".join(
        character if character.isprintable() else f"\\u{{{ord(character):x}}}" for character in text[:most]
    )
    return shown if len(text) <= most and len(shown) <= most else f"{shown[: most - 1]}…"


def number(value: int) -> str:
    return f"{value:,}"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def change(now: int, before: int) -> str:
    """How much more than before, in percent; there is no percentage of nothing."""
    if before == 0:
        return "new" if now else "-"
    return f"{100 * (now - before) / before:+.1f} %"


def s3_page(uri: str, region: str) -> str:
    """The console's page of an object, for those who may sign in to the account."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return f"https://{_console(region)}/s3/object/{bucket}?region={region}&prefix={quote(key)}"


def execution_page(arn: str, region: str) -> str:
    """The console's page of an execution of a state machine."""
    return f"https://{_console(region)}/states/home?region={region}#/v2/executions/details/{arn}"


def _console(region: str) -> str:
    domains = [domain for start, domain in _DOMAINS.items() if region.startswith(start)]
    return f"{region}.{domains[0] if domains else 'console.aws.amazon.com'}"
