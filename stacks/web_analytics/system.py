"""The main system: API -> stream -> delivery through the function -> Iceberg table."""

from __future__ import annotations

from aws_cdk import App, Environment, Stack

from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.delivery_role_stack import DeliveryRoleStack
from stacks.web_analytics.delivery_stream_stack import DeliveryStreamStack
from stacks.web_analytics.encryption_key_stack import EncryptionKeyStack
from stacks.web_analytics.iceberg_storage_stack import IcebergStorageStack
from stacks.web_analytics.kinesis_proxy_api_stack import KinesisProxyApiStack
from stacks.web_analytics.kinesis_stream_stack import KinesisStreamStack
from stacks.web_analytics.lake_formation_stack import LakeFormationStack
from stacks.web_analytics.monitoring_stack import MonitoringStack
from stacks.web_analytics.transform_function_stack import TransformFunctionStack
from stacks.web_analytics.web_dashboard_stack import WebDashboardStack


def add_web_analytics(app: App, config: WebAnalyticsConfig, env: Environment | None) -> None:
    """Adds the stacks and the order that their templates cannot say, because names alone connect them.

    The CLI lists and deploys stacks in rounds, each sorted by name; the dependencies make the rounds.
    """
    keys = _encryption_key(app, config, env)
    api = KinesisProxyApiStack(app, "WebAnalyticsKdsProxyApiGw", config=config, env=env)
    stream = KinesisStreamStack(app, "WebAnalyticsKinesisStream", config=config, env=env)
    storage = IcebergStorageStack(app, "WebAnalyticsDataFirehoseToIcebergS3Path", config=config, env=env)
    function = TransformFunctionStack(
        app, "WebAnalyticsFirehoseDataTransformLambdaStack", config=config, env=env
    )
    role = DeliveryRoleStack(app, "WebAnalyticsFirehoseToIcebergRoleStack", config=config, env=env)
    grants = LakeFormationStack(app, "WebAnalyticsGrantLFPermissionsOnFirehoseRole", config=config, env=env)
    delivery = DeliveryStreamStack(app, "WebAnalyticsFirehoseToIcebergStack", config=config, env=env)
    monitoring = MonitoringStack(app, "WebAnalyticsMonitoring", config=config, env=env)

    pages = _web_dashboard(app, config, env)
    _after(stream, storage, function, role)
    _after(storage, grants)
    _after(role, grants)
    _after(function, delivery)
    _after(grants, delivery)
    _after(delivery, monitoring)
    _after(monitoring, *pages)
    for key in keys:
        _after(key, api, stream, storage, function, role, grants, delivery, monitoring, *pages)


def _encryption_key(app: App, config: WebAnalyticsConfig, env: Environment | None) -> list[Stack]:
    """The key's stack, if the app is to create one."""
    if not config.encryption.customer_managed_key or config.encryption.key_arn is not None:
        return []
    return [EncryptionKeyStack(app, "WebAnalyticsEncryptionKey", config=config, env=env)]


def _web_dashboard(app: App, config: WebAnalyticsConfig, env: Environment | None) -> list[Stack]:
    if not config.web_analytics_dashboard.enabled:
        return []
    return [WebDashboardStack(app, "WebAnalyticsDashboard", config=config, env=env)]


def _after(first: Stack, *others: Stack) -> None:
    for stack in others:
        stack.add_stack_dependency(first)
