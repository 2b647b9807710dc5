"""API Gateway's REST APIs, run from their CloudFormation resources.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html
"""

from local_runtime.gateway.app import Gateway
from local_runtime.gateway.counters import ApiCounters

__all__ = ["ApiCounters", "Gateway"]
