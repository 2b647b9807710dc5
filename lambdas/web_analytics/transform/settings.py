"""The transform function's settings, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.common.environment import required
from lambdas.web_analytics.transform.enrichment import Enrichment
from lambdas.web_analytics.transform.logic import Destination

SWITCHES = {"true": True, "false": False}


@dataclass(frozen=True)
class Settings:
    """One field an environment variable, of the same name in capitals."""

    iceberg_database_name: str
    iceberg_table_name: str
    iceberg_unique_keys: tuple[str, ...]
    metrics_namespace: str
    add_event_id_and_received_at: bool
    truncate_ip: bool

    @property
    def destination(self) -> Destination:
        return Destination(
            database_name=self.iceberg_database_name,
            table_name=self.iceberg_table_name,
            operation="update" if self.iceberg_unique_keys else "insert",
        )

    @property
    def enrichment(self) -> Enrichment:
        return Enrichment(add_ids=self.add_event_id_and_received_at, truncate_ip=self.truncate_ip)

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        return cls(
            iceberg_database_name=required(environment, "ICEBERG_DATABASE_NAME"),
            iceberg_table_name=required(environment, "ICEBERG_TABLE_NAME"),
            iceberg_unique_keys=_names(environment.get("ICEBERG_UNIQUE_KEYS", "")),
            metrics_namespace=required(environment, "METRICS_NAMESPACE"),
            add_event_id_and_received_at=_switch(environment, "ADD_EVENT_ID_AND_RECEIVED_AT"),
            truncate_ip=_switch(environment, "TRUNCATE_IP"),
        )


def _switch(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "")
    if value not in SWITCHES:
        raise ValueError(f"environment variable {name}: must be true or false (got {value!r})")
    return SWITCHES[value]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
