"""Mapping templates as API Gateway runs them: Velocity 1.7 with its null rules, compiled to closures.

https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html
"""

from local_runtime.vtl.errors import PayloadError, TemplateError, TemplateSyntaxError
from local_runtime.vtl.template import Template
from local_runtime.vtl.variables import Input, Payload, Util

__all__ = [
    "Input",
    "Payload",
    "PayloadError",
    "Template",
    "TemplateError",
    "TemplateSyntaxError",
    "Util",
]
