"""The environment variables that a function sees: Lambda's own, the template's, and the way to the local run.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local_runtime.lambdas.configuration import FunctionConfiguration

_FAKE_KEY = "local"
"""AWS clients refuse to start without credentials; the local run verifies none."""


@dataclass(frozen=True)
class Surroundings:
    """Where a function runs."""

    region: str
    task_root: Path
    layer_folders: Sequence[Path]
    bytecode: Path
    endpoint_url: str


def function_environment(
    configuration: FunctionConfiguration, surroundings: Surroundings, runtime_api: str
) -> dict[str, str]:
    """Everything that the process gets; nothing of this process's environment but `PATH` leaks into it."""
    path = [surroundings.task_root, *surroundings.layer_folders]
    variables = {
        "AWS_ACCESS_KEY_ID": _FAKE_KEY,
        "AWS_SECRET_ACCESS_KEY": _FAKE_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": surroundings.endpoint_url,
        "AWS_DEFAULT_REGION": surroundings.region,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        **configuration.environment,
        "AWS_REGION": surroundings.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": configuration.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": configuration.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": configuration.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": str(surroundings.task_root),
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONPYCACHEPREFIX": str(surroundings.bytecode),
        "_HANDLER": configuration.handler,
    }
    if configuration.log_level is not None:
        variables["AWS_LAMBDA_LOG_LEVEL"] = configuration.log_level
    return variables
