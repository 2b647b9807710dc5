"""The CloudWatch API over the run's metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.services.cloudwatch.statistics import SIMPLE, StatisticSet, percentile
from local_runtime.services.cloudwatch.store import MINUTE, Dimensions, MetricStore, Series

Request = dict[str, Any]
Response = dict[str, Any]

MAX_DATA_POINTS = 1440
PAGE = 500


class CloudWatchService:
    """A `Service`. JSON and query clients write numbers and times differently: both forms are read."""

    def __init__(self, store: MetricStore) -> None:
        self._store = store
        self._actions: dict[str, Callable[[Request], Response]] = {
            "PutMetricData": self._put_metric_data,
            "GetMetricStatistics": self._get_metric_statistics,
            "GetMetricData": self._get_metric_data,
            "ListMetrics": self._list_metrics,
        }

    def __call__(self, action: str, request: Request) -> Response:
        answer = self._actions.get(action)
        if answer is None:
            known = ", ".join(sorted(self._actions))
            raise AwsError(
                "UnknownOperationException", f"CloudWatch {action} is not run here; these are: {known}"
            )
        return answer(request)

    def _put_metric_data(self, request: Request) -> Response:
        namespace = _text(request, "Namespace")
        if namespace.startswith("AWS/"):
            raise _invalid("The value AWS/ for parameter Namespace is invalid: it is reserved.")
        data = [_datum(namespace, item) for item in _items(request, "MetricData")]
        for series, values, at in data:
            self._store.record_set(series, values, at)
        return {}

    def _get_metric_statistics(self, request: Request) -> Response:
        namespace, name = _text(request, "Namespace"), _text(request, "MetricName")
        simple = [str(item) for item in request.get("Statistics", [])]
        extended = [str(item) for item in request.get("ExtendedStatistics", [])]
        if not simple and not extended:
            raise AwsError(
                "MissingParameter", "At least one of Statistics and ExtendedStatistics must be given."
            )
        for statistic in simple:
            if statistic not in SIMPLE:
                raise _invalid(
                    f"The value {statistic} for parameter Statistics is invalid; {', '.join(SIMPLE)}"
                )
        for statistic in extended:
            percentile(statistic)
        points = self._periods(
            namespace, name, _dimensions(request), request.get("Unit"), *_range(request), _period(request)
        )
        if len(points) > MAX_DATA_POINTS:
            message = f"You have requested up to {len(points)} datapoints, the limit is {MAX_DATA_POINTS}."
            raise AwsError("InvalidParameterCombination", message)
        return {"Label": name, "Datapoints": [_data_point(*point, simple, extended) for point in points]}

    def _get_metric_data(self, request: Request) -> Response:
        start, end = _range(request)
        results = [self._result(query, start, end) for query in _items(request, "MetricDataQueries")]
        if request.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            for result in results:
                result["Timestamps"].reverse()
                result["Values"].reverse()
        return {"MetricDataResults": results, "Messages": []}

    def _result(self, query: Request, start: float, end: float) -> dict[str, Any]:
        stat = query.get("MetricStat")
        if stat is None:
            raise _invalid(
                f"The query {query.get('Id')!r} has no MetricStat; metric expressions are not run here."
            )
        metric = stat["Metric"]
        name, statistic = _text(metric, "MetricName"), _text(stat, "Stat")
        if statistic not in SIMPLE:
            percentile(statistic)
        found = self._periods(
            _text(metric, "Namespace"), name, _dimensions(metric), stat.get("Unit"), start, end, _period(stat)
        )
        return {
            "Id": query["Id"],
            "Label": query.get("Label", name),
            "Timestamps": [datetime.fromtimestamp(at, UTC) for at, _, _ in found],
            "Values": [values.value(statistic) for _, values, _ in found],
            "StatusCode": "Complete",
        }

    def _periods(
        self,
        namespace: str,
        name: str,
        dimensions: Dimensions,
        unit: str | None,
        start: float,
        end: float,
        period: int,
    ) -> list[tuple[int, StatisticSet, str]]:
        """Start, values and unit of each period that has any."""
        self._store.fold()
        found: dict[tuple[int, str], StatisticSet] = {}
        for series in self._store.series():
            if (series.namespace, series.name, series.dimensions) != (namespace, name, dimensions):
                continue
            if unit is not None and series.unit != unit:
                continue
            for minute, values in self._store.points(series, start // MINUTE * MINUTE, end):
                at = minute // period * period
                found.setdefault((at, series.unit), StatisticSet()).merge(values)
        return [(at, values, unit) for (at, unit), values in sorted(found.items(), key=lambda item: item[0])]

    def _list_metrics(self, request: Request) -> Response:
        self._store.fold()
        wanted = [(str(item["Name"]), item.get("Value")) for item in request.get("Dimensions", [])]
        matching = {
            (series.namespace, series.name, series.dimensions): None
            for series in self._store.series()
            if request.get("Namespace") in (None, series.namespace)
            and request.get("MetricName") in (None, series.name)
            and _has(series.dimensions, wanted)
        }
        token = str(request.get("NextToken", "0"))
        if not token.isdecimal():
            raise _invalid("The token in NextToken is not one of ListMetrics.")
        start = int(token)
        metrics = [
            {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            }
            for namespace, name, dimensions in list(matching)[start : start + PAGE]
        ]
        answer: Response = {"Metrics": metrics}
        if start + PAGE < len(matching):
            answer["NextToken"] = str(start + PAGE)
        return answer


def _has(dimensions: Dimensions, wanted: Iterable[tuple[str, str | None]]) -> bool:
    found = dict(dimensions)
    return all(name in found and value in (None, found[name]) for name, value in wanted)


def _datum(namespace: str, item: Request) -> tuple[Series, StatisticSet, float]:
    series = Series(namespace, _text(item, "MetricName"), _dimensions(item), str(item.get("Unit", "None")))
    at = _time(item["Timestamp"]) if "Timestamp" in item else datetime.now(UTC).timestamp()
    values = StatisticSet()
    if "StatisticValues" in item:
        given = item["StatisticValues"]
        count, total, least, most = (
            float(given[key]) for key in ("SampleCount", "Sum", "Minimum", "Maximum")
        )
        values = StatisticSet(count, total, least, most)  # without single values there are no percentiles
    elif "Values" in item:
        counts = item.get("Counts", [1] * len(item["Values"]))
        if len(counts) != len(item["Values"]):
            raise _invalid("The parameters Values and Counts must have the same number of items.")
        for value, count in zip(item["Values"], counts, strict=True):
            values.add(float(value), float(count))
    elif "Value" in item:
        values.add(float(item["Value"]))
    else:
        raise AwsError("MissingParameter", f"{series.name}: one of Value, Values, StatisticValues is needed.")
    return series, values, at


def _data_point(
    at: int, values: StatisticSet, unit: str, simple: Sequence[str], extended: Sequence[str]
) -> dict[str, Any]:
    point: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(at, UTC), "Unit": unit}
    point.update({name: values.value(name) for name in simple})
    if extended:
        point["ExtendedStatistics"] = {name: values.value(name) for name in extended}
    return point


def _range(request: Request) -> tuple[float, float]:
    start, end = (_time(request.get(name)) for name in ("StartTime", "EndTime"))
    if start >= end:
        raise _invalid("The parameter StartTime must be less than the parameter EndTime.")
    return start, end


def _time(value: Any) -> float:
    """Seconds since 1970, which is JSON's form, or ISO 8601, which is the form of queries."""
    if isinstance(value, int | float):
        return float(value)
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise _invalid(f"A time must be ISO 8601 or seconds since 1970 (got {value!r}).") from None
    return (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp()


def _period(request: Request) -> int:
    given = str(request.get("Period", ""))
    if not given.isdecimal() or int(given) < MINUTE or int(given) % MINUTE:
        raise _invalid(f"The parameter Period must be a multiple of 60 seconds (got {given!r}).")
    return int(given)


def _dimensions(request: Request) -> Dimensions:
    return tuple(sorted((str(item["Name"]), str(item["Value"])) for item in request.get("Dimensions", [])))


def _items(request: Request, name: str) -> list[Request]:
    items = request.get(name)
    if not isinstance(items, list) or not items:
        raise AwsError("MissingParameter", f"The parameter {name} must have at least one item.")
    return items


def _text(request: Request, name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise AwsError("MissingParameter", f"The parameter {name} is required.")
    return value


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)
