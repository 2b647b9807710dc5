"""The settings of the synthesized templates that a bill depends on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BadInputError

Resource = Mapping[str, Any]

HINT_DEFAULTS = {"BufferSizeInMBs": 1.0, "BufferIntervalInSeconds": 60.0}
"""What Firehose takes where the template says nothing."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """One delivery stream with what stands before and around it."""

    retention_hours: float
    transform_buffer_mb: float
    transform_interval_seconds: float
    memory_mb: int
    architecture: str
    buffer_mb: float
    buffer_seconds: float
    append_only: bool
    access_log_bytes: int = 0
    method_metrics: bool = False
    api_traced: bool = False
    function_traced: bool = False
    throttling_rate: float | None = None
    alarm_metrics: int = 0
    """Each alarm's metrics: an alarm on an expression is billed for every metric in it."""
    dashboards: int = 0
    kms_keys: int = 0
    waf_rules: tuple[int, ...] = ()
    """The number of rules of each web ACL."""


def read_pipeline(assembly: Path, stack_prefix: str) -> Pipeline:
    """The settings of the stacks whose names start with the prefix.

    Raises:
        BadInputError: there is no assembly, or the stacks do not hold one whole pipeline.
    """
    resources = _Resources(list(_resources(assembly, stack_prefix)), f"{assembly} ({stack_prefix}* stacks)")
    delivery = resources.only("AWS::KinesisFirehose::DeliveryStream", _is_iceberg, "to an Iceberg table")
    destination = delivery["Properties"]["IcebergDestinationConfiguration"]
    processor = _lambda_parameters(destination, resources.place)
    function_arn = json.dumps(processor.get("LambdaArn"))
    function = resources.only(
        "AWS::Lambda::Function",
        lambda item: str(item["Properties"].get("FunctionName", "\0")) in function_arn,
        "that the delivery stream calls",
    )["Properties"]
    hints = destination.get("BufferingHints", {"IntervalInSeconds": 300, "SizeInMBs": 5})
    return Pipeline(
        retention_hours=_retention_hours(resources),
        transform_buffer_mb=_number(processor, "BufferSizeInMBs"),
        transform_interval_seconds=_number(processor, "BufferIntervalInSeconds"),
        memory_mb=int(function.get("MemorySize", 128)),
        architecture=function.get("Architectures", ["x86_64"])[0],
        function_traced=function.get("TracingConfig", {}).get("Mode") == "Active",
        buffer_mb=float(hints["SizeInMBs"]),
        buffer_seconds=float(hints["IntervalInSeconds"]),
        append_only=bool(destination.get("AppendOnly", False)),
        alarm_metrics=sum(map(_alarm_metrics, resources.of_type("AWS::CloudWatch::Alarm"))),
        dashboards=resources.count("AWS::CloudWatch::Dashboard"),
        kms_keys=resources.count("AWS::KMS::Key"),
        waf_rules=tuple(
            len(item["Properties"].get("Rules", ())) for item in resources.of_type("AWS::WAFv2::WebACL")
        ),
        **_stage_settings(resources),
    )


class _Resources:
    def __init__(self, resources: Sequence[Resource], place: str) -> None:
        self._resources = resources
        self.place = place

    def of_type(self, *types: str) -> list[Resource]:
        return [item for item in self._resources if item["Type"] in types]

    def count(self, *types: str) -> int:
        return len(self.of_type(*types))

    def only(self, type_: str, matches: Any, what: str) -> Resource:
        found = [item for item in self.of_type(type_) if matches(item)]
        if len(found) != 1:
            raise BadInputError(f"{self.place}: there must be one {type_} {what} (found {len(found)})")
        return found[0]


def _resources(assembly: Path, stack_prefix: str) -> Iterator[Resource]:
    try:
        manifest = json.loads((assembly / "manifest.json").read_bytes())
        for name, artifact in manifest["artifacts"].items():
            if artifact["type"] == "aws:cloudformation:stack" and name.startswith(stack_prefix):
                template = json.loads((assembly / artifact["properties"]["templateFile"]).read_bytes())
                resources = template["Resources"].values()
                yield from ({"Properties": {}, "Stack": name, **item} for item in resources)
    except FileNotFoundError as error:
        raise BadInputError(
            f"{assembly}: no cloud assembly here ({error.filename} is missing); run `make synth` first"
        ) from None
    except (ValueError, KeyError, TypeError, NotADirectoryError) as error:
        raise BadInputError(
            f"{assembly}: not a cloud assembly ({type(error).__name__}: {error}); run `make synth` first"
        ) from None


def _is_iceberg(resource: Resource) -> bool:
    return "IcebergDestinationConfiguration" in resource["Properties"]


def _alarm_metrics(alarm: Resource) -> int:
    queries = alarm["Properties"].get("Metrics", ())
    return max(1, sum("MetricStat" in query for query in queries))


def _lambda_parameters(destination: Mapping[str, Any], place: str) -> dict[str, Any]:
    processing = destination.get("ProcessingConfiguration", {})
    for processor in processing.get("Processors", ()):
        if processor["Type"] == "Lambda":
            return {item["ParameterName"]: item["ParameterValue"] for item in processor["Parameters"]}
    raise BadInputError(f"{place}: the delivery stream has no Lambda processor")


def _number(parameters: Mapping[str, Any], name: str) -> float:
    return float(parameters.get(name, HINT_DEFAULTS[name]))


def _retention_hours(resources: _Resources) -> float:
    stream = resources.only("AWS::Kinesis::Stream", lambda item: True, "")["Properties"]
    mode = stream.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    if mode != "ON_DEMAND":
        raise BadInputError(
            f"{resources.place}: StreamMode {mode} is not priced here; only ON_DEMAND streams are"
        )
    return float(stream.get("RetentionPeriodHours", 24))


def _stage_settings(resources: _Resources) -> dict[str, Any]:
    """Of the API that writes to the stream: a dashboard has an API of its own."""
    writing = {
        method["Stack"]
        for method in resources.of_type("AWS::ApiGateway::Method")
        if ":kinesis:" in json.dumps(method["Properties"].get("Integration"))
    }
    stage = resources.only(
        "AWS::ApiGateway::Stage",
        lambda item: item["Stack"] in writing,
        "of a REST API in front of the stream",
    )["Properties"]
    settings = [item for item in stage.get("MethodSettings", ()) if item.get("ResourcePath") == "/*"]
    every_method = settings[0] if settings else {}
    return {
        "access_log_bytes": len(stage.get("AccessLogSetting", {}).get("Format", "")),
        "api_traced": bool(stage.get("TracingEnabled", False)),
        "method_metrics": bool(every_method.get("MetricsEnabled", False)),
        "throttling_rate": every_method.get("ThrottlingRateLimit"),
    }
