"""A web dashboard: one REST API that serves the page to everybody and figures to who is signed in.

docs/decisions/0107 says why the page needs no CloudFront.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnOutput, Stack
from aws_cdk.aws_apigateway import AuthorizationType, CfnRestApi, IResource, RequestValidator
from constructs import Construct

from stacks.common.acknowledgement import acknowledge
from stacks.common.dashboard_config import WebDashboard
from stacks.common.dashboard_queries import DashboardData, DashboardQueries
from stacks.common.dashboard_sign_in import DashboardSignIn
from stacks.common.function_api import add_user_pool_authorizer, allow_api, function_proxy, protect
from stacks.common.log_group import LogSettings
from stacks.common.python_function import PythonFunction
from stacks.common.rest_api import PublicRestApi
from stacks.common.source_policy import source_policy

STAGE = "v1"
_TLS_POLICY = "SecurityPolicy_TLS13_1_2_2021_06"
_THROTTLING = (50, 100)
_COMPRESSED_FROM_BYTES = 1024
_PAGE = ("index.html", "style.css", "icon.svg", "js", "vendor")


class DashboardSite(Construct):
    """API, page function, query function, sign-in."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        title: str,
        room: str,
        data: DashboardData,
        settings: WebDashboard,
        log: LogSettings,
    ) -> None:
        super().__init__(scope, id)
        stack = Stack.of(self)
        ranges = settings.allowed_source_ranges
        self._api = PublicRestApi(
            stack,
            "RestApi",
            name=name,
            description=f"{title}: the page and its figures",
            stage=STAGE,
            throttling=_THROTTLING,
            access_log=settings.access_log,
            tls_policy=_TLS_POLICY,
            log=log,
            policy=source_policy(ranges, unsigned_methods=["GET"]) if ranges else None,
        )
        self._compress()
        host = f"{self._api.rest_api_id}.execute-api.{stack.region}.{stack.url_suffix}"
        url = f"https://{host}/{STAGE}/"
        default_domain = f"{name}-{stack.account}"
        prefix = settings.sign_in_domain_prefix
        sign_in = DashboardSignIn(
            self,
            "SignIn",
            name=name,
            domain=default_domain if prefix is None else prefix,
            page_url=url,
            session_hours=settings.session_hours,
        )
        self._serve_page(
            name,
            {
                "ROOM": room,
                "TITLE": title,
                "SIGN_IN_URL": sign_in.url,
                "CLIENT_ID": sign_in.client_id,
                "REFRESH_SECONDS": str(settings.refresh_seconds),
            },
            log,
        )
        queries = DashboardQueries(self, "Queries", name=name, data=data, settings=settings, log=log)
        self._serve_figures(queries.function, sign_in.pool_arn)
        self._acknowledge()
        self._outputs(url, sign_in)

    def _compress(self) -> None:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html"""
        api = self._api.node.default_child
        assert isinstance(api, CfnRestApi)
        api.minimum_compression_size = _COMPRESSED_FROM_BYTES

    def _serve_page(self, name: str, environment: Mapping[str, str], log: LogSettings) -> None:
        function = PythonFunction(
            self,
            "PageFunction",
            name=f"{name}-page",
            description="Serves the files of the dashboard's page",
            handler="lambdas.dashboard.page.handler.lambda_handler",
            paths=[
                "lambdas/__init__.py",
                "lambdas/common",
                "lambdas/dashboard",
                *(f"dashboard/{path}" for path in _PAGE),
                f"dashboard/rooms/{environment['ROOM']}.js",
            ],
            environment=environment,
            layer_arns=[],
            memory_in_mb=512,
            timeout_in_seconds=10,
            log=log,
        )
        caller = f"{STAGE}/GET/*"
        allow_api(self, "PagePermission", api=self._api, function_arn=function.arn, caller=caller)
        integration = function_proxy(function.arn)
        file = self._api.root.add_resource("{file+}")
        for resource in (self._api.root, file):
            method = resource.add_method("GET", integration, authorization_type=AuthorizationType.NONE)
            for rule in ("APIG4", "COG4"):
                acknowledge(method, rule, "The page comes before anybody can sign in; it holds no figures.")

    def _serve_figures(self, function: PythonFunction, pool_arn: str) -> None:
        caller = f"{STAGE}/GET/queries/*"
        allow_api(self, "QueryPermission", api=self._api, function_arn=function.arn, caller=caller)
        viewers = add_user_pool_authorizer(self, "Viewers", api=self._api, pool_arn=pool_arn)
        resource: IResource = self._api.root.add_resource("queries").add_resource("{name}")
        method = resource.add_method(
            "GET",
            function_proxy(function.arn),
            authorization_type=AuthorizationType.COGNITO,
            request_parameters={f"method.request.querystring.{bound}": True for bound in ("start", "end")},
            request_validator=RequestValidator(
                self,
                "PeriodValidator",
                rest_api=self._api,
                validate_request_body=True,
                validate_request_parameters=True,
            ),
        )
        protect(method, viewers)

    def _acknowledge(self) -> None:
        stage = self._api.deployment_stage
        acknowledge(
            stage,
            "APIG3",
            "A web ACL costs by the request. The stage throttles, figures need a signed-in viewer, and "
            "allowed_source_ranges closes the page to other networks.",
        )

    def _outputs(self, url: str, sign_in: DashboardSignIn) -> None:
        for id, value in {
            "DashboardUrl": url,
            "UserPoolId": sign_in.pool_id,
            "UserPoolClientId": sign_in.client_id,
        }.items():
            CfnOutput(self, id, value=value).override_logical_id(id)
