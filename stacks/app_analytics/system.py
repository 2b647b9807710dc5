"""Raw JSON events, a schema that a crawler discovers, a dashboard."""

from __future__ import annotations

from aws_cdk import App, Environment

from stacks.app_analytics.catalog_stack import CatalogStack
from stacks.app_analytics.config import AppAnalyticsConfig
from stacks.app_analytics.dashboard_stack import DashboardStack
from stacks.app_analytics.delivery_stack import DeliveryStack
from stacks.app_analytics.monitoring_stack import MonitoringStack
from stacks.app_analytics.queries_stack import QueriesStack
from stacks.app_analytics.quicksight_stack import QuickSightStack
from stacks.app_analytics.storage_stack import StorageStack


def add_app_analytics(app: App, config: AppAnalyticsConfig, env: Environment | None) -> None:
    """Adds the stacks, in the order in which they are deployed."""
    storage = StorageStack(app, "AppAnalyticsStorage", config=config, env=env)
    delivery = DeliveryStack(app, "AppAnalyticsDelivery", config=config, env=env)
    catalog = CatalogStack(app, "AppAnalyticsCatalog", config=config, env=env)
    queries = QueriesStack(app, "AppAnalyticsQueries", config=config, env=env)
    monitoring = MonitoringStack(app, "AppAnalyticsMonitoring", config=config, env=env)

    delivery.add_stack_dependency(storage)
    catalog.add_stack_dependency(delivery)
    queries.add_stack_dependency(catalog)
    monitoring.add_stack_dependency(queries)
    if config.app_analytics.quicksight.principal_arn is not None:
        quicksight = QuickSightStack(app, "AppAnalyticsQuickSight", config=config, env=env)
        quicksight.add_stack_dependency(queries)
    if config.app_analytics.dashboard.enabled:
        dashboard = DashboardStack(app, "AppAnalyticsDashboard", config=config, env=env)
        dashboard.add_stack_dependency(queries)
