"""API Gateway calls this for the files of a dashboard's page; API Gateway compresses what it answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lambdas.dashboard.page.logic import CONTENT_TYPES, File, Response, page_files, respond, security_headers
from lambdas.dashboard.page.settings import Settings

FOLDER = Path(__file__).parents[3] / "dashboard"


def lambda_handler(event: Mapping[str, Any], context: Any) -> Response:
    return respond(event, files(), security_headers(settings().sign_in_url))


@cache
def settings() -> Settings:
    return Settings.load(os.environ)


@cache
def files() -> dict[str, File]:
    """Only what is in the package can be asked for, whatever the path says."""
    contents = {
        path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file() and path.suffix.removeprefix(".") in CONTENT_TYPES
    }
    config = {
        "room": settings().room,
        "title": settings().title,
        "signInUrl": settings().sign_in_url,
        "clientId": settings().client_id,
        "refreshSeconds": settings().refresh_seconds,
    }
    return page_files(contents, config)
