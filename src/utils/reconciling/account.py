"""The arithmetic: accepted = stored + rejected + undeliverable + in flight, or by how much it is not.

Every figure counts records by the moment at which they reached the stream, so that any range has an account.
A record that was replayed is two records: the original stays rejected or undeliverable, and the repaired one
was accepted again and has an outcome of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Failures:
    """What the error objects hold, by the code that Firehose gave."""

    rejected: int = 0
    """The transform looked at them and said no."""
    undeliverable: Mapping[str, int] = field(default_factory=dict)
    """Error code -> records that failed in any other way."""
    replayed: int = 0
    """Of all of these, how many the replay tool has put back since."""
    unrecoverable: int = 0
    unreadable_lines: int = 0


@dataclass(frozen=True, kw_only=True)
class Account:
    """One range's figures, each from a place of its own."""

    accepted: int
    stored: int
    stored_twice: int
    """Rows that equal another in `event_id` and `received_at`: Firehose delivers at least once."""
    erased: int
    """Rows that `erase_user.py` has deleted since."""
    failures: Failures
    possibly_in_flight: int
    """The most records that can still be on their way."""
    reasons: Mapping[str, int]
    """The transform's own count of its rejections, repeated invocations included."""
    merged: int = 0
    """Rows that Firehose stored and a later one with the same unique keys has replaced."""
    tolerance: int = 0

    @property
    def undeliverable(self) -> int:
        return sum(self.failures.undeliverable.values())

    @property
    def _found(self) -> int:
        return self.stored + self.merged + self.erased + self.failures.rejected + self.undeliverable

    @property
    def repeated(self) -> int:
        """Rows beyond what was accepted that at-least-once delivery explains."""
        return max(0, min(self.stored_twice, self._found - self.accepted))

    @property
    def in_flight(self) -> int:
        return max(0, min(self.accepted - self._found, self.possibly_in_flight))

    @property
    def difference(self) -> int:
        """Records that were accepted and are nowhere; negative: records that nobody accepted."""
        return self.accepted - (self._found - self.repeated) - self.in_flight

    @property
    def closes(self) -> bool:
        return abs(self.difference) <= self.tolerance and self.failures.unreadable_lines == 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "accepted": self.accepted,
            "stored": self.stored,
            "stored_more_than_once": self.repeated,
            "merged": self.merged,
            "erased": self.erased,
            "rejected": self.failures.rejected,
            "rejected_by_reason": dict(self.reasons),
            "undeliverable": self.undeliverable,
            "undeliverable_by_code": dict(self.failures.undeliverable),
            "replayed_since": self.failures.replayed,
            "unrecoverable": self.failures.unrecoverable,
            "unreadable_lines": self.failures.unreadable_lines,
            "in_flight": self.in_flight,
            "possibly_in_flight": self.possibly_in_flight,
            "difference": self.difference,
            "tolerance": self.tolerance,
            "closes": self.closes,
        }
