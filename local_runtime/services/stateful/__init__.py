"""Services of moto's whose resources the templates define: made, guarded and kept around moto's own calls."""

from __future__ import annotations

from typing import Protocol

from local_runtime.services.moto_calls import Call, Moto


class Stateful(Protocol):
    """One service; all calls of it take turns."""

    def create(self, moto: Moto) -> None:
        """Bring what the templates define into moto, and what an earlier run kept; called once."""

    def refuse(self, moto: Moto, call: Call) -> None:
        """Raise AwsError where AWS would refuse a call and moto does not."""

    def keep(self, moto: Moto) -> None:
        """Write down what the call before changed; its answer goes out after."""
