"""AWS clients: the longest call is shorter than the function that makes it, and errors are told apart."""

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectTimeoutError, NoCredentialsError

from lambdas.click_logger.authorizer import handler as authorizer
from lambdas.click_logger.consumer import handler as consumer
from lambdas.click_logger.ingest import handler as ingest
from lambdas.common.aws_client import CallBudget, aws_client, error_code, is_passing
from tests.unit.lambdas.click_logger.clicks import aws_error


def test_longest_call_is_all_tries_and_the_pauses_between_them() -> None:
    assert CallBudget(attempts=1).longest_seconds == 3
    assert CallBudget(attempts=3, connect_seconds=2, read_seconds=5).longest_seconds == 3 * 7 + 1 + 2


def test_client_has_the_budget_of_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "eu-north-1")
    config = aws_client("firehose", CallBudget(attempts=3, connect_seconds=2, read_seconds=4)).meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 4)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_every_function_outlives_its_longest_call() -> None:
    """tests/contract/test_click_logger.py holds these against the templates' timeouts."""
    assert ingest.BUDGET.longest_seconds == 12
    assert authorizer.BUDGET.longest_seconds == 7
    assert consumer.RESERVE_SECONDS == 3 + 12 + 2


@pytest.mark.parametrize(
    ("error", "code", "passing"),
    [
        (aws_error("ProvisionedThroughputExceededException"), "ProvisionedThroughputExceededException", True),
        (aws_error("ServiceUnavailableException", 503), "ServiceUnavailableException", True),
        (aws_error("ValidationException"), "ValidationException", False),
        (aws_error("AccessDeniedException"), "AccessDeniedException", False),
        (NoCredentialsError(), "NoCredentialsError", False),
        (ConnectTimeoutError(endpoint_url="https://x"), "ConnectTimeoutError", True),
    ],
)
def test_throttles_and_failures_of_the_service_pass(error: Exception, code: str, passing: bool) -> None:
    assert (error_code(error), is_passing(error)) == (code, passing)
