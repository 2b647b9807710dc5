"""The API's users: a user pool, and the client through which they sign in.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpool.html
https://docs.aws.amazon.com/cognito/latest/developerguide/feature-plans-features-plus.html
"""

from __future__ import annotations

from aws_cdk import CfnResource
from constructs import Construct

from stacks.common.acknowledgement import acknowledge
from stacks.common.data_bucket import removal_policy
from stacks.saas_metering.config import UserPool

_TEMPORARY_PASSWORD_VALID_DAYS = 3
_MFA = {"off": "OFF", "optional": "OPTIONAL", "required": "ON"}


class ApiUserPool(CfnResource):
    """The pool: people are known by their e-mail address, the log knows them by an id without a meaning."""

    def __init__(self, scope: Construct, id: str, *, settings: UserPool, keep: bool) -> None:
        watched = settings.threat_protection != "off"
        add_ons = {"UserPoolAddOns": {"AdvancedSecurityMode": settings.threat_protection.upper()}}
        super().__init__(
            scope,
            id,
            type="AWS::Cognito::UserPool",
            properties={
                "UserPoolName": "random-strings",
                "UserPoolTier": "PLUS" if watched else "ESSENTIALS",
                "UsernameAttributes": ["email"],
                "UsernameConfiguration": {"CaseSensitive": False},
                "AutoVerifiedAttributes": ["email"],
                "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
                "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": not settings.self_sign_up},
                "Policies": {"PasswordPolicy": _password_policy(settings)},
                "MfaConfiguration": _MFA[settings.mfa],
                **({} if settings.mfa == "off" else {"EnabledMfas": ["SOFTWARE_TOKEN_MFA"]}),
                "DeletionProtection": "ACTIVE" if keep else "INACTIVE",
                **(add_ons if watched else {}),
            },
        )
        self.apply_removal_policy(removal_policy(keep))
        _acknowledge(self, settings)

    def add_client(self, id: str, settings: UserPool) -> CfnResource:
        """A client without a secret: pages and scripts could not keep one."""
        flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        if settings.password_sign_in:
            flows.append("ALLOW_USER_PASSWORD_AUTH")
        return CfnResource(
            self.stack,
            id,
            type="AWS::Cognito::UserPoolClient",
            properties={
                "ClientName": "random-strings",
                "UserPoolId": self.ref,
                "GenerateSecret": False,
                "ExplicitAuthFlows": flows,
                "PreventUserExistenceErrors": "ENABLED",
                "EnableTokenRevocation": True,
                "IdTokenValidity": settings.id_token_valid_for_minutes,
                "AccessTokenValidity": settings.id_token_valid_for_minutes,
                "RefreshTokenValidity": 1,
                "TokenValidityUnits": {
                    "IdToken": "minutes",
                    "AccessToken": "minutes",
                    "RefreshToken": "days",
                },
            },
        )


def _password_policy(settings: UserPool) -> dict[str, object]:
    kinds = ("lowercase", "uppercase", "numbers", "symbols")
    return {
        "MinimumLength": settings.password_minimum_length,
        "TemporaryPasswordValidityDays": _TEMPORARY_PASSWORD_VALID_DAYS,
        **{f"Require{kind.capitalize()}": kind in settings.password_requires for kind in kinds},
    }


def _acknowledge(pool: ApiUserPool, settings: UserPool) -> None:
    if len(settings.password_requires) < 4:
        acknowledge(pool, "COG1", "saas_metering.user_pool.password_requires asks for fewer kinds.")
    if settings.mfa != "required":
        acknowledge(
            pool,
            "COG2",
            "Programs sign in to be metered, and could not give a code. People may add one where mfa is "
            "optional; saas_metering.user_pool.mfa demands it.",
        )
    plus = (
        "Threat protection needs the Plus plan, $0.02 a month for each user who signs in; "
        "saas_metering.user_pool.threat_protection turns it on."
    )
    if settings.threat_protection == "off":
        acknowledge(pool, "COG8", plus)
    if settings.threat_protection != "enforced":
        acknowledge(pool, "COG3", plus)
