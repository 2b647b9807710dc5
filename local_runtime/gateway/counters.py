"""What an API has answered since the run started, for `status`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ApiCounters:
    requests: int = 0
    accepted: int = 0
    client_errors: int = 0
    server_errors: int = 0
    records: int = 0
    """Records that a service took, not counting those it refused inside a successful call."""

    def count(self, status: int, records: int) -> None:
        self.requests += 1
        self.records += records
        if status < 400:
            self.accepted += 1
        elif status < 500:
            self.client_errors += 1
        else:
            self.server_errors += 1
