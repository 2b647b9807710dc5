"""The JSON schema of a click as a client sends it, made from `schemas/click_logger/click.avsc`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
"""

from __future__ import annotations

import json

from aws_cdk.aws_apigateway import IModel, JsonSchema, JsonSchemaType, JsonSchemaVersion, RestApi

from stacks.click_logger.names import SCHEMA
from stacks.config import ROOT


def add_click_model(api: RestApi) -> IModel:
    fields = json.loads((ROOT / "schemas" / SCHEMA).read_text(encoding="utf-8"))["fields"]
    sent = {field["name"]: field["maxLength"] for field in fields if "pipeline" not in field}
    return api.add_model(
        "ClickModel",
        content_type="application/json",
        model_name="Click",
        schema=JsonSchema(
            schema=JsonSchemaVersion.DRAFT4,
            title="Click",
            type=JsonSchemaType.OBJECT,
            required=list(sent),
            properties={
                name: JsonSchema(type=JsonSchemaType.STRING, min_length=1, max_length=longest)
                for name, longest in sent.items()
            },
            additional_properties=False,
        ),
    )
