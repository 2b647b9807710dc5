"""Whose a record is, what stays of a failed one, and how the table's rows are made to vanish."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from src.utils.aws.athena import QueryFailedError, Result, text_literal
from src.utils.aws.erasures import erased_rows, write_erasure
from src.utils.erasure.cli import run_command_line
from src.utils.erasure.error_lines import ErrorLines, Finding
from src.utils.erasure.person import Match, Person
from src.utils.erasure.table import PersonTable

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
PERSON = Person("user-7")
BUCKET = "bucket"


@pytest.mark.parametrize(
    "data",
    [
        b'{"user_id": "user-7"}',
        b'{"userId": "user-7", "timestamp": 7}',
        b'{"user_id": null, "nested": [{"id": ["user-7"]}]}',
        b'{"user_id": "us\\u0065r-7"}',
        b'{"user_id": "user-7", "user_id": "user-8"}',
        b'[{"user_id": "user-8"}, {"user_id": "user-7"}]',
        b'{"user_id": "user-7", ',
        b'{"user_id": "user-8"}{"user_id": "user-7"}',
        b'\xff "user-7"',
    ],
)
def test_record_with_the_id_as_a_whole_value_is_theirs(data: bytes) -> None:
    assert PERSON.match_record(data) is Match.THEIRS


@pytest.mark.parametrize(
    "data",
    [
        b'{"uri": "/profile?user=user-7&x=1"}',
        b'{"nested": [{"user-7": {}}]}',
        b"user_id=user-7;broken",
        b'{"user_id": "user-8", "referrer": "user-7"}',
        b'{"user_id": "user-8", "referrer": "user-7", ',
        b'{"user_id": 8, "referrer": "user-7", ',
    ],
)
def test_id_in_a_longer_text_or_in_anothers_record_is_a_possible_mention(data: bytes) -> None:
    assert PERSON.match_record(data) is Match.POSSIBLE


@pytest.mark.parametrize(
    "data",
    [
        *(b'{"user_id": "user-77"}', b'{"user_id": "a-user-7"}', b'{"user_id": "user-7-b"}', b"xuser-7", b""),
        *(b'{"user_id": null, "n": 7, "b": true}', b'{"user_id": "USER-7"}', b"[" * 100_000),
    ],
)
def test_record_of_another_person_is_left_alone(data: bytes) -> None:
    assert PERSON.match_record(data) is Match.NONE


@pytest.mark.parametrize("id", ["1", "US", "visit"])
@pytest.mark.parametrize("cut", [0, 1])
def test_short_id_is_not_found_in_what_other_people_did(id: str, cut: int) -> None:
    record = b'{"user_id": "u-2", "event": "visit", "country": "US", "scale": 1, "ip": "192.0.2.1"}'
    assert Person(id).match_record(record[: len(record) - cut]) is Match.POSSIBLE


@pytest.mark.parametrize("data", [b'{"user_id": 1}', b'{"user_id": "1"}', b'{"user_id":1,', b'{"n": [1]}'])
def test_number_is_an_id_too(data: bytes) -> None:
    assert Person("1").match_record(data) is Match.THEIRS


@pytest.mark.parametrize(
    ("id", "data"),
    [
        ('a"b', b'{"user_id": "a\\"b", '),
        ("\u00fc", b'{"user_id": "\\u00fc", '),
        ("\u00fc", '{"user_id": "\u00fc", '.encode()),
        ("-x-", b'{"user_id": "y", "z": "-x-"}'),
    ],
)
def test_id_is_found_in_each_of_its_spellings(id: str, data: bytes) -> None:
    assert Person(id).match_record(data) is not Match.NONE


def test_another_column_may_say_who() -> None:
    record = b'{"user_id": "user-7", "account": "a-1"}'
    assert Person("user-7", "account").match_record(record) is Match.POSSIBLE
    assert Person("a-1", "account").match_record(record) is Match.THEIRS


@pytest.mark.parametrize("text", ["it's", "'; DROP TABLE t; --", "ü😀"])
def test_statement_gets_a_hash_and_never_the_id(text: str) -> None:
    assert Person(text).parameter == f"'{hashlib.sha256(text.encode()).hexdigest()}'"
    assert text_literal("it's") == "'it''s'"


@dataclass
class Objects:
    """As much of S3 as the tool uses."""

    data: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, list[str]] | None = None

    def get_object(self, **asked: str) -> dict[str, Any]:
        data = self.data[asked["Key"]]
        return {"Body": io.BytesIO(data[:2] if "Range" in asked else data)}

    def put_object(self, **given: Any) -> None:
        self.data[given["Key"]] = given["Body"]

    def get_bucket_versioning(self, **_: str) -> dict[str, str]:
        return {} if self.versions is None else {"Status": "Enabled"}

    def delete_object(self, **asked: str) -> None:
        assert self.versions is not None
        self.versions[asked["Key"]].remove(asked["VersionId"])

    def get_paginator(self, name: str) -> Pages:
        return Pages(self, name)


@dataclass
class Pages:
    objects: Objects
    name: str

    def paginate(self, **asked: str) -> Iterator[dict[str, Any]]:
        prefix = asked["Prefix"]
        if self.name == "list_objects_v2":
            keys = sorted(key for key in self.objects.data if key.startswith(prefix))
            yield {"Contents": [{"Key": key, "LastModified": NOW} for key in keys]}
        else:
            assert self.objects.versions is not None
            ids = self.objects.versions[prefix]
            yield {"Versions": [{"Key": prefix, "VersionId": id, "IsLatest": id == ids[-1]} for id in ids]}


def envelope(raw: bytes, **changes: Any) -> bytes:
    values = {"arrivalTimestamp": 1, "errorCode": "Lambda.ProcessingFailedStatus", "errorMessage": "no"}
    return json.dumps({**values, "rawData": b64encode(raw).decode(), **changes}).encode()


THEIRS, OTHER = envelope(b'{"user_id": "user-7"}'), envelope(b'{"user_id": "user-8"}')


def error_lines(objects: Objects, person: Person = PERSON, *, also_mentions: bool = False) -> ErrorLines:
    return ErrorLines(objects, BUCKET, ("error/", "replayed/"), person, also_mentions)


def test_their_lines_are_emptied_and_the_others_stay_as_they_are() -> None:
    quoted = envelope(b"", errorMessage='column user_id: "user-7" is no int')
    objects = Objects(
        {
            "error/processing-failed/plain": b"\n".join([OTHER, THEIRS, quoted]) + b"\n",
            "replayed/iceberg-failed/packed.gz": gzip.compress(THEIRS + b"\n" + OTHER + b"\n"),
            "error/processing-failed/others": OTHER + b"\n",
            "error/ledger.json": b'"user-7"',
        }
    )
    lines = error_lines(objects)
    findings = lines.find()
    assert findings == [
        Finding("error/processing-failed/plain", 2),
        Finding("replayed/iceberg-failed/packed.gz", 1),
    ]
    lines.erase(findings, NOW)
    assert lines.find() == []
    plain = objects.data["error/processing-failed/plain"].splitlines()
    assert plain[0] == OTHER
    emptied = json.loads(plain[1])
    assert (emptied["rawData"], emptied["arrivalTimestamp"], emptied["erasedAt"]) == ("", 1, NOW.isoformat())
    assert json.loads(plain[2])["errorMessage"] == ""
    packed = gzip.decompress(objects.data["replayed/iceberg-failed/packed.gz"]).splitlines()
    assert packed[1] == OTHER
    assert len(packed) == 2


def test_line_that_is_no_envelope_goes_as_a_whole() -> None:
    objects = Objects({"error/x-failed/a": b'broken "user-7"\n' + OTHER + b"\n"})
    lines = error_lines(objects)
    lines.erase(lines.find(), NOW)
    assert objects.data["error/x-failed/a"] == OTHER + b"\n"


FIREHOSES_OWN = {
    "attemptsMade": 1,
    "lambdaARN": "arn:aws:lambda:us-east-1:1:function:1",
    "errorCode": "1",
    "errorMessage": "attempt 1 failed",
}


def test_envelope_without_the_id_in_its_record_is_never_theirs() -> None:
    others = envelope(b'{"user_id": "2"}', **FIREHOSES_OWN)
    nobodys = envelope(b"broken", **{**FIREHOSES_OWN, "errorMessage": "no"})
    quoted = envelope(b'{"user_id": "2"}', errorMessage='value "1"')
    objects = Objects({"error/x-failed/a": b"\n".join([others, nobodys, quoted]) + b"\n"})
    before = dict(objects.data)
    lines = error_lines(objects, Person("1"))
    assert lines.find() == [Finding("error/x-failed/a", lines=0, mentions=2)]
    lines.erase(lines.find(), NOW)
    assert objects.data == before


def test_what_is_firehoses_own_stays_in_an_emptied_envelope() -> None:
    objects = Objects({"error/x-failed/a": envelope(b'{"user_id": "1"}', **FIREHOSES_OWN) + b"\n"})
    lines = error_lines(objects, Person("1"))
    lines.erase(lines.find(), NOW)
    emptied = json.loads(objects.data["error/x-failed/a"])
    assert {name: emptied[name] for name in FIREHOSES_OWN} == {**FIREHOSES_OWN, "errorMessage": ""}
    assert emptied["rawData"] == ""
    assert lines.find() == []


def test_possible_mentions_are_erased_only_when_asked_for() -> None:
    mention = envelope(b'{"user_id": "2", "uri": "/of/user-7"}')
    objects = Objects({"error/x-failed/a": mention + b"\n" + OTHER + b"\n"})
    lines = error_lines(objects)
    assert lines.find() == [Finding("error/x-failed/a", lines=0, mentions=1)]
    lines = error_lines(objects, also_mentions=True)
    assert lines.find() == [Finding("error/x-failed/a", lines=1, mentions=0)]
    lines.erase(lines.find(), NOW)
    assert lines.find() == []
    assert objects.data["error/x-failed/a"].splitlines()[1] == OTHER


def test_older_versions_of_what_was_emptied_are_deleted() -> None:
    objects = Objects({"error/x-failed/a": THEIRS}, versions={"error/x-failed/a": ["v1", "v2", "v3"]})
    lines = error_lines(objects)
    lines.erase(lines.find(), NOW)
    assert objects.versions == {"error/x-failed/a": ["v3"]}


def test_erasure_keeps_an_account_of_its_rows_by_minute() -> None:
    objects = Objects()
    minute = int(NOW.timestamp())
    write_erasure(objects, BUCKET, "db.t", {minute: 3, minute + 60: 4}, NOW)
    start, end = NOW, datetime.fromtimestamp(minute + 60, UTC)
    assert erased_rows(objects, BUCKET, "db.t", start, end) == 3
    assert erased_rows(objects, BUCKET, "db.other", start, end) == 0
    assert not any(b"user-7" in data for data in objects.data.values())


@dataclass
class Statements:
    """Athena, as a list of what it was asked."""

    properties: dict[str, str]
    failures: list[str] = field(default_factory=list)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def run(self, sql: str, parameters: Sequence[str] = ()) -> str:
        self.asked.append((sql, tuple(parameters)))
        if self.failures and not sql.startswith("ALTER"):
            raise QueryFailedError(self.failures.pop(0))
        return "id"

    def query(self, sql: str, parameters: Sequence[str] = ()) -> Result:
        self.run(sql, parameters)
        return Result(("user_id", "received_at"), (("60", "3"), ("120", "4")))

    def lines(self, sql: str) -> list[str]:
        return [f"{name}\t{value}" for name, value in self.properties.items()]


def person_table(athena: Statements) -> PersonTable:
    untyped: Any = athena
    return PersonTable(untyped, "db", "t", "user_id", PERSON, sleep=lambda seconds: None)


def test_statements_name_the_person_by_the_hash_alone() -> None:
    athena = Statements({})
    table = person_table(athena)
    table.delete()
    assert table.rows_by_minute() == {60: 3, 120: 4}
    table.rewrite()
    table.expire(0)
    asked = [text for sql, parameters in athena.asked for text in (sql, *parameters)]
    assert not any("user-7" in text for text in asked)
    delete, parameters = athena.asked[0]
    assert delete == 'DELETE FROM "db"."t" WHERE lower(to_hex(sha256(to_utf8("user_id")))) = ?'
    assert parameters == (PERSON.parameter,)


def test_table_properties_are_as_before_when_it_is_done() -> None:
    athena = Statements({"optimize_rewrite_delete_file_threshold": "10", "format": "parquet"})
    person_table(athena).rewrite()
    assert [sql for sql, _ in athena.asked] == [
        "ALTER TABLE db.t SET TBLPROPERTIES ('optimize_rewrite_delete_file_threshold'='1',"
        " 'optimize_rewrite_data_file_threshold'='1')",
        "OPTIMIZE db.t REWRITE DATA USING BIN_PACK",
        "ALTER TABLE db.t SET TBLPROPERTIES ('optimize_rewrite_delete_file_threshold'='10',"
        " 'optimize_rewrite_data_file_threshold'='5')",
    ]


def test_delivery_that_commits_meanwhile_means_another_try() -> None:
    athena = Statements({}, failures=["ICEBERG_COMMIT_ERROR: conflict", "ICEBERG_OPTIMIZE_MORE_RUNS_NEEDED"])
    person_table(athena).delete()
    assert len(athena.asked) == 3
    athena = Statements({}, failures=["PERMISSION_DENIED"])
    with pytest.raises(QueryFailedError, match="PERMISSION_DENIED"):
        person_table(athena).delete()


def test_properties_come_back_when_the_statement_fails() -> None:
    athena = Statements({}, failures=["PERMISSION_DENIED"])
    with pytest.raises(QueryFailedError):
        person_table(athena).expire(60)
    assert "'vacuum_max_snapshot_age_seconds'='432000'" in athena.asked[-1][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "USER_ID must have 1-1024 characters (got 0)"),
        (("u", "--table", 't"; --'), "--table must be lower-case letters"),
        (("u", "--column", "User"), "--column must be lower-case letters"),
        (("u", "--expire-after", "-1"), "--expire-after must be 0-432000 seconds (got -1)"),
        ((), "Missing argument 'USER_ID'"),
    ],
)
def test_wrong_input_is_one_sentence(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(arguments) == 2
    output = capsys.readouterr()
    assert output.err.startswith(f"error: {message}")
    assert (output.out, len(output.err.splitlines())) == ("", 1)
