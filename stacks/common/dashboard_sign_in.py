"""The user pool whose users may see a dashboard: an administrator creates them, Cognito's pages sign them in.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managed-login.html
https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
"""

from __future__ import annotations

from aws_cdk import CfnResource, RemovalPolicy, Stack
from constructs import Construct

from stacks.common.acknowledgement import acknowledge

_TOKEN_MINUTES = 60
_INVITATION_DAYS = 7
_MANAGED_LOGIN = 2


class DashboardSignIn(Construct):
    """Pool, domain, and the page as a client that can keep no secret (docs/decisions/0108)."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        domain: str,
        page_url: str,
        session_hours: int,
    ) -> None:
        super().__init__(scope, id)
        pool = self._pool(name)
        self.pool_arn: str = pool.get_att("Arn").to_string()
        self.pool_id: str = pool.ref
        client = self._client(pool, name, page_url, session_hours)
        self.client_id: str = client.ref
        sign_in = CfnResource(
            self,
            "Domain",
            type="AWS::Cognito::UserPoolDomain",
            properties={"UserPoolId": pool.ref, "Domain": domain, "ManagedLoginVersion": _MANAGED_LOGIN},
        )
        # Managed login shows a client without a style as not available.
        CfnResource(
            self,
            "Style",
            type="AWS::Cognito::ManagedLoginBranding",
            properties={"UserPoolId": pool.ref, "ClientId": client.ref, "UseCognitoProvidedValues": True},
        ).add_resource_dependency(sign_in)
        self.url = f"https://{domain}.auth.{Stack.of(self).region}.amazoncognito.com"

    def _pool(self, name: str) -> CfnResource:
        """It goes with the page: another deployment would make another pool, were this one kept."""
        pool = CfnResource(
            self,
            "Pool",
            type="AWS::Cognito::UserPool",
            properties={
                "UserPoolName": name,
                "UserPoolTier": "ESSENTIALS",
                "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
                "UsernameAttributes": ["email"],
                "AutoVerifiedAttributes": ["email"],
                "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
                "MfaConfiguration": "OPTIONAL",
                "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
                "Policies": {
                    "PasswordPolicy": {
                        "MinimumLength": 12,
                        "RequireLowercase": True,
                        "RequireUppercase": True,
                        "RequireNumbers": True,
                        "RequireSymbols": True,
                        "TemporaryPasswordValidityDays": _INVITATION_DAYS,
                    }
                },
            },
        )
        pool.apply_removal_policy(RemovalPolicy.DESTROY)
        acknowledge(
            pool, "COG2", "A second factor is the viewer's choice; the page shows counts, no persons."
        )
        acknowledge(
            pool,
            "COG8",
            "Threat protection needs the Plus tier, which costs by the user; nobody can sign up here, and "
            "Cognito locks an account that is tried too often in every tier.",
        )
        return pool

    def _client(self, pool: CfnResource, name: str, page_url: str, session_hours: int) -> CfnResource:
        return CfnResource(
            self,
            "Client",
            type="AWS::Cognito::UserPoolClient",
            properties={
                "UserPoolId": pool.ref,
                "ClientName": name,
                "GenerateSecret": False,
                "AllowedOAuthFlowsUserPoolClient": True,
                "AllowedOAuthFlows": ["code"],
                "AllowedOAuthScopes": ["openid"],
                "SupportedIdentityProviders": ["COGNITO"],
                "CallbackURLs": [page_url],
                "LogoutURLs": [page_url],
                "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
                "PreventUserExistenceErrors": "ENABLED",
                "EnableTokenRevocation": True,
                "IdTokenValidity": _TOKEN_MINUTES,
                "AccessTokenValidity": _TOKEN_MINUTES,
                "RefreshTokenValidity": session_hours,
                "TokenValidityUnits": {
                    "IdToken": "minutes",
                    "AccessToken": "minutes",
                    "RefreshToken": "hours",
                },
            },
        )
