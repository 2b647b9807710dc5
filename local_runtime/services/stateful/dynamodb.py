"""DynamoDB: the templates' tables, and what is in them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError, LocalRuntimeError, UnsupportedResourceError
from local_runtime.services.moto_calls import Call, Moto
from local_runtime.services.stateful.store import ServiceStore

_SERVICE, _TARGET = "dynamodb", "DynamoDB_20120810."
_ALIKE = (
    "AttributeDefinitions",
    "KeySchema",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
    "OnDemandThroughput",
    "WarmThroughput",
    "TableClass",
    "DeletionProtectionEnabled",
    "Tags",
)
"""Properties that CreateTable takes as the template gives them."""
_UNPLAYED = ("ImportSourceSpecification", "KinesisStreamSpecification")


class DynamoDbTables:
    def __init__(self, assembly: Assembly, store: ServiceStore) -> None:
        self._store = store
        self._tables = list(assembly.of_type("AWS::DynamoDB::Table"))
        for table in self._tables:
            for name in _UNPLAYED:
                if name in table.properties:
                    raise UnsupportedResourceError(
                        table.type, table.stack, table.logical_id, f"{name} is not played"
                    )

    def create(self, moto: Moto) -> None:
        from local_runtime.services.stateful.dynamodb_changes import watch

        for resource in self._tables:
            try:
                _create(moto, resource)
            except AwsError as error:
                raise LocalRuntimeError(f"{resource.stack}/{resource.logical_id}: {error}") from error
            table = moto.backend(_SERVICE).tables[resource.physical_id]
            for item in self._store.read_items(table.name, resource.properties["KeySchema"]):
                table.put_item(item)
            watch(table)

    def refuse(self, moto: Moto, call: Call) -> None:
        pass

    def keep(self, moto: Moto) -> None:
        from local_runtime.services.stateful.dynamodb_changes import watch, write_changes

        tables = moto.backend(_SERVICE).tables
        for resource in self._tables:
            table = tables.get(resource.physical_id)
            if table is None:  # DeleteTable; the next run makes it anew from the template
                self._store.drop_items(resource.physical_id)
                continue
            watch(table)  # UpdateTable may have made a new stream
            write_changes(table, self._store.write_items)


def _create(moto: Moto, table: Resource) -> None:
    given = table.properties
    name = table.physical_id
    moto.ask(_SERVICE, f"{_TARGET}CreateTable", {"TableName": name, **_create_request(given)})
    expiry = given.get("TimeToLiveSpecification")
    if expiry is not None:
        request = {"TableName": name, "TimeToLiveSpecification": expiry}
        moto.ask(_SERVICE, f"{_TARGET}UpdateTimeToLive", request)
    recovery = given.get("PointInTimeRecoverySpecification")
    if recovery is not None:
        request = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        moto.ask(_SERVICE, f"{_TARGET}UpdateContinuousBackups", request)


def _create_request(given: Mapping[str, Any]) -> dict[str, Any]:
    request = {name: given[name] for name in _ALIKE if name in given}
    if "StreamSpecification" in given:
        view = given["StreamSpecification"]["StreamViewType"]
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    if "SSESpecification" in given:
        encryption = dict(given["SSESpecification"])
        request["SSESpecification"] = {"Enabled": encryption.pop("SSEEnabled"), **encryption}
    return request
