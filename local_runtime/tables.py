"""Rows, the status and executions as tables for a terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    if status["functions"]:
        table.add_row("functions", str(len(status["functions"])), ", ".join(status["functions"]))
    for kind, why in status["without_effect"].items():
        table.add_row("no effect", kind, _plain(why), style="dim")
    if status["failure"] is not None:
        table.add_row("failure", "lakehouse", _plain(status["failure"]))
    return table


def _delivery(delivery: Mapping[str, Any]) -> str:
    counters = delivery["counters"]
    failed = {name: value for name, value in counters.items() if ":" in name}
    put = delivery["put"]
    text = "" if put is None else f"{put['records']} records, {put['bytes']} bytes put; "
    text += f"{counters.get('stored', 0)} stored, {delivery['waiting']} waiting"
    text += "".join(f", {counters[name]} {name}" for name in ("dropped", "expired") if counters.get(name))
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


def print_execution(report: Mapping[str, Any]) -> None:
    """The states passed with their times, then what came of the execution."""
    console = _console()
    console.print(_execution_table(report))
    console.print(f"{report['status']} after {report['seconds']:.1f} s")
    if report["output"] is not None:
        console.print("output", _plain(json.dumps(report["output"], ensure_ascii=False)))
    if report["error"] is not None:
        console.print("error", _plain(report["error"]))
    if report["cause"] is not None:
        console.print("cause", _plain(_cause(report["cause"])))


def _cause(cause: str) -> str:
    """A function's own message; its traceback is in the function's log and in the JSON report."""
    try:
        document = json.loads(cause)
    except ValueError:
        return cause
    return str(document.get("errorMessage", cause)) if isinstance(document, dict) else cause


def watch_execution(reports: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The same table, live on a terminal; gives the last report."""
    report: Mapping[str, Any] = {}
    console = _console()
    if not console.is_terminal:
        return list(reports)[-1]
    with Live(console=console, transient=True) as live:
        for report in reports:
            live.update(_execution_table(report))
    return report


def _execution_table(report: Mapping[str, Any]) -> Table:
    table = Table("state", "type", "outcome", title=f"{report['stateMachine']} {report['name']}")
    table.add_column("at", justify="right")
    table.add_column("took", justify="right")
    for state in report["states"]:
        took = "" if state["seconds"] is None else f"{state['seconds']:.2f} s"
        at = f"+{state['at']:.2f} s"
        table.add_row(_plain(state["state"]), state["type"], _plain(_outcome(state)), at, took)
    return table


def _outcome(state: Mapping[str, Any]) -> str:
    failures = ", ".join(state["failures"])
    if state["type"] == "Fail":
        return "failed"
    if state["seconds"] is None:
        return f"running; failed: {failures}" if failures else "running"
    return f"failed: {failures}" if failures else "ok"
