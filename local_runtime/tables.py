"""Rows and the status as tables for a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

WATCH_SECONDS = 1.0
NARROWEST_FILE = 200

_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "real", "double", "decimal")


def print_rows(columns: Sequence[Mapping[str, str]], rows: Sequence[Sequence[str | None]]) -> None:
    """A result set; numbers stand to the right, NULL is empty."""
    table = Table()
    for column in columns:
        right = column["type"].startswith(_NUMBERS)
        table.add_column(column["name"], justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else _plain(cell) for cell in row))
    console = _console()
    console.print(table)
    console.print(f"{len(rows)} row{'' if len(rows) == 1 else 's'}")


def print_status(status: Mapping[str, Any]) -> None:
    """One line a stage, in the order in which an event passes them."""
    _console().print(_status_table(status))


def watch_status(ask: Callable[[], Mapping[str, Any]]) -> None:
    """The same table, asked for again every second until Ctrl-C."""
    with Live(_status_table(ask()), console=_console(), refresh_per_second=4) as live:
        while True:
            time.sleep(WATCH_SECONDS)
            live.update(_status_table(ask()))


def _status_table(status: Mapping[str, Any]) -> Table:
    table = Table("stage", "name", "what")
    for api in status["apis"]:
        what = (
            f"{api['records']} records accepted; requests: {api['accepted']} accepted,"
            f" {api['client_errors']} refused (4xx), {api['server_errors']} failed (5xx)"
        )
        table.add_row("API", api["name"], what)
    for stream in status["streams"]:
        table.add_row("stream", stream["name"], f"{stream['records']} records, {stream['bytes']} bytes put")
    for delivery in status["deliveries"]:
        table.add_row("delivery", delivery["name"], _delivery(delivery))
    for item in status["tables"]:
        what = ", ".join(f"{item[name]} {name}" for name in ("rows", "files", "bytes", "snapshots"))
        table.add_row("table", f"{item['database']}.{item['table']}", what)
    if status["failure"] is not None:
        table.add_row("failure", "lakehouse", _plain(status["failure"]))
    return table


def _delivery(delivery: Mapping[str, Any]) -> str:
    counters = delivery["counters"]
    failed = {name: value for name, value in counters.items() if ":" in name}
    text = f"{counters.get('stored', 0)} stored, {delivery['waiting']} waiting"
    text += "".join(f", {value} {name}" for name, value in sorted(failed.items()))
    if delivery["last_error"] is not None:
        text += f"; last error: {_plain(delivery['last_error'])}"
    return text


def _console() -> Console:
    """As wide as the terminal; wide enough for most tables where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=NARROWEST_FILE)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
