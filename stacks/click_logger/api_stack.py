"""The HTTP API: who may send clicks, what a click looks like, and the function that takes it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, CfnResource, Environment
from aws_cdk.aws_apigateway import AuthorizationType, RequestValidator
from constructs import Construct

from stacks.click_logger.config import ClickLoggerApi, ClickLoggerConfig
from stacks.click_logger.names import (
    API,
    API_STAGE,
    AUTHORIZER,
    DELIVERY_STREAM,
    FIRST_CALLER,
    INGEST,
    METRICS_NAMESPACE,
    PACKAGE,
    PATH,
    TOKENS_SECRET,
    Names,
)
from stacks.click_logger.request_model import add_click_model
from stacks.common.acknowledgement import acknowledge
from stacks.common.function_api import add_token_authorizer, allow_api, function_proxy, protect
from stacks.common.iam import allow
from stacks.common.log_group import LogSettings
from stacks.common.python_function import PythonFunction
from stacks.common.rest_api import PublicRestApi
from stacks.common.stack import TaggedStack
from stacks.common.web_acl import add_rate_limit

TOKEN_PATTERN = "[ -~]{12,512}"  # noqa: S105


class ClickApiStack(TaggedStack):
    """Secret, authorizer, ingest function and API."""

    def __init__(
        self, scope: Construct, id: str, *, config: ClickLoggerConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Click logger: HTTP API", settings=config, env=env)
        settings, log = config.click_logger.api, LogSettings(config.log_retention_in_days)
        api = PublicRestApi(
            self,
            "RestApi",
            name=API,
            description="Takes clicks from those who have a token",
            stage=API_STAGE,
            throttling=(settings.throttling_rate_limit, settings.throttling_burst_limit),
            access_log=settings.access_log,
            tls_policy=settings.tls_policy,
            log=log,
            policy=None,
        )
        secret = self._secret()
        self._add_method(api, self._ingest(config, log), self._authorizer(secret, settings, log), settings)
        self._limit_rates(api, settings.waf_rate_limit)
        api.name_endpoint()
        CfnOutput(self, "TokensSecretName", value=TOKENS_SECRET)

    def _secret(self) -> CfnResource:
        """Secrets Manager makes the first token; `put-secret-value` says which there are from then on."""
        secret = CfnResource(
            self,
            "Tokens",
            type="AWS::SecretsManager::Secret",
            properties={
                "Name": TOKENS_SECRET,
                "Description": "Who may send clicks: an entry a caller (docs/systems/click_logger.md)",
                "GenerateSecretString": {
                    "SecretStringTemplate": "{}",
                    "GenerateStringKey": FIRST_CALLER,
                    "PasswordLength": 48,
                    "ExcludePunctuation": True,
                },
            },
        )
        acknowledge(
            secret,
            "SMG4",
            "The calling applications have the tokens: a rotation in which they take no part would lock them "
            "out. Two tokens of a caller are good at the same time, so that a change needs no outage.",
        )
        return secret

    def _authorizer(self, secret: CfnResource, settings: ClickLoggerApi, log: LogSettings) -> PythonFunction:
        return PythonFunction(
            self,
            "Authorizer",
            name=AUTHORIZER,
            description="Says what the holder of a token may call",
            handler="lambdas.click_logger.authorizer.handler.lambda_handler",
            paths=PACKAGE,
            environment={
                "TOKENS_SECRET_ID": secret.ref,
                "TOKENS_CACHE_SECONDS": str(settings.tokens_cache_in_seconds),
                "METRICS_NAMESPACE": METRICS_NAMESPACE,
            },
            layer_arns=[],
            memory_in_mb=512,
            timeout_in_seconds=10,
            log=log,
            permissions={"ReadTokens": allow(["secretsmanager:GetSecretValue"], [secret.ref])},
        )

    def _ingest(self, config: ClickLoggerConfig, log: LogSettings) -> PythonFunction:
        return PythonFunction(
            self,
            "Ingest",
            name=INGEST,
            description="Puts a click to the delivery stream",
            handler="lambdas.click_logger.ingest.handler.lambda_handler",
            paths=PACKAGE,
            environment={"DELIVERY_STREAM_NAME": DELIVERY_STREAM},
            layer_arns=[],
            memory_in_mb=512,
            timeout_in_seconds=15,
            log=log,
            permissions={
                "PutClicks": allow(["firehose:PutRecord"], [Names(self, config).delivery_stream_arn])
            },
        )

    def _add_method(
        self, api: PublicRestApi, ingest: PythonFunction, authorizer: PythonFunction, settings: ClickLoggerApi
    ) -> None:
        resource = api.root.add_resource(PATH)
        preflight = api.allow_cors(resource, ["POST"])
        asked = add_token_authorizer(
            self,
            "TokenAuthorizer",
            api=api,
            function_arn=authorizer.arn,
            result_ttl_in_seconds=settings.authorizer_result_ttl_in_seconds,
            token_pattern=TOKEN_PATTERN,
        )
        method = resource.add_method(
            "POST",
            function_proxy(ingest.arn),
            authorization_type=AuthorizationType.CUSTOM,
            request_models={"application/json": add_click_model(api)},
            request_validator=RequestValidator(
                self,
                "BodyValidator",
                rest_api=api,
                validate_request_body=True,
                validate_request_parameters=True,
            ),
        )
        protect(method, asked)
        caller = f"{API_STAGE}/POST/{PATH}"
        allow_api(self, "IngestPermission", api=api, function_arn=ingest.arn, caller=caller)
        acknowledge(api, "COG4", "Applications call, by tokens of their own; there are no users to sign in.")
        acknowledge(
            preflight,
            "APIG4",
            "Browsers send the preflight request without the header that the authorizer looks at.",
        )

    def _limit_rates(self, api: PublicRestApi, limit: int | None) -> None:
        stage = api.deployment_stage
        if limit is None:
            acknowledge(
                stage,
                "APIG3",
                "A web ACL costs by the request. The stage throttles all callers together; "
                "click_logger.api.waf_rate_limit puts a limit on each address.",
            )
            return
        add_rate_limit(self, "WebAcl", name="click-logger", stage_arn=stage.stage_arn, limit=limit)
