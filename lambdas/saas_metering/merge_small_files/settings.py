"""The merge's settings, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required, required_int


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    old_database: str
    old_table_name: str
    old_table_s3_folder_name: str
    new_database: str
    new_table_name: str
    new_table_s3_folder_name: str
    column_names: tuple[str, ...]
    bucket: str
    work_group: str
    look_back_hours: int
    metrics_namespace: str

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(
            old_database=required(environment, "OLD_DATABASE"),
            old_table_name=required(environment, "OLD_TABLE_NAME"),
            old_table_s3_folder_name=required(environment, "OLD_TABLE_S3_FOLDER_NAME"),
            new_database=required(environment, "NEW_DATABASE"),
            new_table_name=required(environment, "NEW_TABLE_NAME"),
            new_table_s3_folder_name=required(environment, "NEW_TABLE_S3_FOLDER_NAME"),
            # Athena has names in lower case.
            column_names=tuple(required(environment, "COLUMN_NAMES").lower().split(",")),
            bucket=required(environment, "BUCKET"),
            work_group=required(environment, "WORK_GROUP"),
            look_back_hours=required_int(environment, "LOOK_BACK_HOURS"),
            metrics_namespace=required(environment, "METRICS_NAMESPACE"),
        )
