"""The estimate against a table computed apart from it, AWS's quanta, the templates, and a user's mistakes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from src.utils.cost.cli import run_command_line
from src.utils.cost.estimate import Design, Workload, estimate
from src.utils.cost.pipeline import Pipeline
from src.utils.cost.prices import Price, Tier, load_prices

MILLION = 10**6
STAGES = (
    *("API Gateway", "Kinesis hours", "Kinesis in", "Kinesis out"),
    *("Firehose to Iceberg", "Lambda transform"),
)
REFERENCE = Pipeline(
    retention_hours=24,
    transform_buffer_mb=1,
    transform_interval_seconds=60,
    memory_mb=512,
    architecture="x86_64",
    buffer_mb=128,
    buffer_seconds=60,
    append_only=True,
)


def workload(events: int, batch_size: int, **changes: Any) -> Workload:
    values = {"events": events, "bytes": 500, "batch_size": batch_size, "output_bytes": 650, **changes}
    return Workload(**values)


def usd(pipeline: Pipeline, work: Workload, *stages: str, design: Design = Design.STREAM) -> float:
    return estimate(pipeline, work, load_prices(), design).stage(*stages)


@pytest.mark.parametrize(
    ("events", "batch_size", "expected", "total"),
    [
        (1 * MILLION, 1, (3.50, 29.20, 0.08, 0.02, 0.05, 0.15), 33.0),
        (1 * MILLION, 25, (0.14, 29.20, 0.08, 0.02, 0.05, 0.15), 29.6),
        (1 * MILLION, 500, (0.01, 29.20, 0.08, 0.02, 0.05, 0.15), 29.5),
        (100 * MILLION, 1, (350, 29.20, 7.63, 1.86, 4.54, 0.19), 393),
        (100 * MILLION, 25, (14.0, 29.20, 7.63, 1.86, 4.54, 0.19), 57),
        (100 * MILLION, 500, (0.70, 29.20, 7.63, 1.86, 4.54, 0.19), 44),
        (1000 * MILLION, 1, (3033, 29.20, 76.3, 18.6, 45.4, 1.86), 3204),
        (1000 * MILLION, 25, (140, 29.20, 76.3, 18.6, 45.4, 1.86), 311),
        (1000 * MILLION, 500, (7.0, 29.20, 76.3, 18.6, 45.4, 1.86), 178),
    ],
)
def test_stages_cost_what_the_reference_table_says(
    events: int, batch_size: int, expected: tuple[float, ...], total: float
) -> None:
    work = workload(events, batch_size)
    for stage, figure in zip(STAGES, expected, strict=True):
        assert usd(REFERENCE, work, stage) == pytest.approx(figure, rel=0.005, abs=0.005), stage
    assert usd(REFERENCE, work, *STAGES) == pytest.approx(total, abs=0.5)


@pytest.mark.parametrize(
    ("size", "kilobytes"), [(1, 1), (1023, 1), (1024, 1), (1025, 2), (10 * 1024 + 1, 11)]
)
def test_kinesis_rounds_each_record_up_to_a_kilobyte(size: int, kilobytes: int) -> None:
    work = workload(MILLION, 1, bytes=size)
    assert usd(REFERENCE, work, "Kinesis in") == pytest.approx(MILLION * kilobytes * 1024 / 2**30 * 0.08)


def test_kinesis_out_and_firehose_are_not_rounded() -> None:
    one, two = (workload(MILLION, 1, bytes=size, output_bytes=size) for size in (100, 200))
    for stage in ("Kinesis out", "Firehose to Iceberg"):
        assert usd(REFERENCE, two, stage) == pytest.approx(2 * usd(REFERENCE, one, stage))


def test_last_request_of_a_month_may_be_a_small_one() -> None:
    assert workload(501, 500).requests == 2


def test_each_unit_costs_the_price_of_its_own_tier() -> None:
    price = Price("unit", (Tier(3.0, 10), Tier(2.0, 20), Tier(1.0)), "test")
    assert [price.of(units) for units in (0, 10, 11, 20, 25)] == [0, 30, 32, 50, 55]
    assert Price("unit", (Tier(1.0),), "test").of(math.pi) == math.pi


def test_commits_write_files_by_interval_and_partition() -> None:
    work = workload(100 * MILLION, 25, partitions=1)
    minute, five = (replace(REFERENCE, buffer_seconds=seconds) for seconds in (60, 300))
    assert usd(minute, work, "S3 PUT") == pytest.approx(43_800 * 4 * 0.005 / 1000)
    assert usd(five, work, "S3 PUT") == pytest.approx(8_760 * 4 * 0.005 / 1000)
    keyed = replace(minute, append_only=False)
    assert usd(keyed, work, "S3 PUT") == pytest.approx(43_800 * 5 * 0.005 / 1000)


def test_three_events_a_month_are_three_commits_at_most() -> None:
    lines = {line.stage: line for line in estimate(REFERENCE, workload(3, 1), load_prices()).lines}
    assert lines["S3 PUT"].counted.startswith("3 commits x (1 data")
    assert lines["Lambda transform"].counted.startswith("3 invocations")


def test_memory_up_to_one_cpu_buys_speed_and_beyond_it_costs() -> None:
    work = workload(1000 * MILLION, 500)
    small, whole, large = (
        usd(replace(REFERENCE, memory_mb=memory), work, "Lambda transform") for memory in (512, 1024, 3538)
    )
    assert small == pytest.approx(whole, rel=0.01)
    assert large == pytest.approx(2 * whole, rel=0.1)


def test_monitoring_and_protection_cost_what_the_templates_have_of_them() -> None:
    work = workload(MILLION, 1)
    bare = {line.stage for line in estimate(REFERENCE, work, load_prices()).lines}
    assert not bare & {"CloudWatch alarms", "WAF", "X-Ray", "KMS", "Kinesis retention"}
    full = replace(
        REFERENCE,
        alarm_metrics=20,
        dashboards=1,
        waf_rules=(2,),
        kms_keys=1,
        api_traced=True,
        retention_hours=48,
    )
    assert usd(full, work, "CloudWatch alarms") == pytest.approx(20 * 0.10 + 3)
    assert usd(full, work, "WAF") == pytest.approx(5 + 2 + 0.60)
    assert usd(full, work, "KMS") == 1
    assert usd(full, work, "X-Ray") == pytest.approx(5.00)
    assert usd(full, work, "Kinesis retention") > 0


def test_design_without_a_stream_costs_the_stream_less() -> None:
    work = workload(100 * MILLION, 25)
    with_stream = estimate(REFERENCE, work, load_prices())
    direct = estimate(REFERENCE, work, load_prices(), Design.DIRECT)
    saved = with_stream.stage("Kinesis hours", "Kinesis in", "Kinesis out")
    assert direct.usd == pytest.approx(with_stream.usd - saved)


def test_every_price_has_a_source() -> None:
    assert all(price.source and price.unit and price.tiers for price in load_prices().prices.values())


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run_command_line(arguments)
    output = capsys.readouterr()
    return code, output.out, output.err


def test_settings_come_from_the_synthesized_templates(
    assembly_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--events-per-month", "1000000", "--assembly", str(assembly_directory))
    code, out, _ = run(capsys, *arguments, "--json")
    report = json.loads(out)
    assert code == 0
    assert {"s3_put", "xray_trace"} <= set(report["unverified_prices"])
    assert report["chosen"]["stages"]["Kinesis hours"] == 29.2
    assert report["chosen"]["stages"]["X-Ray"] > 0
    assert [item["batch_size"] for item in report["batch_sizes"]] == [1, 25, 100, 500]
    assert report["alternative"]["usd_per_month"] < report["chosen"]["usd_per_month"]


def test_table_names_stages_and_unverified_prices(
    assembly_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--events-per-month", "5000000000", "--batch-size", "1")
    code, out, _ = run(capsys, *arguments, "--assembly", str(assembly_directory))
    assert code == 0
    assert all(stage in out for stage in (*STAGES, "total", "API Gateway → Firehose"))
    assert "Unverified ones, marked *: " in out
    assert "more than the stage's throttle of 1,000" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--events-per-month", "0"), "--events-per-month must be 1-10000000000000 (got 0)."),
        (("--events-per-month", "9", "--bytes", "0"), "--bytes must be 1-1024000, the largest record"),
        (("--events-per-month", "9", "--batch-size", "501"), "--batch-size must be 1-500, the limit of"),
        (("--events-per-month", "9", "--bytes", "99999", "--batch-size", "500"), "requests of 49,999,500"),
        (("--events-per-month", "many"), "Invalid value for '--events-per-month'"),
        (("--events-per-month", "9", "--assembly", "no/such"), "run `make synth` first."),
        (("--events-per-month", "9", "--stack-prefix", "Nothing"), "found 0"),
        ((), "Missing option '--events-per-month'"),
    ],
)
def test_wrong_input_is_one_sentence(
    arguments: tuple[str, ...],
    message: str,
    assembly_directory: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(capsys, "--assembly", str(assembly_directory), *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"artifacts": {"WebAnalyticsA": {}}}'])
def test_directory_that_is_no_assembly_is_named(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manifest.json").write_text(text)
    code, _, err = run(capsys, "--events-per-month", "9", "--assembly", str(tmp_path))
    assert code == 2
    assert "not a cloud assembly" in err
