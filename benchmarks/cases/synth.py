"""What the stacks cost over an empty CDK app: CPU of `python app.py`, the same settings for all."""

import json
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Result, whole_process
from stacks.config import context_files

NAME = "Synth of the app against an empty CDK app"

_ROOT = Path(__file__).resolve().parents[2]
_EMPTY_APP = "from aws_cdk import App; App().synth()"
_ROUNDS = 7


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as outdir:
        rounds = whole_process(
            {
                "main": ["env", _context("web_analytics"), sys.executable, str(_ROOT / "app.py")],
                "all": [sys.executable, str(_ROOT / "app.py")],
                "empty": [sys.executable, "-c", _EMPTY_APP],
            },
            rounds=_ROUNDS,
            env=_settings(outdir),
        )
    return [
        Result(
            name="CPU of the main system / of an empty app",
            value=rounds.ratio("main", "empty"),
            unit="x",
            target=2.5,
            better="lower",
        ),
        Result(name="CPU of five systems / of an empty app", value=rounds.ratio("all", "empty"), unit="x"),
        Result(name="CPU of the main system", value=rounds.median("main"), unit="s"),
        Result(name="CPU of five systems", value=rounds.median("all"), unit="s"),
        Result(name="CPU of an empty app", value=rounds.median("empty"), unit="s"),
    ]


def _context(system: str) -> str:
    """The variable by which the CLI hands over the context."""
    return f"CDK_CONTEXT_JSON={json.dumps({**context_files(), 'systems': [system]})}"


def _settings(outdir: str) -> dict[str, str]:
    """Of both: no validation in the synth (cfn-lint does it), .pyc files kept, the environment's own Node."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    node = Path(sys.executable).parent / "node"
    return kept | {"CDK_VALIDATION": "false", "CDK_OUTDIR": outdir, "JSII_NODE": str(node)}
