"""An Apache Iceberg table in the Glue Data Catalog and its upkeep.

It is `Name` + `OpenTableFormatInput` without `TableInput` (docs/decisions/0004).
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-glue-table.html
https://docs.aws.amazon.com/glue/latest/dg/table-optimizers.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import CfnResource, RemovalPolicy, Stack
from constructs import Construct

from stacks.common.avro_schema import Column
from stacks.common.partitions import PartitionField

_FIRST_PARTITION_FIELD_ID = 1000
_PROPERTIES = {
    "format-version": "2",
    "write.format.default": "parquet",
    "write.parquet.compression-codec": "snappy",
    "optimize_rewrite_delete_file_threshold": "10",
}
_OPTIMIZERS: Mapping[str, Mapping[str, object]] = {
    "compaction": {
        "CompactionConfiguration": {
            "IcebergConfiguration": {"Strategy": "binpack", "MinInputFiles": 100, "DeleteFileThreshold": 1}
        }
    },
    "retention": {
        "RetentionConfiguration": {
            "IcebergConfiguration": {
                "SnapshotRetentionPeriodInDays": 5,
                "NumberOfSnapshotsToRetain": 1,
                "CleanExpiredFiles": True,
            }
        }
    },
    "orphan_file_deletion": {
        # Longer than a delivery may take to commit: Firehose retries for two hours at most.
        "OrphanFileDeletionConfiguration": {"IcebergConfiguration": {"OrphanFileRetentionPeriodInDays": 3}}
    },
}


class GlueDatabase(CfnResource):
    """A database of the account's catalog."""

    def __init__(
        self, scope: Construct, id: str, *, name: str, description: str, removal_policy: RemovalPolicy
    ) -> None:
        super().__init__(
            scope,
            id,
            type="AWS::Glue::Database",
            properties={
                "CatalogId": Stack.of(scope).account,
                "DatabaseInput": {"Name": name, "Description": description},
            },
        )
        self.apply_removal_policy(removal_policy)


class IcebergTable(CfnResource):
    """An Iceberg v2 table: Parquet, snappy."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        database_name: str,
        name: str,
        location: str,
        columns: Sequence[Column],
        partition_fields: Sequence[PartitionField],
        removal_policy: RemovalPolicy,
    ) -> None:
        self._catalog_id = Stack.of(scope).account
        self._database_name, self._name = database_name, name
        table: dict[str, object] = {
            "Location": location,
            "Schema": _schema(columns),
            "Properties": _PROPERTIES,
        }
        if partition_fields:
            table["PartitionSpec"] = _partition_spec(columns, partition_fields)
        super().__init__(
            scope,
            id,
            type="AWS::Glue::Table",
            properties={
                "CatalogId": self._catalog_id,
                "DatabaseName": database_name,
                "Name": name,
                "OpenTableFormatInput": {
                    "IcebergInput": {
                        "MetadataOperation": "CREATE",
                        "Version": "2",
                        "IcebergTableInput": table,
                    }
                },
            },
        )
        self.apply_removal_policy(removal_policy)

    def add_optimizers(self, role_arn: str) -> None:
        """Compaction, snapshot expiry and deletion of orphan files."""
        for type, configuration in _OPTIMIZERS.items():
            optimizer = CfnResource(
                self.stack,
                f"{self.node.id}{type.title().replace('_', '')}",
                type="AWS::Glue::TableOptimizer",
                properties={
                    "CatalogId": self._catalog_id,
                    "DatabaseName": self._database_name,
                    "TableName": self._name,
                    "Type": type,
                    "TableOptimizerConfiguration": {"Enabled": True, "RoleArn": role_arn, **configuration},
                },
            )
            # The names are text: CloudFormation does not see that the optimizer needs the table.
            optimizer.add_resource_dependency(self)


def _schema(columns: Sequence[Column]) -> dict[str, object]:
    fields = [
        {"Id": number, "Name": column.name, "Type": column.type, "Required": False, "Doc": column.doc}
        for number, column in enumerate(columns, start=1)
    ]
    return {"Type": "struct", "SchemaId": 0, "Fields": fields}


def _partition_spec(
    columns: Sequence[Column], partition_fields: Sequence[PartitionField]
) -> dict[str, object]:
    ids = {column.name: number for number, column in enumerate(columns, start=1)}
    fields = [
        {"SourceId": ids[field.column], "FieldId": number, "Name": field.name, "Transform": field.transform}
        for number, field in enumerate(partition_fields, start=_FIRST_PARTITION_FIELD_ID)
    ]
    return {"SpecId": 0, "Fields": fields}
