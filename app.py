"""The CDK app: load the configuration, add each system, synthesize.

`python app.py` does what the CDK CLI does: it reads the context files itself and writes to `cdk.out`.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Annotated, Literal, get_args

# A synth lives for a second and keeps all that it makes: looking for garbage is a twentieth of its time.
gc.disable()

from aws_cdk import App, Environment
from pydantic import BeforeValidator, Field

from stacks.app_analytics.config import AppAnalyticsConfig
from stacks.click_logger.config import ClickLoggerConfig
from stacks.config import comma_separated, context_files, load_config
from stacks.errors import AppError
from stacks.event_reporting.config import EventReportingConfig
from stacks.saas_metering.config import SaasMeteringConfig
from stacks.web_analytics.config import WebAnalyticsConfig

System = Literal["web_analytics", "click_logger", "event_reporting", "saas_metering", "app_analytics"]


class AppConfig(
    WebAnalyticsConfig, ClickLoggerConfig, EventReportingConfig, SaasMeteringConfig, AppAnalyticsConfig
):
    """What holds for the whole app, then the settings of every system."""

    systems: Annotated[tuple[System, ...], BeforeValidator(comma_separated), Field(min_length=1)] = get_args(
        System
    )
    """The systems to synthesize: on the command line, `-c systems=web_analytics,click_logger`."""


def add_systems(app: App, config: AppConfig, env: Environment | None) -> None:
    """Adds the systems that are asked for; what builds the others is not even imported."""
    for name in get_args(System):
        if name in config.systems:
            system = import_module(f"stacks.{name}.system")
            getattr(system, f"add_{name}")(app, config, env)


def main() -> None:
    account, region = os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION")
    env = Environment(account=account, region=region) if account and region else None
    try:
        app = App(
            context=None if "CDK_CONTEXT_JSON" in os.environ else context_files(),
            outdir=os.environ.get("CDK_OUTDIR", "cdk.out"),
            stack_traces=False,
            tree_metadata=False,
        )
        add_systems(app, load_config(AppConfig, app.node.get_all_context()), env)
    except AppError as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
