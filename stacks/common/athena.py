"""An Athena work group and the queries that it offers.

https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings.html
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from aws_cdk import CfnResource
from constructs import Construct

from stacks.config import ROOT


class WorkGroup(CfnResource):
    """Its settings hold whatever a client says: where results go, and when a query has scanned enough.

    `scan_limit_in_bytes` is of one query, 10 MB at least; None leaves it without a limit. Where CREATE TABLE
    AS names the folder of its table, `enforced` must be false.
    https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        description: str,
        results: str,
        scan_limit_in_bytes: int | None,
        enforced: bool = True,
    ) -> None:
        limit = {} if scan_limit_in_bytes is None else {"BytesScannedCutoffPerQuery": scan_limit_in_bytes}
        super().__init__(
            scope,
            id,
            type="AWS::Athena::WorkGroup",
            properties={
                "Name": name,
                "Description": description,
                # A work group with a history of queries could not be deleted otherwise.
                "RecursiveDeleteOption": True,
                "WorkGroupConfiguration": {
                    "EnforceWorkGroupConfiguration": enforced,
                    "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
                    "PublishCloudWatchMetricsEnabled": True,
                    "ResultConfiguration": {
                        "OutputLocation": results,
                        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
                    },
                    **limit,
                },
            },
        )

    def add_queries(
        self, folder: str, database: str, *, renamed: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Each file of `sql/{folder}` under its own name; its first line says what it answers.

        `renamed`: names that the files have, and those that the configuration gives in their place.
        """
        for file in sorted((ROOT / "sql" / folder).glob("*.sql")):
            text = file.read_text(encoding="utf-8")
            for name, given in renamed.items():
                text = text.replace(name, given)
            self._add_query(file, text, database)

    def _add_query(self, file: Path, text: str, database: str) -> None:
        CfnResource(
            self.stack,
            f"{file.stem.title().replace('_', '')}Query",
            type="AWS::Athena::NamedQuery",
            properties={
                "Name": file.stem,
                "Description": text.splitlines()[0].removeprefix("-- "),
                "Database": database,
                "WorkGroup": self.ref,
                "QueryString": text,
            },
        )
