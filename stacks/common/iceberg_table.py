"""An Apache Iceberg table in the Glue Data Catalog and its upkeep.

The table is `Name` + `OpenTableFormatInput` and has no `TableInput`: with one, the first stack update would strip the
parameters that make it an Iceberg table (docs/decisions/0004).
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-glue-table.html
https://docs.aws.amazon.com/glue/latest/dg/table-optimizers.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import RemovalPolicy
from aws_cdk.aws_glue import CfnTable, CfnTableOptimizer
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
        "compactionConfiguration": {
            "icebergConfiguration": {"strategy": "binpack", "minInputFiles": 100, "deleteFileThreshold": 1}
        }
    },
    "retention": {
        "retentionConfiguration": {
            "icebergConfiguration": {
                "snapshotRetentionPeriodInDays": 5,
                "numberOfSnapshotsToRetain": 1,
                "cleanExpiredFiles": True,
            }
        }
    },
    "orphan_file_deletion": {
        # Longer than a delivery may take to commit: Firehose retries for two hours at most.
        "orphanFileDeletionConfiguration": {"icebergConfiguration": {"orphanFileRetentionPeriodInDays": 3}}
    },
}


class IcebergTable(CfnTable):
    """An Iceberg v2 table: Parquet, snappy."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        catalog_id: str,
        database_name: str,
        name: str,
        location: str,
        columns: Sequence[Column],
        partition_fields: Sequence[PartitionField],
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            id,
            catalog_id=catalog_id,
            database_name=database_name,
            name=name,
            open_table_format_input={
                "icebergInput": {
                    "metadataOperation": "CREATE",
                    "version": "2",
                    "icebergTableInput": {
                        "location": location,
                        "schema": _schema(columns),
                        "partitionSpec": _partition_spec(columns, partition_fields),
                        "properties": _PROPERTIES,
                    },
                }
            },
        )
        self.apply_removal_policy(removal_policy)

    def add_optimizers(self, role_arn: str) -> None:
        """Compaction, snapshot expiry and deletion of orphan files."""
        for type, configuration in _OPTIMIZERS.items():
            optimizer = CfnTableOptimizer(
                self.node.scope,  # type: ignore[arg-type]
                f"{self.node.id}{type.title().replace('_', '')}",
                catalog_id=self.catalog_id,
                database_name=self.database_name,
                table_name=str(self.name),
                type=type,
                table_optimizer_configuration={"enabled": True, "roleArn": role_arn, **configuration},
            )
            # The names are text: CloudFormation does not see that the optimizer needs the table.
            optimizer.add_resource_dependency(self)


def _schema(columns: Sequence[Column]) -> dict[str, object]:
    fields = [
        {"id": number, "name": column.name, "type": column.type, "required": False, "doc": column.doc}
        for number, column in enumerate(columns, start=1)
    ]
    return {"type": "struct", "schemaId": 0, "fields": fields}


def _partition_spec(
    columns: Sequence[Column], partition_fields: Sequence[PartitionField]
) -> dict[str, object] | None:
    if not partition_fields:
        return None
    ids = {column.name: number for number, column in enumerate(columns, start=1)}
    fields = [
        {"sourceId": ids[field.column], "fieldId": number, "name": field.name, "transform": field.transform}
        for number, field in enumerate(partition_fields, start=_FIRST_PARTITION_FIELD_ID)
    ]
    return {"specId": 0, "fields": fields}
