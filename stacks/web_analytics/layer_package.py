"""The transform function's layer: the zip file that `build-aws-lambda-layer-package.sh` makes.

https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from stacks.config import ROOT
from stacks.errors import AppError

PACKAGE = ROOT / "dist" / "fastavro-lib.zip"
_BUILD = ROOT / "build-aws-lambda-layer-package.sh"


class LayerPackageError(AppError):
    """The package is missing and could not be built."""


def layer_package() -> Path:
    """The path of the package, which is built when it is missing.

    Raises:
        LayerPackageError: the build failed; its message is what the script said.
    """
    if not PACKAGE.exists():
        # The script's own output is for a person: standard output belongs to the CDK CLI.
        built = subprocess.run([_BUILD], capture_output=True, text=True, check=False)  # noqa: S603
        if built.returncode != 0 or not PACKAGE.exists():
            raise LayerPackageError(
                f"{PACKAGE.relative_to(ROOT)} is missing and {_BUILD.name} could not build it "
                f"(exit code {built.returncode}):\n{built.stderr.strip()}"
            )
    return PACKAGE
