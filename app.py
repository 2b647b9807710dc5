"""The CDK app: load the configuration, add each system, synthesize.

`python app.py` does what the CDK CLI does: it reads the context files itself and writes to `cdk.out`.
"""

from __future__ import annotations

import gc
import os
import sys

# A synth lives for a second and keeps all that it makes: looking for garbage is a twentieth of its time.
gc.disable()

from aws_cdk import App, Environment

from stacks.config import context_files, load_config
from stacks.errors import AppError
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.system import add_web_analytics


class AppConfig(WebAnalyticsConfig):
    """The settings of every system."""


def add_systems(app: App, env: Environment | None) -> None:
    """Adds every system, as the app's context configures it."""
    config = load_config(AppConfig, app.node.get_all_context())
    add_web_analytics(app, config, env)


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
        add_systems(app, env)
    except AppError as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
