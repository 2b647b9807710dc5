"""The stacks of each system, in the order in which they are deployed."""

from __future__ import annotations

DEPLOY_ORDER = {
    "web_analytics": [
        "WebAnalyticsKdsProxyApiGw",
        "WebAnalyticsKinesisStream",
        "WebAnalyticsDataFirehoseToIcebergS3Path",
        "WebAnalyticsFirehoseDataTransformLambdaStack",
        "WebAnalyticsFirehoseToIcebergRoleStack",
        "WebAnalyticsGrantLFPermissionsOnFirehoseRole",
        "WebAnalyticsFirehoseToIcebergStack",
        "WebAnalyticsMonitoring",
        "WebAnalyticsDashboard",
    ],
    "click_logger": [
        "ClickLoggerTable",
        "ClickLoggerDelivery",
        "ClickLoggerApi",
        "ClickLoggerMonitoring",
    ],
    "event_reporting": ["EventReportingStorage", "EventReportingDelivery", "EventReportingReport"],
    "saas_metering": [
        "RestApiAccessLogToS3",
        "RandomGenApiGw",
        "RestApiAccessLogCatalog",
        "RestApiAccessLogMergeSmallFiles",
        "RestApiAccessLogMonitoring",
    ],
    "app_analytics": [
        "AppAnalyticsStorage",
        "AppAnalyticsDelivery",
        "AppAnalyticsCatalog",
        "AppAnalyticsQueries",
        "AppAnalyticsMonitoring",
        "AppAnalyticsDashboard",
    ],
}
STACKS = [stack for stacks in DEPLOY_ORDER.values() for stack in stacks]
