"""The metrics by which the main system is watched, each under the name that AWS gives it.

https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-metric.html
https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from stacks.common.metrics import Metric
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.names import API, API_STAGE, METRICS_NAMESPACE, TRANSFORM_FUNCTION, Names

_DAY_IN_SECONDS = 86_400


class Metrics:
    """The metrics of each part, from the request to the table."""

    def __init__(self, names: Names, config: WebAnalyticsConfig) -> None:
        self._delivery_stream = names.delivery_stream
        self._stream = config.kinesis_stream_name
        self._bucket = names.bucket

    def api(self, name: str, statistic: str = "Sum") -> Metric:
        return Metric("AWS/ApiGateway", name, {"ApiName": API, "Stage": API_STAGE}, statistic)

    def stream(self, name: str, statistic: str = "Sum") -> Metric:
        return Metric("AWS/Kinesis", name, {"StreamName": self._stream}, statistic)

    def function(self, name: str, statistic: str = "Sum") -> Metric:
        return Metric("AWS/Lambda", name, {"FunctionName": TRANSFORM_FUNCTION}, statistic)

    def transform(self, name: str) -> Metric:
        """What the function itself counts: Accepted, Rejected and Rejected.{reason}."""
        return Metric(METRICS_NAMESPACE, name, {"FunctionName": TRANSFORM_FUNCTION})

    def delivery(self, name: str, statistic: str = "Sum") -> Metric:
        return Metric("AWS/Firehose", name, {"DeliveryStreamName": self._delivery_stream}, statistic)

    def table(self, name: str, statistic: str = "Sum") -> Metric:
        """What Firehose does to the table."""
        return self.delivery(f"DeliveryToIceberg.{name}", statistic)

    def bucket(self, name: str, storage_type: str) -> Metric:
        dimensions = {"BucketName": self._bucket, "StorageType": storage_type}
        return Metric("AWS/S3", name, dimensions, "Average", _DAY_IN_SECONDS)
