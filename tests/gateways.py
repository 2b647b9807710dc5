"""The APIs of an assembly over chosen services, for tests of one API among several."""

from __future__ import annotations

from collections.abc import Mapping

from local_runtime.assembly import Assembly
from local_runtime.gateway import Gateway
from local_runtime.service import Service


def gateway_over(assembly: Assembly, services: Mapping[str, Service]) -> Gateway:
    """Functions and user pools of the other APIs are known by name; a call of them would fail."""
    functions = dict.fromkeys(item.arn for item in assembly.of_type("AWS::Lambda::Function"))
    return Gateway(assembly, services, functions=functions, user_pool_keys=lambda _pool: {"keys": []})
