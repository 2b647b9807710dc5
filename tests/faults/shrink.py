"""Cuts a failing schedule down to steps that all matter."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.steps import Step

Steps = tuple[Step, ...]


def shrink(steps: Steps, fails: Callable[[Steps], bool]) -> Steps:
    """A shorter schedule that still fails: runs of steps are left out, long ones first."""
    size = len(steps) // 2
    while size:
        start = 0
        while start < len(steps):
            shorter = steps[:start] + steps[start + size :]
            if fails(shorter):
                steps = shorter
            else:
                start += size
        size //= 2
    return steps
