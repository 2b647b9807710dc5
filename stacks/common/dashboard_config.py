"""The settings of a web dashboard, each with the limit that AWS puts on it.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.common.config_values import SourceRange, allowed
from stacks.common.rest_api import AccessLog
from stacks.config import Section

_RESERVED = re.compile("aws|amazon|cognito")


def _domain_prefix(prefix: str) -> str:
    if _RESERVED.search(prefix):
        raise ValueError(f"must not contain aws, amazon or cognito (got {prefix!r})")
    return prefix


DomainPrefix = Annotated[
    str,
    Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"),
    AfterValidator(_domain_prefix),
    allowed("1-63 lower-case letters, digits and inner hyphens, without aws, amazon and cognito"),
]


class WebDashboard(Section):
    """The web page for people of the team, behind a sign-in."""

    enabled: bool = True
    """Whether the app has the page at all."""

    sign_in_domain_prefix: DomainPrefix | None = None
    """The first part of the sign-in page's address, which no other user pool of the region may have; without
    it, the page's name and the account."""

    cache_seconds: int = Field(default=60, ge=1, le=86_400)
    """How long an answer is shown again before Athena is asked anew: a page that stays open asks each of its
    questions once in so many seconds, for 10 MB of scanning at least."""

    refresh_seconds: int = Field(default=60, ge=1, le=86_400)
    """How often an open page looks for new figures, unless its viewer switches that off."""

    scan_limit_in_mbs: int = Field(default=10_000, ge=10, le=7_000_000)
    """Megabytes after which Athena cancels one question."""

    session_hours: int = Field(default=12, ge=1, le=720)
    """How long a viewer stays signed in."""

    allowed_source_ranges: tuple[SourceRange, ...] = Field(default=(), max_length=100)
    """Where the page may be opened from; without a range, from anywhere, by who can sign in."""

    access_log: AccessLog = "create-account-role"
    """Whether API Gateway writes an access log, and with which role: one role serves all APIs of an account
    and region; the app creates it, or the account has it."""
