"""The page function serves the files of its package alone, with headers that keep the page to itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.dashboard.page.logic import CONTENT_TYPES, File, page_files, respond, security_headers
from lambdas.dashboard.page.settings import Settings

SIGN_IN = "https://web-analytics-dashboard-1.auth.eu-north-1.amazoncognito.com"
CONTENTS = {
    "index.html": '<script src="{version}/js/main.js">',
    "js/main.js": "export {};",
    "icon.svg": "<svg/>",
}
FILES = page_files(CONTENTS, {"room": "web_analytics"})
(VERSION,) = {path.partition("/")[0] for path in FILES if "/" in path}
HEADERS = security_headers(SIGN_IN)
LASTING = "public, max-age=31536000, immutable"


def get(file: str | None = None, *, path: str = "/v1/", **more: Any) -> dict[str, Any]:
    event = {
        "pathParameters": None if file is None else {"file": file},
        "queryStringParameters": None,
        "headers": None,
        "requestContext": {"path": path, "stage": "v1"},
        **more,
    }
    return respond(event, FILES, HEADERS)


def test_policy_lets_the_page_talk_to_its_own_origin_and_the_user_pool_alone() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": f"'self' {SIGN_IN}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_path_of_the_sign_in_address_is_no_part_of_the_policy() -> None:
    headers = security_headers("http://127.0.0.1:4566/_cognito/web-analytics-dashboard-1")
    assert "connect-src 'self' http://127.0.0.1:4566;" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("file", "kind", "cached"),
    [
        (None, "text/html; charset=utf-8", "no-cache"),
        ("index.html", "text/html; charset=utf-8", "no-cache"),
        (f"{VERSION}/js/main.js", "text/javascript; charset=utf-8", LASTING),
        ("config.json", "application/json", "no-cache"),
        (f"{VERSION}/icon.svg", "image/svg+xml", LASTING),
    ],
)
def test_file_comes_with_its_type_its_age_and_the_security_headers(
    file: str | None, kind: str, cached: str
) -> None:
    answer = get(file)
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == kind
    assert answer["headers"]["Cache-Control"] == cached
    assert HEADERS.items() <= answer["headers"].items()


@pytest.mark.parametrize(
    "file", ["../lambdas/dashboard/page/handler.py", "js/../index.html", "js/main.js", "/etc/passwd", ""]
)
def test_only_the_files_of_the_page_can_be_asked_for(file: str) -> None:
    answer = get(file)
    assert answer["statusCode"] == 404
    assert HEADERS.items() <= answer["headers"].items()


@pytest.mark.parametrize("tags", ["{0}", "W/{0}", '"other", W/{0}'])
def test_file_that_the_browser_has_is_not_sent_again(tags: str) -> None:
    etag = get("config.json")["headers"]["ETag"]
    answer = get("config.json", headers={"If-None-Match": tags.format(etag)})
    assert (answer["statusCode"], answer["body"]) == (304, "")
    assert get("index.html", headers={"If-None-Match": etag})["statusCode"] == 200


def test_address_without_its_final_slash_leads_to_the_one_with_it() -> None:
    answer = get(path="/v1")
    assert (answer["statusCode"], answer["headers"]["Location"]) == (302, "v1/?range=7d")


def test_address_with_a_query_is_never_led_elsewhere() -> None:
    assert get(path="/v1", queryStringParameters={"range": "7d"})["statusCode"] == 200


def test_config_of_the_page_is_a_file_like_the_others() -> None:
    assert json.loads(get("config.json")["body"]) == {"room": "web_analytics"}
    assert isinstance(FILES["config.json"], File)
    assert "svg" in CONTENT_TYPES


ENVIRONMENT = {
    "ROOM": "web_analytics",
    "TITLE": "Web analytics",
    "SIGN_IN_URL": SIGN_IN,
    "CLIENT_ID": "abc",
    "REFRESH_SECONDS": "60",
}


def test_settings_are_read_from_the_environment() -> None:
    assert Settings.load(ENVIRONMENT).sign_in_url == SIGN_IN
    assert Settings.load(ENVIRONMENT).refresh_seconds == 60


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_setting_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"environment variable {name}: must be set"):
        Settings.load({**ENVIRONMENT, name: ""})


def test_index_names_the_folder_that_is_named_by_its_content() -> None:
    assert get()["body"] == f'<script src="{VERSION}/js/main.js">'
    changed = page_files({**CONTENTS, "js/main.js": "export { };"}, {})
    assert not set(changed) & {path for path in FILES if "/" in path}
