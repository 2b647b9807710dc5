"""Time in the hands of a schedule."""

from __future__ import annotations


class Clock:
    """`wall` may be set, as an operator or NTP does; `steady` only ever moves on."""

    def __init__(self) -> None:
        self._wall = 1_790_000_000.0
        self._steady = 1_000.0

    def wall(self) -> float:
        return self._wall

    def steady(self) -> float:
        return self._steady

    def move_on(self, seconds: float) -> None:
        self._wall += seconds
        self._steady += seconds

    def jump(self, seconds: float) -> None:
        self._wall += seconds
