"""The dashboards' stacks: who may ask, who may sign in, what functions are given, what a page is made of."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app import AppConfig
from lambdas.dashboard.page.logic import CONTENT_TYPES
from lambdas.dashboard.page.settings import Settings as PageSettings
from lambdas.dashboard.query.settings import Settings as QuerySettings
from stacks.app_analytics.dashboard_stack import DashboardStack
from stacks.config import ROOT, load_config
from stacks.config_errors import ConfigError
from stacks.web_analytics.failed_records import day_folder
from stacks.web_analytics.web_dashboard_stack import WebDashboardStack

STACKS = {"web_analytics": "WebAnalyticsDashboard", "app_analytics": "AppAnalyticsDashboard"}


@pytest.fixture(params=STACKS)
def room(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(assembly: Any, room: str) -> Any:
    return assembly[STACKS[room]]


def methods(template: Any) -> dict[str, dict[str, Any]]:
    """`/queries/{name}` -> its method; the root is `/`."""
    resources = template.of_type("AWS::ApiGateway::Resource")

    def path(reference: dict[str, Any]) -> str:
        if "Fn::GetAtt" in reference:
            return ""
        properties = resources[reference["Ref"]]["Properties"]
        return f"{path(properties['ParentId'])}/{properties['PathPart']}"

    found = [method["Properties"] for method in template.of_type("AWS::ApiGateway::Method").values()]
    assert {method["HttpMethod"] for method in found} == {"GET"}
    return {path(method["ResourceId"]) or "/": method for method in found}


def function(template: Any, suffix: str) -> dict[str, Any]:
    (found,) = [
        item["Properties"]
        for item in template.of_type("AWS::Lambda::Function").values()
        if item["Properties"].get("FunctionName", "").endswith(suffix)
    ]
    return dict(found)


def test_figures_need_a_signed_in_viewer_and_the_page_none(template: Any) -> None:
    found = methods(template)
    assert set(found) == {"/", "/{file+}", "/queries/{name}"}
    assert found["/"]["AuthorizationType"] == found["/{file+}"]["AuthorizationType"] == "NONE"
    figures = found["/queries/{name}"]
    assert figures["AuthorizationType"] == "COGNITO_USER_POOLS"
    ((name, authorizer),) = template.of_type("AWS::ApiGateway::Authorizer").items()
    assert figures["AuthorizerId"] == {"Ref": name}
    (pool,) = template.of_type("AWS::Cognito::UserPool")
    assert authorizer["Properties"]["ProviderARNs"] == [{"Fn::GetAtt": [pool, "Arn"]}]


def test_period_is_demanded_of_a_question(template: Any) -> None:
    figures = methods(template)["/queries/{name}"]
    assert figures["RequestParameters"] == {
        "method.request.querystring.start": True,
        "method.request.querystring.end": True,
    }
    (validator,) = template.of_type("AWS::ApiGateway::RequestValidator")
    assert figures["RequestValidatorId"] == {"Ref": validator}


def test_only_administrators_make_viewers(template: Any) -> None:
    pool = template.properties("AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert "DeletionProtection" not in pool  # `cdk destroy` must be able to take it away
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12


def test_page_signs_in_by_code_alone_and_has_no_secret(template: Any) -> None:
    client = template.properties("AWS::Cognito::UserPoolClient")
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["AllowedOAuthScopes"] == ["openid"]
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["CallbackURLs"] == client["LogoutURLs"]
    (url,) = client["CallbackURLs"]
    assert url["Fn::Join"][1][0] == "https://"
    assert url["Fn::Join"][1][-1].endswith("/v1/")


def test_functions_get_what_their_settings_read(template: Any) -> None:
    for suffix, settings in (("-page", PageSettings), ("-query", QuerySettings)):
        given = function(template, suffix)["Environment"]["Variables"]
        assert set(given) == {field.name.upper() for field in fields(settings)}


def test_every_function_answers_before_api_gateway_gives_up(template: Any) -> None:
    assert function(template, "-page")["Timeout"] < 29
    assert function(template, "-query")["Timeout"] < 29


def packages(assembly: Any, stack: str) -> dict[str, set[str]]:
    """The names in each code package of a stack, by one file that tells the functions apart."""
    found = {}
    manifest = json.loads((assembly.directory / f"{stack}.assets.json").read_text(encoding="utf-8"))
    for asset in manifest["files"].values():
        folder = assembly.directory / asset["source"]["path"]
        if folder.is_dir():
            names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
            found["page" if "dashboard/index.html" in names else "query"] = names
    return found


def test_packages_hold_the_room_s_own_page_and_queries_alone(assembly: Any, room: str) -> None:
    found = packages(assembly, STACKS[room])
    page = {name for name in found["page"] if name.startswith("dashboard/")}
    assert {name for name in page if "/rooms/" in name} == {f"dashboard/rooms/{room}.js"}
    assert not any(name.startswith("dashboard/build/") for name in page)
    assert {name.rpartition(".")[2] for name in page} <= set(CONTENT_TYPES)
    queries = {name for name in found["query"] if name.startswith("sql/")}
    assert queries == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "sql" / room / "dashboard").glob("*.sql")
    }


def test_work_group_limits_what_a_question_may_scan(template: Any) -> None:
    settings = template.properties("AWS::Athena::WorkGroup")["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == 10_000_000_000


def test_page_is_compressed(template: Any) -> None:
    assert template.properties("AWS::ApiGateway::RestApi")["MinimumCompressionSize"] == 1024


def test_address_of_the_page_ends_with_a_slash(template: Any) -> None:
    assert template.document["Outputs"]["DashboardUrl"]["Value"]["Fn::Join"][1][-1].endswith("/v1/")


def test_source_ranges_close_the_page_to_other_networks(synthesize: Any) -> None:
    ranges = ["192.0.2.0/24"]
    for stack, settings in (
        (WebDashboardStack, {"web_analytics_dashboard": {"allowed_source_ranges": ranges}}),
        (DashboardStack, {"app_analytics": {"dashboard": {"allowed_source_ranges": ranges}}}),
    ):
        policy = json.dumps(synthesize(stack, **settings).properties("AWS::ApiGateway::RestApi")["Policy"])
        assert '"aws:SourceIp": ["192.0.2.0/24"]' in policy


def test_renamed_table_is_told_to_the_query_function(synthesize: Any) -> None:
    names = {"database_name": "other_db", "table_name": "visits"}
    settings = {"data_firehose_configuration": {"destination_iceberg_table_configuration": names}}
    given = function(synthesize(WebDashboardStack, **settings), "-query")["Environment"]["Variables"]
    assert given["DATABASE"] == "other_db"
    assert json.loads(given["TABLE_NAMES"]) == {"web_log_iceberg": "visits"}


def test_dashboards_can_be_left_out(synthesize_app: Any) -> None:
    stacks = synthesize_app(
        systems="web_analytics,app_analytics",
        web_analytics_dashboard={"enabled": False},
        app_analytics={"dashboard": {"enabled": False}},
    ).stacks
    assert not set(STACKS.values()) & set(stacks)


@pytest.mark.parametrize("prefix", ["-a", "My-Page", "our-cognito-page", "aws-numbers", "a" * 64])
def test_domain_prefix_that_cognito_would_refuse_is_a_mistake(prefix: str) -> None:
    with pytest.raises(ConfigError, match=r"web_analytics_dashboard\.sign_in_domain_prefix: must"):
        load_config(AppConfig, {"web_analytics_dashboard": {"sign_in_domain_prefix": prefix}})


@pytest.mark.parametrize(
    ("prefix", "folder"),
    [
        (
            "error/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/!{firehose:error-output-type}/",
            "error/year=${year}/month=${month}/day=${day}/",
        ),
        ("e/!{timestamp:yyyy/MM/dd}/!{firehose:error-output-type}/", "e/${year}/${month}/${day}/"),
        (
            "e/!{timestamp:yyyy}-!{timestamp:MM-dd}/!{firehose:error-output-type}/",
            "e/${year}-${month}-${day}/",
        ),
    ],
)
def test_error_prefix_becomes_folders_by_day(prefix: str, folder: str) -> None:
    assert day_folder(prefix) == folder


@pytest.mark.parametrize(
    "prefix",
    [
        "error/!{firehose:error-output-type}/",
        "error/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
        "error/!{timestamp:yyyy/MM}/!{firehose:error-output-type}/",
        "error/!{timestamp:yyyy/MM/dd-HH}/!{firehose:error-output-type}/",
        "error/!{firehose:random-string}/!{timestamp:yyyy/MM/dd}/!{firehose:error-output-type}/",
    ],
)
def test_error_prefix_without_folders_by_day_is_a_mistake_beside_the_dashboard(prefix: str) -> None:
    settings = {"data_firehose_configuration": {"error_output_prefix": prefix}}
    with pytest.raises(ConfigError, match="error_output_prefix must name year, month and day"):
        load_config(AppConfig, settings)
    assert load_config(AppConfig, {**settings, "web_analytics_dashboard": {"enabled": False}})


def test_page_loads_nothing_from_elsewhere() -> None:
    files = [path for path in (ROOT / "dashboard").rglob("*") if path.suffix in (".html", ".css", ".js")]
    ours = [path for path in files if "vendor" not in path.parts]
    assert len(ours) > 10
    for path in ours:
        text = path.read_text(encoding="utf-8")
        without_comments = re.sub(r"/\*.*?\*/|^\s*//.*$", "", text, flags=re.S | re.M)
        assert not re.search(r"https?://|\beval\(|new Function|innerHTML|style=", without_comments), path


def test_vendored_file_is_the_version_of_the_package_and_of_the_import() -> None:
    version = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["echarts"]
    (vendored,) = (ROOT / "dashboard" / "vendor").glob("*.js")
    assert vendored.name == f"echarts-{version}.min.js"
    assert f"../vendor/{vendored.name}" in (ROOT / "dashboard/js/charts.js").read_text(encoding="utf-8")
    notice = Path(vendored.parent, "NOTICE.txt").read_text(encoding="utf-8")
    assert f"Apache ECharts {version}" in notice
    assert "Apache License" in notice
