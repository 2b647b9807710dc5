"""The settings of saas_metering: usage per user of an API, metered from its access log."""

from __future__ import annotations

from stacks.config import CommonConfig, Section


class SaasMetering(Section):
    """Usage per user of an API, metered from its access log."""


class SaasMeteringConfig(CommonConfig):
    """Everything that saas_metering can be told."""

    saas_metering: SaasMetering = SaasMetering()
