"""The bucket's folders in which the tools of `src/utils` write, beside the table and the error prefix."""

from __future__ import annotations

ATHENA_RESULTS = "athena-results"
"""Results of the tools' queries, which nobody reads twice."""

HANDLED = ("replayed", "unrecoverable")
"""Undeliverable records that the replay tool has dealt with, under the keys that they had."""

KEPT = ("erasures", "replay-ledger")
"""What the tools must remember for as long as there are rows to count."""

TOOL_FOLDERS = (ATHENA_RESULTS, *HANDLED, *KEPT)
