"""What can be switched on can be tried: the local run takes the templates of every option."""

from __future__ import annotations

from typing import Any

import pytest

from local_runtime.assembly import load_assembly
from local_runtime.coverage import check_coverage
from local_runtime.gateway import Gateway
from stacks.every_option import EVERY_OPTION

STREAM = "AWS::KinesisFirehose::DeliveryStream"


@pytest.mark.parametrize(
    "settings",
    [
        {"encryption": {"customer_managed_key": True}, "kinesis_proxy_api": {"waf_rate_limit": 600}},
        {"kinesis_proxy_api": {"allowed_source_ranges": ["127.0.0.0/8"], "tls_policy": "TLS_1_0"}},
        {"systems": "click_logger", "click_logger": EVERY_OPTION["click_logger"]},
        {"monitoring": {"alarm_email": "oncall@example.org", "nothing_received_after_minutes": 60}},
        {"app_analytics": EVERY_OPTION["app_analytics"]},
        {"systems": "saas_metering", "saas_metering": EVERY_OPTION["saas_metering"]},
    ],
)
def test_local_run_takes_the_templates(synthesize_app: Any, settings: dict[str, Any]) -> None:
    assembly = load_assembly(synthesize_app(**settings).directory)
    check_coverage(assembly)
    functions = dict.fromkeys(item.arn for item in assembly.of_type("AWS::Lambda::Function"))
    Gateway(
        assembly,
        {"kinesis": lambda _action, _request: {}},
        functions=functions,
        user_pool_keys=lambda _pool: {"keys": []},
        delivery_streams=dict.fromkeys(item.arn for item in assembly.of_type(STREAM)),
    )
