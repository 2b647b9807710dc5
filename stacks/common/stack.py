"""What every stack of the app has in common."""

from __future__ import annotations

from aws_cdk import Environment, Stack
from constructs import Construct

from stacks.config import CommonConfig


class TaggedStack(Stack):
    """A stack with the app's tags, for one environment or for whichever the CLI has."""

    def __init__(
        self, scope: Construct, id: str, *, description: str, settings: CommonConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description=description, tags=settings.tags, env=env)
