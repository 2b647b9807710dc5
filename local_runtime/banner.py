"""What `up` says when it is up: what to open and call, then a short line for each thing that moves."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from local_runtime.gateway.routing import find_method
from local_runtime.run import LocalRun

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


def banner(run: LocalRun, endpoint_url: str, root: Path, without_effect: Iterable[str]) -> str:
    """
    Args:
        without_effect: the resource types that the assembly has and that do nothing here.
    """
    lines = [
        f"The local run is up on {endpoint_url} (Ctrl-C ends it; state in {root})",
        *sorted(_addresses(run, endpoint_url), key=lambda line: "  page" not in line),
        *(f"  stream    {stream.name}" for stream in run.streams.streams()),
        *(f"  delivery  {delivery.name}, every {delivery.interval:g} s" for delivery in run.deliveries),
        *(f"  recovers  {item.name}: {found}" for item in run.deliveries for found in item.found),
        *(f"  machine   {machine.name}" for machine in run.workflows.machines.machines.values()),
        *(f"  rule      {rule}" for rule in run.workflows.rules.coming()),
        *(f"  crawler   {crawler}" for crawler in run.crawlers.coming()),
        *([f"  functions {len(run.functions)}, started when they are called"] if run.functions else ()),
        *_idle(without_effect),
        f"  AWS SDK   AWS_ENDPOINT_URL={endpoint_url}",
        '  then      python -m local_runtime flush; python -m local_runtime sql "select ..."',
    ]
    return "\n".join(lines)


def _addresses(run: LocalRun, endpoint_url: str) -> Iterator[str]:
    """An API that answers GET of its root is a page for a browser."""
    for name, api in run.gateway.apis.items():
        page = find_method(api.root, "GET", "/") is not None
        for stage in api.stages:
            url = f"{endpoint_url}/{name}/{stage}"
            yield f"  page      {url}/" if page else f"  API       {url}"


def _idle(types: Iterable[str]) -> Iterator[str]:
    """Every type by its name, in one line: `Logs LogGroup, LogStream`."""
    by_service: defaultdict[str, list[str]] = defaultdict(list)
    for kind in sorted(types):
        service, _, name = kind.removeprefix("AWS::").partition("::")
        by_service[service].append(name)
    if by_service:
        names = "; ".join(f"{service} {', '.join(kinds)}" for service, kinds in by_service.items())
        line = f"  no effect {names} (`status` says why)"
        is_dim = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        yield f"{_DIM}{line}{_PLAIN}" if is_dim else line
