"""What each role of saas_metering may do, and the service that it serves."""

from __future__ import annotations

ROLES: dict[str, dict[str, tuple[list[str], list[str]]]] = {}
SERVICES: dict[str, str] = {}
