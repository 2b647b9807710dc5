"""API keys and usage plans: who has a key, how fast and how often it may be used.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.gateway.api import Rate
from local_runtime.gateway.context import Invocation
from local_runtime.gateway.gateway_response import GatewayError
from local_runtime.gateway.throttle import TokenBuckets

_USAGE_PLAN = "AWS::ApiGateway::UsagePlan"

Stage = tuple[str, str]
"""(API id, stage name)"""


@dataclass(frozen=True)
class Quota:
    limit: int
    period: str
    offset: int
    """How many requests the first period does without."""


@dataclass(frozen=True)
class Plan:
    id: str
    stages: Mapping[Stage, Mapping[str, Rate]]
    """Per stage the throttles of single methods: `/streams/GET`."""
    rate: Rate | None
    quota: Quota | None


@dataclass(frozen=True)
class ApiKey:
    id: str
    plans: tuple[Plan, ...]
    stages: frozenset[Stage]
    """Stages that it opens without a plan."""


class UsagePlans:
    def __init__(self, assembly: Assembly, buckets: TokenBuckets, clock: Callable[[], float]) -> None:
        self._keys = dict(_keys(assembly))
        self._buckets = buckets
        self._clock = clock
        self._used: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()

    def __call__(self, invocation: Invocation) -> None:
        """Refuse a request without a good key, or one that its plan has no room for."""
        if not invocation.method.api_key_required:
            return
        by_header = invocation.api.api_key_source == "HEADER"
        value = invocation.request.headers.get("x-api-key", "") if by_header else invocation.usage_key
        key = self._keys.get(value)
        stage = (invocation.api.id, invocation.stage.name)
        plan = None if key is None else next((plan for plan in key.plans if stage in plan.stages), None)
        if key is None or (plan is None and stage not in key.stages):
            raise GatewayError("INVALID_API_KEY")
        invocation.context["identity"] |= {"apiKey": value, "apiKeyId": key.id}
        if plan is not None:
            self._throttle(invocation, plan, key, stage)
            self._count(plan, key)

    def _throttle(self, invocation: Invocation, plan: Plan, key: ApiKey, stage: Stage) -> None:
        method = f"{invocation.method.resource_path}/{invocation.method.http_method}"
        own = plan.stages[stage].get(method)
        rate = plan.rate if own is None else own
        bucket = (plan.id, key.id) if own is None else (plan.id, key.id, stage, method)
        if rate is not None and not self._buckets.take(bucket, rate):
            raise GatewayError("THROTTLED")

    def _count(self, plan: Plan, key: ApiKey) -> None:
        if plan.quota is None:
            return
        used = (plan.id, key.id, period(plan.quota.period, self._clock()))
        with self._lock:
            first = not any(counted[:2] == used[:2] for counted in self._used)
            if first:
                self._used[used] = plan.quota.offset
            if self._used[used] >= plan.quota.limit:
                raise GatewayError("QUOTA_EXCEEDED")
            self._used[used] += 1


def period(kind: str, now: float) -> str:
    """The day, the week (from Sunday on) or the month, in UTC, that a quota counts in."""
    moment = datetime.fromtimestamp(now, UTC)
    if kind == "DAY":
        return moment.strftime("%Y-%m-%d")
    return moment.strftime("%Y-%m" if kind == "MONTH" else "%Y week %U")


def key_value(resource: Resource) -> str:
    """A key's value; API Gateway makes one where the template has none, here it is the same in each run."""
    given = resource.properties.get("Value")
    if given is not None:
        return str(given)
    return hashlib.sha256(f"{resource.stack}/{resource.logical_id}".encode()).hexdigest()[:40]


def _keys(assembly: Assembly) -> Iterator[tuple[str, ApiKey]]:
    plans = {resource.physical_id: _plan(resource) for resource in assembly.of_type(_USAGE_PLAN)}
    members = [resource.properties for resource in assembly.of_type("AWS::ApiGateway::UsagePlanKey")]
    for resource in assembly.of_type("AWS::ApiGateway::ApiKey"):
        # CloudFormation makes a key disabled unless it is told otherwise.
        if resource.properties.get("Enabled") not in (True, "true"):
            continue
        yield (
            key_value(resource),
            ApiKey(
                id=resource.physical_id,
                plans=tuple(
                    plans[member["UsagePlanId"]]
                    for member in members
                    if member["KeyId"] == resource.physical_id
                ),
                stages=frozenset(
                    (stage["RestApiId"], stage["StageName"])
                    for stage in resource.properties.get("StageKeys", ())
                ),
            ),
        )


def _plan(resource: Resource) -> Plan:
    given = resource.properties
    quota = given.get("Quota")
    return Plan(
        id=resource.physical_id,
        stages={
            (stage["ApiId"], stage["Stage"]): {
                method: rate
                for method, throttle in stage.get("Throttle", {}).items()
                if (rate := _rate(throttle)) is not None
            }
            for stage in given.get("ApiStages", ())
        },
        rate=_rate(given.get("Throttle", {})),
        quota=None
        if quota is None
        else Quota(int(quota["Limit"]), str(quota["Period"]), int(quota.get("Offset", 0))),
    )


def _rate(throttle: Mapping[str, Any]) -> Rate | None:
    if "RateLimit" not in throttle:
        return None
    rate = float(throttle["RateLimit"])
    return Rate(rate, float(throttle.get("BurstLimit", rate)))
