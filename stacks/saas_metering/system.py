"""Usage per user of an API: access log -> delivery stream -> JSON by the hour -> merged Parquet -> Athena."""

from __future__ import annotations

from aws_cdk import App, Environment, Stack

from stacks.saas_metering.catalog_stack import CatalogStack
from stacks.saas_metering.config import SaasMeteringConfig
from stacks.saas_metering.delivery_stack import DeliveryStack
from stacks.saas_metering.merge_stack import MergeStack
from stacks.saas_metering.monitoring_stack import MonitoringStack
from stacks.saas_metering.random_strings_api_stack import RandomStringsApiStack


def add_saas_metering(app: App, config: SaasMeteringConfig, env: Environment | None) -> None:
    """Adds the stacks, in the order in which they are deployed; names alone connect them."""
    delivery = DeliveryStack(app, "RestApiAccessLogToS3", config=config, env=env)
    api = RandomStringsApiStack(app, "RandomGenApiGw", config=config, env=env)
    catalog = CatalogStack(app, "RestApiAccessLogCatalog", config=config, env=env)
    merge = MergeStack(app, "RestApiAccessLogMergeSmallFiles", config=config, env=env)
    monitoring = MonitoringStack(app, "RestApiAccessLogMonitoring", config=config, env=env)
    _after(delivery, api, catalog)
    _after(catalog, merge)
    _after(merge, monitoring)
    _after(api, monitoring)


def _after(first: Stack, *others: Stack) -> None:
    for stack in others:
        stack.add_stack_dependency(first)
