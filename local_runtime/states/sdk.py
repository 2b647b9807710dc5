"""AWS services as tasks call them: by boto3, at the run's own port.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from local_runtime.errors import AwsError

_BOTO3_NAMES = {"sfn": "stepfunctions", "cloudwatchlogs": "logs", "eventbridge": "events"}


class SdkCalls:
    """Callable as `tasks.SdkCall`; boto3 is imported with the first call."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        self._endpoint_url = endpoint_url
        self._region = region
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            call = getattr(self._client(service), xform_name(action[:1].upper() + action[1:]))
            answer: dict[str, Any] = call(**parameters)
        except ClientError as error:
            details = error.response["Error"]
            raise AwsError(details["Code"], details.get("Message", "")) from None
        except (BotoCoreError, AttributeError, TypeError) as error:
            raise AwsError("ValidationException", f"{service}:{action}: {error}") from None
        answer.pop("ResponseMetadata", None)
        plain: dict[str, Any] = json.loads(json.dumps(answer, default=str))
        return plain

    def _client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        with self._lock:
            if service not in self._clients:
                self._clients[service] = boto3.client(
                    _BOTO3_NAMES.get(service, service),
                    endpoint_url=self._endpoint_url,
                    config=Config(retries={"total_max_attempts": 1}),  # Retry of the state does that
                    region_name=self._region,
                    aws_access_key_id="local",
                    aws_secret_access_key="local",  # noqa: S106  # signatures are not verified
                )
            return self._clients[service]
