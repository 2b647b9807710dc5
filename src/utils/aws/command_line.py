"""How the tools that talk to AWS run: what goes wrong is one sentence on stderr and exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from .errors import AwsCallError, BadInputError

INTERRUPTED_EXIT = 130


def run_app(app: typer.Typer, name: str, arguments: Sequence[str]) -> int:
    try:
        code: int | None = app(list(arguments), prog_name=name, standalone_mode=False)
        return 0 if code is None else code
    except (BadInputError, AwsCallError) as mistake:
        print(f"error: {mistake}.", file=sys.stderr)
        return 2
    except typer.TyperException as mistake:
        print(f"error: {mistake.format_message()}", file=sys.stderr)
        return mistake.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED_EXIT
