"""JSON schemas of the two PUT bodies: the only gate before Kinesis.

https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
"""

from __future__ import annotations

from aws_cdk.aws_apigateway import IModel, JsonSchema, JsonSchemaType, JsonSchemaVersion, RestApi

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
_PARTITION_KEY = JsonSchema(type=JsonSchemaType.STRING, min_length=1, max_length=256)
# Firehose takes no record over 1,000 KiB: https://docs.aws.amazon.com/firehose/latest/dev/limits.html
# A record without data is let through to lose itself alone: the transform rejects it, not its neighbours.
_DATA = JsonSchema(type=[JsonSchemaType.STRING, JsonSchemaType.NULL], max_length=1000 * 1024)
_MAX_RECORDS = 500


def add_put_record_model(api: RestApi) -> IModel:
    return api.add_model(
        "PutRecordModel",
        content_type="application/json",
        model_name="PutRecord",
        schema=JsonSchema(
            schema=JsonSchemaVersion.DRAFT4,
            title="PutRecord",
            type=JsonSchemaType.OBJECT,
            required=["Data", "PartitionKey"],
            properties={"Data": JsonSchema(), "PartitionKey": _PARTITION_KEY},
            additional_properties=False,
        ),
    )


def add_put_records_model(api: RestApi) -> IModel:
    record = JsonSchema(
        type=JsonSchemaType.OBJECT,
        required=["partition-key"],
        properties={"data": _DATA, "partition-key": _PARTITION_KEY},
        additional_properties=False,
    )
    return api.add_model(
        "PutRecordsModel",
        content_type="application/json",
        model_name="PutRecords",
        schema=JsonSchema(
            schema=JsonSchemaVersion.DRAFT4,
            title="PutRecords",
            type=JsonSchemaType.OBJECT,
            required=["records"],
            properties={
                "records": JsonSchema(
                    type=JsonSchemaType.ARRAY, min_items=1, max_items=_MAX_RECORDS, items=record
                )
            },
            additional_properties=False,
        ),
    )
