"""The HTTP API `random-strings`, for signed-in users, with an access log that goes straight to Firehose.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-logging-to-kinesis.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from aws_cdk.aws_apigateway import AuthorizationType, RequestValidator
from constructs import Construct

from stacks.common.acknowledgement import acknowledge
from stacks.common.function_api import add_user_pool_authorizer, allow_api, function_proxy, protect
from stacks.common.log_group import LogSettings
from stacks.common.python_function import PythonFunction
from stacks.common.rest_api import PublicRestApi, StreamAccessLog
from stacks.common.stack import TaggedStack
from stacks.common.web_acl import add_rate_limit
from stacks.saas_metering.access_log import LINE
from stacks.saas_metering.config import SaasMeteringConfig
from stacks.saas_metering.names import API, API_STAGE, RANDOM_STRINGS_FUNCTION, Names
from stacks.saas_metering.user_pool import ApiUserPool

_PARAMETERS = ("len", "chars", "num")


class RandomStringsApiStack(TaggedStack):
    """User pool, client, API and function."""

    def __init__(
        self, scope: Construct, id: str, *, config: SaasMeteringConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="SaaS metering: API and its users", settings=config, env=env)
        settings = config.saas_metering
        pool = ApiUserPool(self, "UserPool", settings=settings.user_pool, keep=config.keep_data_on_destroy)
        client = pool.add_client("UserPoolClient", settings.user_pool)
        api = PublicRestApi(
            self,
            "RestApi",
            name=API,
            description="Gives random strings to signed-in users",
            stage=API_STAGE,
            throttling=(settings.throttling_rate_limit, settings.throttling_burst_limit),
            access_log=StreamAccessLog(Names(self, config).delivery_stream_arn, LINE),
            tls_policy="SecurityPolicy_TLS13_1_2_2021_06",
            log=LogSettings(config.log_retention_in_days),
            policy=None,
        )
        self._limit_rates(api, settings.waf_rate_limit)
        self._add_method(api, pool, self._function(config))
        api.name_endpoint()
        CfnOutput(self, "UserPoolId", value=pool.ref)
        CfnOutput(self, "UserPoolClientId", value=client.ref)

    def _function(self, config: SaasMeteringConfig) -> PythonFunction:
        return PythonFunction(
            self,
            "RandomStringsFunction",
            name=RANDOM_STRINGS_FUNCTION,
            description="Answers with random strings",
            handler="lambdas.saas_metering.random_strings.handler.lambda_handler",
            paths=[
                "lambdas/__init__.py",
                "lambdas/saas_metering/__init__.py",
                "lambdas/saas_metering/random_strings",
            ],
            environment={},
            layer_arns=[],
            memory_in_mb=256,
            timeout_in_seconds=5,
            log=LogSettings(config.log_retention_in_days),
        )

    def _add_method(self, api: PublicRestApi, pool: ApiUserPool, function: PythonFunction) -> None:
        strings = api.root.add_resource("random").add_resource("strings")
        preflight = api.allow_cors(strings, ["GET"])
        for rule in ("APIG4", "COG4"):
            acknowledge(
                preflight, rule, "Browsers send the preflight request without a token; GET needs one."
            )
        authorizer = add_user_pool_authorizer(
            self, "UserPoolAuthorizer", api=api, pool_arn=pool.get_att("Arn").to_string()
        )
        method = strings.add_method(
            "GET",
            function_proxy(function.arn),
            authorization_type=AuthorizationType.COGNITO,
            request_parameters={f"method.request.querystring.{name}": False for name in _PARAMETERS},
            request_validator=RequestValidator(
                self,
                "ParameterValidator",
                rest_api=api,
                validate_request_body=True,
                validate_request_parameters=True,
            ),
        )
        protect(method, authorizer)
        caller = f"{API_STAGE}/GET/random/strings"
        allow_api(self, "RandomStringsPermission", api=api, function_arn=function.arn, caller=caller)

    def _limit_rates(self, api: PublicRestApi, limit: int | None) -> None:
        stage = api.deployment_stage
        if limit is None:
            acknowledge(
                stage,
                "APIG3",
                "A web ACL costs by the request. The stage throttles all callers together; "
                "saas_metering.waf_rate_limit puts a limit on each address.",
            )
            return
        add_rate_limit(self, "WebAcl", name="saas-metering", stage_arn=stage.stage_arn, limit=limit)
