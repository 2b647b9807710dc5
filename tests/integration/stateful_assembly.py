"""A small hand-made assembly: a table, a topic, secrets, a user pool, and an API that wants its tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TABLE = {
    "TableName": "clicks",
    "KeySchema": [
        {"AttributeName": "requestid", "KeyType": "HASH"},
        {"AttributeName": "contextid", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("requestid", "contextid", "callerid")
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "Callers",
            "KeySchema": [
                {"AttributeName": "contextid", "KeyType": "HASH"},
                {"AttributeName": "callerid", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
    "SSESpecification": {"SSEEnabled": True},
}


def _ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


RESOURCES: dict[str, Any] = {
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": TABLE},
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "reports", "DisplayName": "Reports"}},
    "Mail": {
        "Type": "AWS::SNS::Subscription",
        "Properties": {"TopicArn": _ref("Topic"), "Protocol": "email", "Endpoint": "team@example.org"},
    },
    "Tokens": {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"Name": "tokens", "SecretString": '{"ORDERAPP": "one"}'},
    },
    "Made": {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {
            "GenerateSecretString": {
                "SecretStringTemplate": '{"user": "admin"}',
                "GenerateStringKey": "password",
                "PasswordLength": 40,
                "ExcludePunctuation": True,
            }
        },
    },
    "Pool": {
        "Type": "AWS::Cognito::UserPool",
        "Properties": {
            "UserPoolName": "readers",
            "Policies": {"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": True}},
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False},
            "AutoVerifiedAttributes": ["email"],
        },
    },
    "Client": {
        "Type": "AWS::Cognito::UserPoolClient",
        "Properties": {
            "UserPoolId": _ref("Pool"),
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "IdTokenValidity": 20,
            "AccessTokenValidity": 30,
            "TokenValidityUnits": {"IdToken": "minutes", "AccessToken": "minutes"},
        },
    },
    "Domain": {
        "Type": "AWS::Cognito::UserPoolDomain",
        "Properties": {"Domain": "readers-login", "UserPoolId": _ref("Pool")},
    },
    "PageClient": {
        "Type": "AWS::Cognito::UserPoolClient",
        "Properties": {
            "UserPoolId": _ref("Pool"),
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid", "email"],
            "CallbackURLs": [
                {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1/page"}
            ],
            "LogoutURLs": [{"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1/bye"}],
        },
    },
    "Closed": {
        "Type": "AWS::Cognito::UserPool",
        "Properties": {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}},
    },
    "ClosedClient": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {"UserPoolId": _ref("Closed")}},
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "private"}},
    "Authorizer": {
        "Type": "AWS::ApiGateway::Authorizer",
        "Properties": {
            "Type": "COGNITO_USER_POOLS",
            "Name": "readers",
            "RestApiId": _ref("Api"),
            "IdentitySource": "method.request.header.Authorization",
            "ProviderARNs": [{"Fn::GetAtt": ["Pool", "Arn"]}],
        },
    },
    "Get": {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": _ref("Api"),
            "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
            "HttpMethod": "GET",
            "AuthorizationType": "COGNITO_USER_POOLS",
            "AuthorizerId": _ref("Authorizer"),
            "Integration": {
                "Type": "MOCK",
                "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                "IntegrationResponses": [
                    {
                        "StatusCode": "200",
                        "ResponseTemplates": {
                            "application/json": "\"$context.authorizer.claims['cognito:username']\""
                        },
                    }
                ],
            },
            "MethodResponses": [{"StatusCode": "200"}],
        },
    },
    "Deployment": {
        "Type": "AWS::ApiGateway::Deployment",
        "Properties": {"RestApiId": _ref("Api")},
        "DependsOn": ["Get"],
    },
    "Stage": {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {"RestApiId": _ref("Api"), "DeploymentId": _ref("Deployment"), "StageName": "v1"},
    },
}
OUTPUTS = {
    "PoolId": {"Value": _ref("Pool")},
    "ClientId": {"Value": _ref("Client")},
    "PageClientId": {"Value": _ref("PageClient")},
    "ClosedClientId": {"Value": _ref("ClosedClient")},
    "TopicArn": {"Value": _ref("Topic")},
    "MadeArn": {"Value": _ref("Made")},
}


def write_assembly(
    directory: Path, resources: dict[str, Any] = RESOURCES, outputs: dict[str, Any] = OUTPUTS
) -> Path:
    """The assembly in `directory`, as the CDK writes one."""
    directory.mkdir(parents=True, exist_ok=True)
    template = {"Resources": resources, "Outputs": outputs}
    (directory / "Small.template.json").write_text(json.dumps(template))
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": "Small.template.json"},
    }
    manifest = {"version": "55.0.0", "artifacts": {"Small": stack}}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    return directory
