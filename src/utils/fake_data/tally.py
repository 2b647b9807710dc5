"""The account of a run: every record that was sent ends as accepted or as rejected, never both or neither."""

import math
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .payloads import Record

PERCENTILES = (50, 95, 99)


@dataclass(slots=True)
class Tally:
    """Counts of records unless a name says requests. `retried` counts records sent once more, each time."""

    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    retried: int = 0
    requests: int = 0
    invalid_sent: int = 0
    invalid_accepted: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    started: float = field(default_factory=time.perf_counter)
    ended: float | None = None
    stopped_early: str | None = None

    def begin(self, records: Sequence[Record]) -> None:
        self.sent += len(records)
        self.invalid_sent += sum(record.flaw is not None for record in records)

    def accept(self, records: Sequence[Record]) -> None:
        self.accepted += len(records)
        for record in records:
            if record.flaw is not None:
                self.invalid_accepted[record.flaw] += 1

    def reject(self, records: Sequence[Record], reasons: Sequence[str]) -> None:
        self.rejected += len(records)
        self.failures.update(reasons)

    def answered(self, seconds: float) -> None:
        self.requests += 1
        self.latencies.append(seconds)

    @property
    def seconds(self) -> float:
        return (time.perf_counter() if self.ended is None else self.ended) - self.started

    @property
    def in_flight(self) -> int:
        return self.sent - self.accepted - self.rejected

    @property
    def records_per_second(self) -> float:
        return self.accepted / self.seconds if self.seconds > 0 else 0.0


def percentiles(seconds: Sequence[float]) -> dict[str, float | None]:
    """Nearest-rank percentiles in milliseconds, {"p50": 3.1, ...}; None each when nothing was answered."""
    ordered = sorted(seconds)
    if not ordered:
        return {f"p{p}": None for p in PERCENTILES}
    ranks = {p: math.ceil(p / 100 * len(ordered)) for p in PERCENTILES}
    return {f"p{p}": round(ordered[rank - 1] * 1000, 3) for p, rank in ranks.items()}


def latency_text(seconds: Sequence[float]) -> str:
    shown = percentiles(seconds)
    return ", ".join(f"{name} {'-' if ms is None else f'{ms:.1f} ms'}" for name, ms in shown.items())


def as_report(tally: Tally) -> dict[str, Any]:
    """What `--report json` prints; `invalid_*` are part of the counts before them, not beside them."""
    return {
        "sent": tally.sent,
        "accepted": tally.accepted,
        "rejected": tally.rejected,
        "retried": tally.retried,
        "requests": tally.requests,
        "invalid_sent": tally.invalid_sent,
        "invalid_accepted": tally.invalid_accepted.total(),
        "invalid_accepted_by_reason": dict(sorted(tally.invalid_accepted.items())),
        "failures": dict(tally.failures.most_common()),
        "seconds": round(tally.seconds, 3),
        "records_per_second": round(tally.records_per_second, 1),
        "latency_ms": percentiles(tally.latencies),
        "stopped_early": tally.stopped_early,
    }


def as_text(tally: Tally) -> str:
    """The same account for a reader, a few lines."""
    lines = [
        f"sent {tally.sent:,} = accepted {tally.accepted:,} + rejected {tally.rejected:,}"
        f" in {tally.seconds:.1f} s ({tally.records_per_second:,.0f} records/s)",
        f"answers {tally.requests:,}, records retried {tally.retried:,};"
        f" latency {latency_text(tally.latencies)}",
    ]
    if tally.invalid_sent:
        kinds = ", ".join(f"{reason} {count}" for reason, count in sorted(tally.invalid_accepted.items()))
        lines.append(
            f"deliberately invalid {tally.invalid_sent:,},"
            f" accepted by the API {tally.invalid_accepted.total():,}"
            + (f" (the transform is to reject: {kinds})" if kinds else "")
        )
    lines += [f"rejected {count:,}: {reason}" for reason, count in tally.failures.most_common()]
    if tally.stopped_early is not None:
        lines.append(f"stopped early: {tally.stopped_early}")
    return "\n".join(lines)
