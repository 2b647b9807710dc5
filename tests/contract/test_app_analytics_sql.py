"""The queries of app_analytics answer what was worked out by hand, from crawled and from declared tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from app import AppConfig
from local_runtime.assembly import Resource, load_assembly
from local_runtime.athena.engine import Athena
from local_runtime.lakehouse.lakehouse import Lakehouse
from stacks.app_analytics.catalog_stack import CatalogStack
from stacks.app_analytics.quicksight_stack import COLUMNS
from stacks.config import load_config
from tests.unit.local_runtime.lakehouse.tables import open_lakehouse

SQL = Path(__file__).parents[2] / "sql/app_analytics"
BUCKET = "app-analytics-us-east-1-123456789012"
DATABASE = "serverless-app-analytics-database"
CRAWLED_TABLE = """create external table `serverless-app-analytics-database`.`firehose` (
    customerid string, ipaddress string, countrycode string, gender string, trafficorigin string,
    event struct<type:string,product:string,amount:double>
)
partitioned by (partition_0 string, partition_1 string, partition_2 string, partition_3 string)
row format serde 'org.openx.data.jsonserde.JsonSerDe'
location 's3://app-analytics-us-east-1-123456789012/raw/firehose/'"""

Row = tuple[Any, ...]

# Anna searches and buys, Ben fills a cart, Cleo buys without a search, Dora only looks in, a day before.
EVENTS: dict[str, list[tuple[str, str, str, str, str, str | None, float]]] = {
    "2026/11/20/09": [("dora", "US", "other", "ads", "open", None, 0.0)],
    "2026/11/21/10": [
        ("anna", "DE", "female", "search", "search", None, 0.0),
        ("anna", "DE", "female", "search", "view", "mug", 0.0),
        ("anna", "DE", "female", "search", "add_to_cart", "mug", 9.5),
        ("anna", "DE", "female", "search", "checkout", "mug", 9.5),
        ("ben", "US", "male", "organic", "search", None, 0.0),
    ],
    "2026/11/21/11": [
        ("ben", "US", "male", "organic", "view", "hoodie", 0.0),
        ("ben", "US", "male", "organic", "add_to_cart", "hoodie", 54.0),
        ("cleo", "KR", "female", "ads", "view", "hoodie", 0.0),
        ("cleo", "KR", "female", "ads", "checkout", "hoodie", 54.0),
        ("anna", "DE", "female", "search", "checkout", "mug", 10.0),
    ],
}
ANSWERS: dict[str, list[Row]] = {
    "buyers_by_gender": [("female", 2, 2, 3, 24.5), ("male", 1, 0, 0, None), ("other", 1, 0, 0, None)],
    "buyers_by_origin": [("ads", 2, 1, 50.0), ("organic", 1, 0, 0.0), ("search", 1, 1, 100.0)],
    "events_by_type": [
        ("checkout", 3, 2, 27.3),
        ("view", 3, 3, 27.3),
        ("add_to_cart", 2, 2, 18.2),
        ("search", 2, 2, 18.2),
        ("open", 1, 1, 9.1),
    ],
    "events_per_hour": [(datetime(2026, 11, 21, 10), 5, 1), (datetime(2026, 11, 21, 11), 5, 2)],
    "products_bought": [("hoodie", 1, 1, 54.0), ("mug", 2, 1, 19.5)],
    "purchase_funnel": [
        (1, "searched", 2, 100.0),
        (2, "viewed a product", 2, 100.0),
        (3, "filled a cart", 2, 100.0),
        (4, "bought", 1, 50.0),
    ],
    "revenue_by_country": [("KR", 2, 1, 1, 54.0), ("DE", 5, 1, 2, 19.5), ("US", 4, 2, 0, 0.0)],
}


def lines(events: list[tuple[str, str, str, str, str, str | None, float]]) -> Iterator[str]:
    for customer, country, gender, origin, type, product, amount in events:
        step = {"type": type, "product": product, "amount": amount}
        event = {"customerId": customer, "ipAddress": "192.0.2.1", "countryCode": country}
        yield json.dumps({**event, "gender": gender, "trafficOrigin": origin, "event": step}) + "\n"


def lakehouse(directory: Path, *, empty: bool = False) -> Lakehouse:
    lakehouse = open_lakehouse(directory)
    lakehouse.create_database(DATABASE)
    lakehouse.objects.create_bucket(BUCKET)
    if not empty:
        for hour, events in EVENTS.items():
            lakehouse.objects.put(BUCKET, f"raw/firehose/{hour}/events", "".join(lines(events)).encode())
    return lakehouse


@pytest.fixture(scope="module", params=["crawled", "declared by hand", "declared by the app"])
def athena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Athena:
    events = lakehouse(tmp_path_factory.mktemp("state"))
    athena = Athena(events)
    match request.param:
        case "declared by hand":
            athena.execute((SQL / "tables/firehose.sql").read_text())
        case "declared by the app":
            events.ensure_table(declared_table(tmp_path_factory.mktemp("assembly")))
        case _:
            add_crawled_table(athena)
    return athena


def declared_table(directory: Path) -> Resource:
    context = {"app_analytics": {"catalog": {"table_schema": "declared"}}}
    app = App(outdir=str(directory), builtin_cloud_formation_validation=False)
    CatalogStack(app, "Stack", config=load_config(AppConfig, context), env=None)
    app.synth()
    (table,) = load_assembly(directory).of_type("AWS::Glue::Table")
    return table


def add_crawled_table(athena: Athena) -> None:
    athena.execute(CRAWLED_TABLE)
    for hour in EVENTS:
        values = ", ".join(f"partition_{level} = '{part}'" for level, part in enumerate(hour.split("/")))
        place = f"s3://{BUCKET}/raw/firehose/{hour}/"
        athena.execute(f"alter table firehose add partition ({values}) location '{place}'", DATABASE)


def query(name: str) -> str:
    return (SQL / "queries" / f"{name}.sql").read_text()


def test_every_query_has_an_expected_answer() -> None:
    names = {path.stem for path in (SQL / "queries").glob("*.sql")}
    assert names == {*ANSWERS, "flat_events"}


@pytest.mark.parametrize("name", ANSWERS)
def test_query_gives_the_answer_worked_out_by_hand(athena: Athena, name: str) -> None:
    assert athena.execute(query(name)).rows == ANSWERS[name]


def test_the_flat_query_answers_a_row_an_event_with_quicksights_columns(athena: Athena) -> None:
    result = athena.execute(query("flat_events"))
    assert [column.name for column in result.columns] == list(COLUMNS)
    assert len(result.rows) == sum(map(len, EVENTS.values()))
    hour = datetime(2026, 11, 20, 9)
    assert (hour, "dora", "192.0.2.1", "US", "other", "ads", "open", None, 0.0) in result.rows


def test_a_field_of_a_field_is_asked_by_a_dot(athena: Athena) -> None:
    sql = "select event.product from firehose where event.type = 'checkout' and partition_3 = '10'"
    assert athena.execute(sql, DATABASE).rows == [("mug",)]


@pytest.mark.parametrize("name", ["flat_events", *ANSWERS])
def test_query_on_an_empty_table_gives_no_error(tmp_path: Path, name: str) -> None:
    athena = Athena(lakehouse(tmp_path, empty=True))
    athena.execute((SQL / "tables/firehose.sql").read_text())
    rows = athena.execute(query(name)).rows
    assert rows == [] if name != "purchase_funnel" else [row[2] for row in rows] == [0, 0, 0, 0]
