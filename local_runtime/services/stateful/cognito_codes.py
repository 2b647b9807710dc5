"""Confirmation codes of user pools: made here, written where a person can read them, and looked at.

moto takes any code. https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.services.stateful.messages import MessageFiles

_SIGN_UP, _PASSWORD = "sign-up", "password"
_OF_MOTO = "moto-confirmation-code:"


def send_codes(pool: Any, messages: MessageFiles) -> None:
    """Give a code to those who signed up and to those who forgot their password, and write the mail."""
    for user in pool.users.values():
        asked = str(user.confirmation_code or "")
        if asked.startswith(_OF_MOTO):
            _send(pool, user, _PASSWORD, messages)
        elif user.status == "UNCONFIRMED" and not asked:
            _send(pool, user, _SIGN_UP, messages)


def check_code(user: Any, action: str, code: Any) -> None:
    """Raises AwsError where the code is not the one that was sent."""
    kind = _SIGN_UP if action == "ConfirmSignUp" else _PASSWORD
    if kind == _SIGN_UP and user.status != "UNCONFIRMED":
        message = f"User cannot be confirmed. Current status is {user.status}"
        raise AwsError("NotAuthorizedException", message)
    if user.confirmation_code != f"{kind} {code}":
        message = "Invalid verification code provided, please try again."
        raise AwsError("CodeMismatchException", message)


def _send(pool: Any, user: Any, kind: str, messages: MessageFiles) -> None:
    receiver = _receiver(pool, user)
    if receiver is None:
        return
    code = f"{secrets.randbelow(1_000_000):06}"
    user.confirmation_code = f"{kind} {code}"
    config = pool.extended_config
    text = config.get("EmailVerificationMessage") or "Your confirmation code is {####}"
    topic = f"cognito-{pool.id}"
    mail = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "topic": topic,
        "message_id": secrets.token_hex(16),
        "subject": config.get("EmailVerificationSubject") or "Your verification code",
        "message": text.replace("{####}", code),
        "attributes": {"username": user.username, "code": code},
        "subscriptions": [receiver],
    }
    messages.append(topic, mail)


def _receiver(pool: Any, user: Any) -> dict[str, str] | None:
    """Where a code goes: an attribute that the pool verifies; None: an administrator must confirm."""
    verified = pool.extended_config.get("AutoVerifiedAttributes") or ()
    for attribute, protocol in (("email", "email"), ("phone_number", "sms")):
        if attribute in verified and attribute in user.attribute_lookup:
            return {"protocol": protocol, "endpoint": str(user.attribute_lookup[attribute])}
    return None
