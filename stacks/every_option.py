"""Settings that switch on what the committed ones leave off: the checks see those resources too."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

EVERY_OPTION: Mapping[str, Any] = MappingProxyType(
    {
        "keep_data_on_destroy": False,
        "encryption": {"customer_managed_key": True},
        "kinesis_proxy_api": {
            "authorization": "all",
            "waf_rate_limit": 600,
            "allowed_source_ranges": ["192.0.2.0/24", "2001:db8::/32"],
        },
        "firehose_data_tranform_lambda": {"truncate_ip": True, "s3_bucket_name": "layers-of-the-team"},
        "data_firehose_configuration": {
            "error_records_expire_after_days": 30,
            "destination_iceberg_table_configuration": {"unique_keys": ["event_id"]},
        },
        "click_logger": {
            "api": {"waf_rate_limit": 600, "authorizer_result_ttl_in_seconds": 0},
            "items_expire_after_days": 90,
            "files_expire_after_days": 365,
            "alarm_email": "oncall@example.org",
        },
        "app_analytics": {
            "delivery": {"compression": "GZIP", "raw_events_expire_after_days": 365},
            "catalog": {"table_schema": "declared"},
            "alarm_email": "oncall@example.org",
            "quicksight": {
                "principal_arn": "arn:aws:quicksight:us-east-1:123456789012:group/default/analysts"
            },
        },
        "event_reporting": {
            "events_expire_after_days": 400,
            "report": {"email": "team@example.org", "scan_limit_in_mbs": 100_000},
        },
        "web_analytics_dashboard": {
            "sign_in_domain_prefix": "numbers-of-the-team",
            "allowed_source_ranges": ["192.0.2.0/24", "2001:db8::/32"],
        },
        "monitoring": {"alarm_email": "oncall@example.org", "nothing_received_after_minutes": 60},
        "saas_metering": {
            "user_pool": {"self_sign_up": True, "threat_protection": "enforced", "password_sign_in": True},
            "waf_rate_limit": 600,
            "raw_log_expires_after_days": 90,
            "scan_limit_in_mb": 1000,
            "alarm_email": "oncall@example.org",
        },
    }
)
