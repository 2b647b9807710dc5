"""What a cold start loads: an import has no effect, and fastavro waits for the first doubtful record."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run(code: str) -> str:
    environment = {"ICEBERG_DATABASE_NAME": "d", "ICEBERG_TABLE_NAME": "t", "METRICS_NAMESPACE": "n"}
    environment |= {"ADD_EVENT_ID_AND_RECEIVED_AT": "true", "TRUNCATE_IP": "false"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_import_reads_no_environment_and_loads_neither_fastavro_nor_an_aws_client() -> None:
    code = """
import os, sys
os.environ.clear()
import lambdas.web_analytics.transform.handler
print(sorted({"fastavro", "boto3", "botocore"} & set(sys.modules)))
"""
    assert run(code).strip() == "[]"


def test_fastavro_is_loaded_by_the_first_record_that_the_quick_check_does_not_accept() -> None:
    code = """
import sys
from lambdas.web_analytics.transform.handler import event_check
event_check()
print("fastavro" in sys.modules)
event_check().verdict(b"{}")
print("fastavro" in sys.modules)
"""
    assert run(code).split() == ["False", "True"]
