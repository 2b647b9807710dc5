"""A user of the pool, made when there is none, and the token that lets them in.

Both by Cognito's actions for administrators, which IAM permits: the pool need not let people sign up.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from src.utils.aws.errors import AwsCallError, BadInputError


@dataclass(frozen=True)
class Login:
    """Who signs in, and where."""

    pool_id: str
    client_id: str
    email: str
    password: str


def sign_in(cognito: Any, login: Login) -> str:
    """The ID token; a user who is not there yet is made, without a mail to the address.

    Raises:
        AwsCallError: Cognito asks for more than a password.
        ClientError: it refuses the user or the password.
    """
    if not _is_there(cognito, login):
        _sign_up(cognito, login)
    answer = _authenticate(cognito, login)
    if answer.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
        # the password is right and only temporary: a run that was to make it permanent was killed
        _make_permanent(cognito, login)
        answer = _authenticate(cognito, login)
    if "AuthenticationResult" not in answer:
        raise AwsCallError(f"the user pool asks for {answer['ChallengeName']}, which this tool cannot give")
    return str(answer["AuthenticationResult"]["IdToken"])


def user_of(token: str) -> str:
    """The `sub` in a token, by which the log knows the user. The signature is the API's business.

    Raises:
        BadInputError: it is no token.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["sub"])
    except (IndexError, ValueError, KeyError, TypeError):
        raise BadInputError("the token must be an ID token of the user pool") from None


def _is_there(cognito: Any, login: Login) -> bool:
    try:
        cognito.admin_get_user(UserPoolId=login.pool_id, Username=login.email)
    except cognito.exceptions.UserNotFoundException:
        return False
    return True


def _authenticate(cognito: Any, login: Login) -> dict[str, Any]:
    answer: dict[str, Any] = cognito.admin_initiate_auth(
        UserPoolId=login.pool_id,
        ClientId=login.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": login.email, "PASSWORD": login.password},
    )
    return answer


def _sign_up(cognito: Any, login: Login) -> None:
    """The password comes with the user: one that the pool refuses leaves no user without a password."""
    cognito.admin_create_user(
        UserPoolId=login.pool_id,
        Username=login.email,
        UserAttributes=[
            {"Name": "email", "Value": login.email},
            {"Name": "email_verified", "Value": "true"},
        ],
        TemporaryPassword=login.password,
        MessageAction="SUPPRESS",
    )
    _make_permanent(cognito, login)


def _make_permanent(cognito: Any, login: Login) -> None:
    cognito.admin_set_user_password(
        UserPoolId=login.pool_id, Username=login.email, Password=login.password, Permanent=True
    )
