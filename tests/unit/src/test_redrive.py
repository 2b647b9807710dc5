"""Dead letters on their way into the table: what is refused stays, what cannot be asked is said."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from src.utils.redrive import cli
from src.utils.redrive.redrive import Redrive, Tally
from tests.unit.lambdas.click_logger.clicks import aws_error


class ThereError(Exception):
    pass


class Aws:
    """S3 and DynamoDB in one: letters by key, and what each item's `put_item` does."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=ThereError, ClientError=type(aws_error("")))

    def __init__(self, letters: dict[str, list[str]], errors: dict[str, Exception]) -> None:
        self.letters, self.errors = letters, errors
        self.written: list[str] = []

    def get_paginator(self, _: str) -> Any:
        contents = [{"Key": key} for key in self.letters]
        return SimpleNamespace(
            paginate=lambda **_call: [{"Contents": contents[:1]}, {"Contents": contents[1:]}]
        )

    def get_object(self, **call: str) -> Any:
        lines = [{"reason": "r", "item": {"requestid": {"S": name}}} for name in self.letters[call["Key"]]]
        return {"Body": io.BytesIO("\n".join(map(json.dumps, lines)).encode())}

    def delete_object(self, **call: str) -> None:
        del self.letters[call["Key"]]

    def put_item(self, **call: Any) -> None:
        assert call["ConditionExpression"] == "attribute_not_exists(requestid)"
        name = call["Item"]["requestid"]["S"]
        if name in self.errors:
            raise self.errors[name]
        self.written.append(name)


def run(aws: Aws) -> Tally:
    tally = Tally()
    Redrive(aws, "bucket", "dead/", aws, "items").run(tally)
    return tally


def test_objects_go_when_all_their_items_are_in_the_table() -> None:
    aws = Aws({"a": ["1", "2"], "b": ["3"]}, {"2": ThereError()})
    assert run(aws) == Tally(objects=2, written=2, already_there=1)
    assert (aws.written, aws.letters) == (["1", "3"], {})


def test_refused_item_keeps_its_object() -> None:
    aws = Aws({"a": ["1", "2"], "b": ["3"]}, {"1": aws_error("ValidationException")})
    assert run(aws) == Tally(objects=2, written=2, refused=1)
    assert list(aws.letters) == ["a"]


def test_throttle_ends_the_run_and_loses_nothing() -> None:
    aws = Aws({"a": ["1"], "b": ["2"]}, {"2": aws_error("ThrottlingException")})
    with pytest.raises(type(aws_error("")), match="ThrottlingException"):
        run(aws)
    assert list(aws.letters) == ["b"]


def test_table_that_is_not_there_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert cli.run_command_line(["--bucket", "b"]) == 2
    assert capsys.readouterr().err.startswith("error: ")
