"""What a Task state may call: functions, and AWS services through the run's own port.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from local_runtime.errors import AwsError
from local_runtime.states.errors import DefinitionError, StatesError

_FUNCTION = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")
_INTEGRATION = re.compile(
    r"arn:[\w-]+:states:::(?P<sdk>aws-sdk:)?(?P<service>[\w-]+):(?P<action>\w+)(?P<pattern>\..+)?"
)
_REQUEST_RESPONSE = frozenset({"athena", "dynamodb", "sns", "sqs"})
"""Optimized integrations that do no more than call the service."""
_IAM_NAMES = {
    "athena": "athena",
    "dynamodb": "dynamodb",
    "firehose": "firehose",
    "glue": "glue",
    "kinesis": "kinesis",
    "secretsmanager": "secretsmanager",
    "sfn": "states",
    "sqs": "sqs",
}
"""Services whose IAM actions are called as their API's are."""
_NAMES = {"athena": "Athena", "dynamodb": "DynamoDB", "sns": "SNS", "sqs": "SQS"}
MOST_BYTES = 256 * 1024
"""The limit on a state's input and output."""


class Answer(Protocol):
    @property
    def payload(self) -> bytes: ...
    @property
    def function_error(self) -> str | None: ...
    @property
    def request_id(self) -> str: ...


class Function(Protocol):
    """`local_runtime.lambdas.LambdaFunction`, as far as it is used here."""

    @property
    def arn(self) -> str: ...
    def invoke(self, payload: bytes) -> Answer: ...


class Grants(Protocol):
    """The role that a machine assumes."""

    @property
    def name(self) -> str: ...
    def allows(self, action: str, resource: str) -> bool: ...
    def allows_somewhere(self, action: str) -> bool: ...


SdkCall = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]
"""(service, action, parameters) -> the answer, without its `ResponseMetadata`.

Raises:
    AwsError: what the service answered.
"""


@dataclass(frozen=True)
class Resource:
    """The `Resource` of a Task state, read.

    `events` is what its events in the history are called: `LambdaFunction` or `Task`.
    """

    arn: str
    events: str
    service: str
    action: str
    sdk: bool = False

    @classmethod
    def parse(cls, arn: str) -> Resource:
        """
        Raises:
            DefinitionError: it is nothing that the local run can call.
        """
        if _FUNCTION.fullmatch(arn):
            return cls(arn, "LambdaFunction", "lambda", "function")
        found = _INTEGRATION.fullmatch(arn)
        if found is None:
            raise DefinitionError(f"Resource {arn!r} is neither a function nor an integration")
        if found["pattern"]:
            raise DefinitionError(f"Resource {arn!r}: {found['pattern']} is not played by the local run")
        service, action, sdk = found["service"], found["action"], found["sdk"] is not None
        if not sdk and (service, action) != ("lambda", "invoke") and service not in _REQUEST_RESPONSE:
            played = ", ".join(["lambda:invoke", *(f"{name}:..." for name in sorted(_REQUEST_RESPONSE))])
            raise DefinitionError(
                f"Resource {arn!r}: this integration is not played by the local run; it plays functions, "
                f"{played} and aws-sdk:..."
            )
        return cls(arn, "Task", f"aws-sdk:{service}" if sdk else service, action, sdk)


class Tasks:
    """
    Args:
        functions: by name.
        sdk: calls any other service of the run.
    """

    def __init__(self, functions: Mapping[str, Function], sdk: SdkCall) -> None:
        self._functions = functions
        self._sdk = sdk

    def call(self, resource: Resource, role: Grants, payload: Any) -> Any:
        """Do the task and wait for it.

        Raises:
            StatesError: it failed, with the error name that AWS would give.
        """
        if resource.events == "LambdaFunction":
            return self._invoke(resource.arn, role, payload)[0]
        if resource.service == "lambda":
            return self._invoke_optimized(role, payload)
        return self._call_service(resource, role, payload)

    def _invoke_optimized(self, role: Grants, parameters: Any) -> dict[str, Any]:
        if not isinstance(parameters, dict) or not isinstance(parameters.get("FunctionName"), str):
            raise StatesError("States.Runtime", "lambda:invoke needs the parameter FunctionName")
        answer, request_id = self._invoke(parameters["FunctionName"], role, parameters.get("Payload", {}))
        return {
            "ExecutedVersion": "$LATEST",
            "Payload": answer,
            "SdkHttpMetadata": {"HttpStatusCode": 200},
            "SdkResponseMetadata": {"RequestId": request_id},
            "StatusCode": 200,
        }

    def _invoke(self, name: str, role: Grants, payload: Any) -> tuple[Any, str]:
        short, qualifier = _function_name(name)
        function = self._functions.get(short)
        if function is None or qualifier not in ("", "$LATEST"):
            cause = f"Function not found: {name} (Service: AWSLambda; Status Code: 404)"
            raise StatesError("Lambda.ResourceNotFoundException", cause)
        arn = f"{function.arn}:{qualifier}" if qualifier else function.arn
        if not role.allows("lambda:InvokeFunction", arn):
            raise StatesError("Lambda.AWSLambdaException", _denied(role, "lambda:InvokeFunction", arn))
        try:
            answer = function.invoke(json.dumps(payload).encode())
        except AwsError as error:
            raise StatesError(f"Lambda.{_exception(error.code)}", error.message) from None
        text = answer.payload.decode("utf-8", "replace")
        if answer.function_error is not None:
            raise StatesError(_error_type(text), text)
        return json.loads(text) if text else None, answer.request_id

    def _call_service(self, resource: Resource, role: Grants, parameters: Any) -> dict[str, Any]:
        service = resource.service.removeprefix("aws-sdk:")
        given = dict(parameters) if isinstance(parameters, dict) else {}
        if (service, resource.action, resource.sdk) == ("sns", "publish", False):
            message = given.get("Message")
            given["Message"] = message if isinstance(message, str) else json.dumps(message)
        _check_grant(role, service, resource, given)
        try:
            return self._sdk(service, resource.action, given)
        except AwsError as error:
            raise StatesError(
                f"{_prefix(service, resource)}.{_exception(error.code)}", error.message
            ) from None


def _check_grant(role: Grants, service: str, resource: Resource, given: Mapping[str, Any]) -> None:
    """The resource is known of a topic; of other services the action alone is looked at, if by that."""
    action = resource.action[:1].upper() + resource.action[1:]
    topic, prefix = given.get("TopicArn"), _prefix(service, resource)
    if (service, action) == ("sns", "Publish") and isinstance(topic, str):
        if not role.allows("sns:Publish", topic):
            raise StatesError(f"{prefix}.AuthorizationErrorException", _denied(role, "SNS:Publish", topic))
    elif service in _IAM_NAMES and not role.allows_somewhere(f"{_IAM_NAMES[service]}:{action}"):
        cause = _denied(role, f"{_IAM_NAMES[service]}:{action}", "*")
        raise StatesError(f"{prefix}.{prefix}Exception", cause)


def _prefix(service: str, resource: Resource) -> str:
    """What the service's errors begin with; SDK integrations have the names of the Java SDK's clients."""
    if resource.sdk:
        return "DynamoDb" if service == "dynamodb" else service[:1].upper() + service[1:]
    return _NAMES[service]


def _function_name(name: str) -> tuple[str, str]:
    """Name and qualifier out of a name, a partial ARN or an ARN; the qualifier may be empty."""
    _, found, after = name.rpartition(":function:")
    short, _, qualifier = (after if found else name).partition(":")
    return short, qualifier


def _exception(code: str) -> str:
    name = code.rpartition(".")[2]
    return name if name.endswith("Exception") else f"{name}Exception"


def _error_type(payload: str) -> str:
    try:
        document = json.loads(payload)
    except ValueError:
        return "Lambda.Unknown"
    kind = document.get("errorType") if isinstance(document, dict) else None
    return kind if isinstance(kind, str) and kind else "Lambda.Unknown"


def _denied(role: Grants, action: str, resource: str) -> str:
    return (
        f"User: {role.name} is not authorized to perform: {action} on resource: {resource} because no "
        f"identity-based policy allows the {action} action (Service: {action.partition(':')[0]}; "
        "Status Code: 403; Error Code: AccessDeniedException)"
    )
