"""Clicks behind tokens: good and bad ones over HTTP, then the same clicks by SQL and by key."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import boto3
import requests
from rich.table import Table

from src.utils.demos.local_run import ROOT, DemoError, Run, console

API = "click-logger-api"
SECRET = "click-logger/tokens"  # noqa: S105
ITEMS, INDEX = "click-logger-table", "ContextCallerIndex"
QUERIES = ROOT / "sql/click_logger/queries"
EVENTS_FOR_A_CLICK = 10
"""Each click is a request of its own, through two functions: a tenth of what the other demos send."""
SENDERS = 8
KEYS_IN_A_REQUEST = 100
INVALID_RATIO = 0.02

TOKENS = {
    "orderapp": "ALLOW=ORDERAPP",
    "newsletter": {"tokens": ["newsletter-token-2027", "newsletter-token-2026"]},
    "suspended": {"tokens": ["suspended-app-token"], "allow": []},
}
CLICK = {
    "requestid": "request-1",
    "contextid": "order-4711",
    "callerid": "OrderApp",
    "component": "checkout",
    "action": "buy",
    "type": "click",
}
Click = dict[str, str]
Key = tuple[str, str]


def show(run: Run, events: int) -> bool:
    """Tokens, answers, clicks; whether bucket and DynamoDB hold what was answered 200, and nothing else."""
    url = f"{run.api_url(API)}/clicklogger"
    _put_tokens(run)
    expected, accepted = _show_answers(url)
    accepted += _send(url, max(events // EVENTS_FOR_A_CLICK, 1))
    console.print(run.command("flush").strip(), highlight=False)
    for file in sorted(QUERIES.glob("*.sql")):
        console.rule(f"{file.name}: {file.read_text().splitlines()[0].removeprefix('--').strip()}")
        sys.stdout.write(run.sql("--file", str(file)))
        sys.stdout.flush()
    return _compare(run, accepted) and expected


def _client(run: Run, service: str) -> Any:
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return boto3.client(service, endpoint_url=run.url, region_name="us-east-1", **keys)


def _put_tokens(run: Run) -> None:
    _client(run, "secretsmanager").put_secret_value(SecretId=SECRET, SecretString=json.dumps(TOKENS))
    console.rule(f"Tokens of {', '.join(TOKENS)} are in the secret {SECRET}")


def _post(url: str, body: Any, token: str | None) -> requests.Response:
    headers = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": token})
    data = body if isinstance(body, str) else json.dumps(body)
    return requests.post(url, data=data, headers=headers, timeout=30)


def _show_answers(url: str) -> tuple[bool, list[Click]]:
    """One request of each kind; whether every answer is the right one, and the clicks that were accepted."""
    order = "ALLOW=ORDERAPP"
    without_action = {name: value for name, value in CLICK.items() if name != "action"}
    asked: Sequence[tuple[str, str | None, Any, int]] = (
        ("a click", order, CLICK, 200),
        ("the same click again", order, CLICK, 200),
        ("a click, new token", "newsletter-token-2027", {**CLICK, "requestid": "request-2"}, 200),
        ("a click, old token", "newsletter-token-2026", {**CLICK, "requestid": "request-3"}, 200),
        ("no token", None, CLICK, 401),
        ("an unknown token", "ALLOW=SOMEBODY", CLICK, 401),
        ("a token without the right", "suspended-app-token", CLICK, 403),
        ("a field is missing", order, without_action, 400),
        ("a field too many", order, {**CLICK, "clientip": "192.0.2.1"}, 400),
        ("a number for a text", order, {**CLICK, "component": 7}, 400),
        ("no JSON", order, "click!", 400),
    )
    answers = [_post(url, body, token) for _, token, body, _ in asked]
    table = Table("request", "status", "answer", title="What the API answers")
    for (what, _, _, status), answer in zip(asked, answers, strict=True):
        right = "green" if answer.status_code == status else "red"
        table.add_row(
            what, f"[{right}]{answer.status_code}[/{right}]", answer.text.strip().replace("[", r"\[")
        )
    console.print(table)
    good = all(item[3] == answer.status_code for item, answer in zip(asked, answers, strict=True))
    return good, [item[2] for item, answer in zip(asked, answers, strict=True) if answer.ok]


def _send(url: str, count: int) -> list[Click]:
    """Clicks of several callers at once, a few of them broken; those that were answered 200."""
    started = datetime.now()
    tokens = ("ALLOW=ORDERAPP", "newsletter-token-2027")
    with ThreadPoolExecutor(SENDERS) as pool:
        clicks = list(_clicks(count))
        answers = list(pool.map(lambda pair: _post(url, pair[1], tokens[pair[0] % 2]), enumerate(clicks)))
    statuses = sorted({answer.status_code for answer in answers})
    if not set(statuses) <= {200, 400}:
        raise DemoError(f"clicks were answered {statuses}: {answers[-1].text}")
    accepted = [click for click, answer in zip(clicks, answers, strict=True) if answer.ok]
    seconds = (datetime.now() - started).total_seconds()
    console.print(
        f"{count:,} clicks sent in {seconds:.1f} s: {len(accepted):,} answered 200, "
        f"{count - len(accepted):,} answered 400, which were broken on purpose"
    )
    return accepted


def _clicks(count: int) -> Iterator[Click]:
    choose = random.Random(5)  # noqa: S311
    for number in range(count):
        click = {
            "requestid": f"click-{number:06d}",
            "contextid": f"session-{choose.randrange(count // 5 + 1):05d}",
            "callerid": choose.choice(["OrderApp", "Newsletter", "Intranet"]),
            "component": choose.choice(["checkout", "menu", "search", "basket", "help"]),
            "action": choose.choice(["open", "buy", "scroll"]),
            "type": choose.choice(["click", "webpage"]),
        }
        if choose.random() < INVALID_RATIO:
            del click["component"]
        yield click


def _compare(run: Run, accepted: Sequence[Click]) -> bool:
    """Every accepted click in both places with every field the same, and nothing else in either."""
    sent = {_key(click): click for click in accepted}
    rows = json.loads(run.sql("select * from click_logger_db.click_log", "--format", "json"))
    stored = {_key(row): row for row in rows}
    dynamodb = _client(run, "dynamodb")
    items = {_key(item): item for item in _items(dynamodb, sent)}
    held = sum(page["Count"] for page in dynamodb.get_paginator("scan").paginate(TableName=ITEMS))

    console.rule("The account")
    table = Table("answered 200", "of them distinct", "rows in Parquet", "distinct", "items in DynamoDB")
    table.add_row(*(f"{n:,}" for n in (len(accepted), len(sent), len(rows), len(stored), held)))
    console.print(table)
    _show_one(dynamodb, stored.get(_key(CLICK)))
    agrees = len(rows) == len(accepted) and held == len(sent) == len(stored) == len(items)
    agrees = agrees and all(
        click.items() <= items[key].items() and _same(stored[key], items[key]) for key, click in sent.items()
    )
    verdict = "[green]agree[/green]" if agrees else "[red]do not agree[/red]"
    console.print(f"Answers, Parquet and DynamoDB {verdict}, field by field.")
    return agrees


def _items(dynamodb: Any, keys: Mapping[Key, Click]) -> Iterator[Click]:
    """The items of the keys, as plain texts."""
    wanted = [{"requestid": {"S": request}, "contextid": {"S": context}} for request, context in keys]
    for start in range(0, len(wanted), KEYS_IN_A_REQUEST):
        part = {ITEMS: {"Keys": wanted[start : start + KEYS_IN_A_REQUEST]}}
        for item in dynamodb.batch_get_item(RequestItems=part)["Responses"][ITEMS]:
            yield {name: value["S"] for name, value in item.items()}


def _key(click: Mapping[str, str]) -> Key:
    return click["requestid"], click["contextid"]


def _same(row: Mapping[str, str], item: Mapping[str, str]) -> bool:
    """Whether a row has what the item has; the click that was sent twice has two times, and one item."""
    if {name: row[name] for name in (*CLICK, "clientip")} != {
        name: item[name] for name in (*CLICK, "clientip")
    }:
        return False
    return _key(row) == _key(CLICK) or _moment(row["createdtime"]) == _moment(item["createdtime"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "").replace(" ", "T"))


def _show_one(dynamodb: Any, row: Mapping[str, str] | None) -> None:
    found = dynamodb.query(
        TableName=ITEMS,
        IndexName=INDEX,
        KeyConditionExpression="contextid = :context and callerid = :caller",
        ExpressionAttributeValues={
            ":context": {"S": CLICK["contextid"]},
            ":caller": {"S": CLICK["callerid"]},
        },
    )["Items"]
    console.print(f"{INDEX} has {len(found)} clicks of {CLICK['callerid']} in {CLICK['contextid']}:")
    for item in found:
        console.print({name: value["S"] for name, value in sorted(item.items())})
    console.print("The first of them as a row:", row)
