"""`python -m benchmarks.run [CASE ...]`: runs the cases, prints figures beside targets, saves them."""

import argparse
import importlib
import json
import pkgutil
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import cases, machine
from benchmarks.measure import Result

RESULTS = Path(__file__).parent / "results"


def main(argv: Sequence[str] | None = None) -> None:
    known = sorted(module.name for module in pkgutil.iter_modules(cases.__path__))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description="Measure what the project promises."
    )
    parser.add_argument("case", nargs="*", help=f"what to measure: {', '.join(known)} (default: all of them)")
    chosen = parser.parse_args(argv).case or known
    for name in chosen:
        if name not in known:
            parser.error(f"there is no case {name!r}; the cases are {', '.join(known)}")
    console = Console()
    for name in chosen:
        title, run = load(name)
        console.print(f"[bold]{title}[/bold]")
        results = run()
        console.print(table(results))
        save(name, title, results)


def load(name: str) -> tuple[str, Callable[[], list[Result]]]:
    module = importlib.import_module(f"{cases.__name__}.{name}")
    return module.NAME, module.run


def table(results: Sequence[Result]) -> Table:
    shown = Table("measure", "value", "target", "")
    for column in shown.columns[1:3]:
        column.justify = "right"
    for result in results:
        shown.add_row(result.name, f"{result.value:,.2f} {result.unit}", _target(result), _verdict(result))
    return shown


def _target(result: Result) -> str:
    if result.target is None:
        return ""
    bound = "≥" if result.better == "higher" else "≤"
    return f"{bound} {result.target:,g} {result.unit}"


def _verdict(result: Result) -> str:
    return {None: "", True: "[green]met[/green]", False: "[red]falls short[/red]"}[result.met]


def save(name: str, title: str, results: Sequence[Result]) -> None:
    document = {
        "case": title,
        "machine": machine.facts(),
        "results": [
            {
                "name": result.name,
                "value": float(f"{result.value:.4g}"),
                "unit": result.unit,
                "target": result.target,
                "better": result.better,
                "met": result.met,
            }
            for result in results
        ],
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
