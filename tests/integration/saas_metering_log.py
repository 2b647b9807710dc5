"""The metering's local run as tests use it: its clients, questions to it, and hours of its log."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3

from lambdas.saas_metering.merge_small_files.athena import Athena
from lambdas.saas_metering.merge_small_files.bucket import Bucket
from lambdas.saas_metering.merge_small_files.catalog import Table
from lambdas.saas_metering.merge_small_files.logic import Hour, Run
from lambdas.saas_metering.merge_small_files.merge import Merge
from src.utils.aws.athena import Athena as Queries
from src.utils.aws.athena import text_literal
from stacks.saas_metering.access_log import FIELDS
from tests.conftest import ROOT

SQL = ROOT / "sql" / "saas_metering"
BUCKET = "apigw-access-log-to-firehose-us-east-1-123456789012"
RULE = "restapi-access-log-merge-small-files"
"""The name of the merge's rule and of its function."""

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}
Client = Callable[[str], Any]
Ask = Callable[..., list[tuple[str | None, ...]]]


def clients(url: str) -> Client:
    return lambda service: boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def questions(client: Client) -> Ask:
    """A query of `sql/saas_metering/queries` by its name, or any SQL, in the work group."""
    athena = Queries(client("athena"), "mydatabase", None, "SaaSMeteringDemo")

    def ask(sql: str, *parameters: str) -> list[tuple[str | None, ...]]:
        file = SQL / "queries" / f"{sql}.sql"
        text = file.read_text() if " " not in sql else sql
        return list(athena.query(text, [text_literal(value) for value in parameters]).rows)

    return ask


@dataclass
class Log:
    """Hours of their own for each test, their lines, and what is merged of them."""

    s3: Any
    glue: Any
    athena: Any
    ask: Ask
    hours: Iterator[int]

    @classmethod
    def of(cls, client: Client) -> Log:
        return cls(client("s3"), client("glue"), client("athena"), questions(client), count())

    def hour(self) -> Hour:
        return Hour(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=next(self.hours)))

    def key(self, hour: Hour, name: str) -> str:
        return f"json-data/{hour.folder}/{name}"

    def put(self, hour: Hour, name: str, ids: list[str]) -> None:
        lines = []
        for number, id in enumerate(ids):
            line = {field.name: "-" for field in FIELDS}
            time = int(hour.start.timestamp() * 1000) + number
            lines.append(json.dumps({**line, "requestId": id, "requestTime": str(time), "status": "200"}))
        body = "".join(f"{line}\n" for line in lines).encode()
        self.s3.put_object(Bucket=BUCKET, Key=self.key(hour, name), Body=body)

    def merged(self, hour: Hour) -> list[str]:
        where = " and ".join(
            f"{key} = {value}"
            for key, value in zip(("year", "month", "day", "hour"), hour.parameters, strict=True)
        )
        rows = self.ask(f"select requestid from mydatabase.restapi_access_log_parquet where {where}")
        return sorted(id for (id,) in rows)

    def merge(self) -> Merge:
        return Merge(
            log=Table(self.glue, "mydatabase", "restapi_access_log_json"),
            merged=Table(self.glue, "mydatabase", "restapi_access_log_parquet"),
            bucket=Bucket(self.s3, BUCKET, "json-data", "parquet-data"),
            athena=Athena(self.athena, "SaaSMeteringDemo", lambda: 900, threading.Event().wait),
            sql=(SQL / "jobs" / "merge_hour.sql").read_text(),
            columns=tuple(field.column for field in FIELDS),
            new_run=lambda: Run(datetime.now(UTC), uuid.uuid4().hex[:12]),
        )

    def folders(self, hour: Hour) -> set[str]:
        return self.merge().bucket.merged_folders(hour)

    def tables(self) -> list[str]:
        return [name for name in self.merge().merged.tables_beside() if "_tmp_" in name]
