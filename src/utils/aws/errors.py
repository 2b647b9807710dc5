"""What ends a tool: a user's mistake, or AWS's refusal, each as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class BadInputError(Exception):
    """A user's mistake; its text is the whole message."""


class AwsCallError(Exception):
    """A call that AWS refused, or that did not reach it."""


@contextmanager
def aws_calls() -> Iterator[None]:
    """Turn what boto3 raises into one sentence.

    Raises:
        AwsCallError: a call failed.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        answer = error.response.get("Error", {})
        reason = f"{answer.get('Code', 'unknown')}: {answer.get('Message', 'no message')}"
        raise AwsCallError(f"{error.operation_name} failed: {reason.rstrip('.')}") from error
    except BotoCoreError as error:
        raise AwsCallError(str(error).rstrip(".")) from error
