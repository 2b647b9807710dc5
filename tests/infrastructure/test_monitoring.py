"""Dashboard and alarms: which metrics they watch, when they wake somebody, and what they then say."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from stacks.config import ROOT
from stacks.web_analytics.monitoring_stack import MonitoringStack

ALARM = "AWS::CloudWatch::Alarm"
PREFIX = "web-analytics-"
RUNBOOK = ROOT / "docs" / "runbook.md"

API = {"ApiName": "log-collector", "Stage": "v1"}
STREAM = {"StreamName": "PUT-Firehose-aEhWz"}
FUNCTION = {"FunctionName": "web-analytics-firehose-data-transform"}
DELIVERY = {"DeliveryStreamName": "web-analytics-b19c5bc8"}

MINUTE, PERIOD = 60_000, 300

# name -> namespace, metric, dimensions, statistic, comparison and threshold, datapoints of periods
PLAIN = {
    "api-latency": ("AWS/ApiGateway", "Latency", API, "p99", ">= 1000", "3/3"),
    "stream-write-throttled": (
        "AWS/Kinesis",
        "WriteProvisionedThroughputExceeded",
        STREAM,
        "Sum",
        ">= 1",
        "2/3",
    ),
    "stream-reader-lag": (
        "AWS/Kinesis",
        "GetRecords.IteratorAgeMilliseconds",
        STREAM,
        "Maximum",
        f">= {15 * MINUTE}",
        "2/2",
    ),
    "delivery-reader-lag": (
        "AWS/Firehose",
        "KinesisMillisBehindLatest",
        DELIVERY,
        "Maximum",
        f">= {15 * MINUTE}",
        "2/2",
    ),
    "transform-errors": ("AWS/Lambda", "Errors", FUNCTION, "Sum", ">= 1", "1/1"),
    "transform-throttles": ("AWS/Lambda", "Throttles", FUNCTION, "Sum", ">= 1", "2/2"),
    "transform-duration": ("AWS/Lambda", "Duration", FUNCTION, "Maximum", ">= 48000", "2/2"),
    "delivery-freshness": (
        "AWS/Firehose",
        "DeliveryToIceberg.DataFreshness",
        DELIVERY,
        "Maximum",
        ">= 1800",
        "2/2",
    ),
    "delivery-failed-rows": (
        "AWS/Firehose",
        "DeliveryToIceberg.FailedRowCount",
        DELIVERY,
        "Sum",
        ">= 1",
        "1/1",
    ),
}

# name -> expression, its series, comparison and threshold, datapoints of periods
MATH: dict[str, tuple[str, dict[str, tuple[str, str, dict[str, str]]], str, str]] = {
    "api-server-errors": (
        "IF(requests >= 100, 100 * part / (requests), 0)",
        {"part": ("AWS/ApiGateway", "5XXError", API), "requests": ("AWS/ApiGateway", "Count", API)},
        ">= 1",
        "2/3",
    ),
    "api-client-errors": (
        "IF(requests >= 100, 100 * part / (requests), 0)",
        {"part": ("AWS/ApiGateway", "4XXError", API), "requests": ("AWS/ApiGateway", "Count", API)},
        ">= 20",
        "3/3",
    ),
    "records-rejected": (
        "IF(accepted + rejected >= 100, 100 * part / (accepted + rejected), 0)",
        {
            "part": ("WebAnalytics", "Rejected", FUNCTION),
            "accepted": ("WebAnalytics", "Accepted", FUNCTION),
            "rejected": ("WebAnalytics", "Rejected", FUNCTION),
        },
        ">= 5",
        "2/3",
    ),
    "delivery-stores-nothing": (
        "IF(FILL(received, 0) > 0 AND FILL(stored, 0) == 0, 1, 0)",
        {
            "received": ("AWS/Kinesis", "IncomingRecords", STREAM),
            "stored": ("AWS/Firehose", "DeliveryToIceberg.SuccessfulRowCount", DELIVERY),
        },
        ">= 1",
        "2/2",
    ),
}

COMPARISONS = {"GreaterThanOrEqualToThreshold": ">=", "LessThanThreshold": "<"}


@pytest.fixture(scope="module")
def monitoring(assembly: Any) -> Any:
    return assembly["WebAnalyticsMonitoring"]


def alarms(template: Any) -> dict[str, dict[str, Any]]:
    return {
        alarm["Properties"]["AlarmName"].removeprefix(PREFIX): alarm["Properties"]
        for alarm in template.of_type(ALARM).values()
    }


def when(alarm: dict[str, Any]) -> tuple[str, str]:
    comparison = COMPARISONS[alarm["ComparisonOperator"]]
    return (
        f"{comparison} {alarm['Threshold']}",
        f"{alarm['DatapointsToAlarm']}/{alarm['EvaluationPeriods']}",
    )


def dimensions(metric: dict[str, Any]) -> dict[str, str]:
    return {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}


def dashboard(template: Any) -> dict[str, Any]:
    body = template.properties("AWS::CloudWatch::Dashboard")["DashboardBody"]
    text = "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in body["Fn::Join"][1])
    return json.loads(text)  # type: ignore[no-any-return]


def test_these_are_all_the_alarms(monitoring: Any) -> None:
    assert set(alarms(monitoring)) == set(PLAIN) | set(MATH)


@pytest.mark.parametrize("name", PLAIN)
def test_alarm_watches_one_metric(name: str, monitoring: Any) -> None:
    alarm = alarms(monitoring)[name]
    statistic = alarm["ExtendedStatistic"] if "ExtendedStatistic" in alarm else alarm["Statistic"]
    watched = (alarm["Namespace"], alarm["MetricName"], dimensions(alarm), statistic)
    assert (*watched, *when(alarm)) == PLAIN[name]
    assert alarm["Period"] == PERIOD


@pytest.mark.parametrize("name", MATH)
def test_alarm_computes_from_several_metrics(name: str, monitoring: Any) -> None:
    alarm = alarms(monitoring)[name]
    (result,) = [query for query in alarm["Metrics"] if query["ReturnData"]]
    series = {
        query["Id"]: (
            query["MetricStat"]["Metric"]["Namespace"],
            query["MetricStat"]["Metric"]["MetricName"],
            dimensions(query["MetricStat"]["Metric"]),
        )
        for query in alarm["Metrics"]
        if "MetricStat" in query
    }
    assert (result["Expression"], series, *when(alarm)) == MATH[name]
    for query in alarm["Metrics"]:
        if "MetricStat" in query:
            period = 1800 if name == "delivery-stores-nothing" else PERIOD
            assert (query["MetricStat"]["Stat"], query["MetricStat"]["Period"]) == ("Sum", period)


def periods(alarm: dict[str, Any]) -> set[int]:
    if "Period" in alarm:
        return {alarm["Period"]}
    return {query["MetricStat"]["Period"] for query in alarm["Metrics"] if "MetricStat" in query}


@pytest.mark.parametrize("minutes", [5, 55, 1440])
def test_no_alarm_looks_back_over_more_than_cloudwatch_does(synthesize: Any, minutes: int) -> None:
    """Seven days in periods of an hour or more, a day in shorter ones."""
    settings = {"nothing_received_after_minutes": minutes, "nothing_stored_after_minutes": minutes}
    for alarm in alarms(synthesize(MonitoringStack, monitoring=settings)).values():
        (period,) = periods(alarm)
        assert alarm["EvaluationPeriods"] * period <= (7 * 86_400 if period >= 3600 else 86_400)


def test_silence_is_no_alarm(monitoring: Any) -> None:
    assert {alarm["TreatMissingData"] for alarm in alarms(monitoring).values()} == {"notBreaching"}


def test_silence_is_an_alarm_when_asked_for(synthesize: Any) -> None:
    template = synthesize(MonitoringStack, monitoring={"nothing_received_after_minutes": 60})
    alarm = alarms(template)["nothing-received"]
    assert (alarm["MetricName"], dimensions(alarm), alarm["TreatMissingData"]) == (
        "IncomingRecords",
        STREAM,
        "breaching",
    )
    assert when(alarm) == ("< 1", "12/12")


def test_thresholds_are_settings(synthesize: Any) -> None:
    settings = {
        "ratio_minimum": 7,
        "rejected_records_percent": 50,
        "reader_lag_in_minutes": 30,
        "transform_duration_percent": 50,
        "nothing_stored_after_minutes": 60,
    }
    found = alarms(synthesize(MonitoringStack, monitoring=settings))
    assert found["records-rejected"]["Threshold"] == 50
    assert found["records-rejected"]["Metrics"][0]["Expression"].startswith("IF(accepted + rejected >= 7,")
    assert found["stream-reader-lag"]["Threshold"] == found["delivery-reader-lag"]["Threshold"] == 30 * MINUTE
    assert found["transform-duration"]["Threshold"] == 30_000
    assert periods(found["delivery-stores-nothing"]) == {3600}


def test_every_alarm_tells_the_topic_when_it_begins_and_ends(monitoring: Any) -> None:
    (topic,) = monitoring.of_type("AWS::SNS::Topic")
    for alarm in alarms(monitoring).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]


def test_every_alarm_says_what_to_do_and_links_its_section(monitoring: Any) -> None:
    for name, alarm in alarms(monitoring).items():
        description = alarm["AlarmDescription"]
        assert description.endswith(f" More: docs/runbook.md#{name}")
        assert len(re.findall(r"[.?] ", description)) >= 2, "what it means, and what to do"
        assert len(description) <= 1024


def test_runbook_may_be_read_elsewhere(synthesize: Any) -> None:
    template = synthesize(MonitoringStack, monitoring={"runbook": "https://wiki.example.org/web-analytics"})
    for name, alarm in alarms(template).items():
        assert alarm["AlarmDescription"].endswith(f"https://wiki.example.org/web-analytics#{name}")


def test_runbook_has_a_section_for_each_alarm_in_order(synthesize: Any) -> None:
    template = synthesize(MonitoringStack, monitoring={"nothing_received_after_minutes": 60})
    sections = re.findall(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == list(alarms(template))


def test_links_in_the_runbook_lead_to_sections() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    assert set(re.findall(r"\(#([\w-]+)\)", text)) <= set(re.findall(r"^## (.+)$", text, re.MULTILINE))


def test_only_alarms_of_this_account_reach_the_topic_and_over_tls_alone(monitoring: Any) -> None:
    (allow, deny) = monitoring.properties("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert (allow["Effect"], allow["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
    assert allow["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_mail_is_a_setting(monitoring: Any, synthesize: Any) -> None:
    assert monitoring.of_type("AWS::SNS::Subscription") == {}
    template = synthesize(MonitoringStack, monitoring={"alarm_email": "oncall@example.org"})
    subscription = template.properties("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "oncall@example.org")


def test_dashboard_says_first_what_good_looks_like_then_whether_data_flows(monitoring: Any) -> None:
    header, flow, status = dashboard(monitoring)["widgets"][:3]
    assert header["type"] == "text"
    assert "**Good:**" in header["properties"]["markdown"]
    assert [series[1] for series in flow["properties"]["metrics"]] == [
        "IncomingRecords",
        "DataReadFromKinesisStream.Records",
        "DeliveryToIceberg.SuccessfulRowCount",
        "Rejected",
        "DeliveryToIceberg.FailedRowCount",
        "DeliveryToIceberg.DataFreshness",
    ]
    names = [arn.split(":alarm:")[1].removeprefix(PREFIX) for arn in status["properties"]["alarms"]]
    assert names == list(alarms(monitoring))


def test_dashboard_goes_through_the_parts_in_order(monitoring: Any) -> None:
    titles = [widget["properties"].get("title", "") for widget in dashboard(monitoring)["widgets"]]
    parts = [title.split(":")[0] for title in titles if ":" in title]
    assert list(dict.fromkeys(parts)) == ["Ingest", "Stream", "Transform", "Delivery", "Table"]


def test_widgets_fill_the_grid_without_overlap(monitoring: Any) -> None:
    cells: set[tuple[int, int]] = set()
    for widget in dashboard(monitoring)["widgets"]:
        for x in range(widget["x"], widget["x"] + widget["width"]):
            for y in range(widget["y"], widget["y"] + widget["height"]):
                assert (x, y) not in cells
                assert 0 <= x < 24
                cells.add((x, y))


def test_dashboard_shows_metrics_under_the_names_that_alarms_use(monitoring: Any) -> None:
    known = [API, STREAM, FUNCTION, DELIVERY]
    for widget in dashboard(monitoring)["widgets"]:
        if widget["type"] != "metric":
            continue
        assert widget["properties"]["region"] == "<AWS::Region>"
        for series in widget["properties"]["metrics"]:
            if isinstance(series[0], str) and series[0] != "AWS/S3":
                assert dict(zip(series[2:-1:2], series[3:-1:2], strict=True)) in known
