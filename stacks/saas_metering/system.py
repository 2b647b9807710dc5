"""Usage per user of an API, metered from its access log."""

from __future__ import annotations

from aws_cdk import App, Environment

from stacks.saas_metering.config import SaasMeteringConfig


def add_saas_metering(app: App, config: SaasMeteringConfig, env: Environment | None) -> None:
    """Adds the stacks, in the order in which they are deployed."""
