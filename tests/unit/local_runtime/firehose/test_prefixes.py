"""S3 prefix expressions against the examples that Firehose's documentation describes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from local_runtime.errors import LocalRuntimeError
from local_runtime.firehose.prefixes import expand_prefix

ARRIVAL = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
OBJECT_ID = uuid.UUID(int=7)


@pytest.mark.parametrize(
    ("prefix", "expanded"),
    [
        ("errors/!{firehose:error-output-type}/", "errors/processing-failed/"),
        ("e/year=!{timestamp:yyyy}/month=!{timestamp:MM}/", "e/year=2023/month=11/"),
        ("e/!{timestamp:yyyy/MM/dd/HH-mm-ss}/", "e/2023/11/14/22-13-20/"),
        ("e/!{timestamp:yyyy'T'DDD}/", "e/2023T318/"),
        ("plain/", "plain/2023/11/14/22/"),
        ("", "2023/11/14/22/"),
        ("r/!{firehose:random-string}/", "r/00000000000/"),
    ],
)
def test_prefix_expands(prefix: str, expanded: str) -> None:
    found = expand_prefix(prefix, ARRIVAL, error_output_type="processing-failed", object_id=OBJECT_ID)
    assert found == expanded


@pytest.mark.parametrize(
    ("prefix", "named"),
    [("e/!{timestamp:YYYY}/", "YYYY"), ("e/!{partitionKeyFromQuery:x}/", "partitionKeyFromQuery")],
)
def test_expression_that_is_not_known_is_named(prefix: str, named: str) -> None:
    with pytest.raises(LocalRuntimeError, match=named):
        expand_prefix(prefix, ARRIVAL, error_output_type="x", object_id=OBJECT_ID)
