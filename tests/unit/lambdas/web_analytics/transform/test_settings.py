"""The transform function's environment."""

import pytest

from lambdas.web_analytics.transform.settings import Settings

ENVIRONMENT = {"ICEBERG_DATABASE_NAME": "db", "ICEBERG_TABLE_NAME": "t", "METRICS_NAMESPACE": "WebAnalytics"}


def test_rows_are_inserted_without_unique_keys() -> None:
    settings = Settings.load({**ENVIRONMENT, "ICEBERG_UNIQUE_KEYS": ""})
    assert settings.iceberg_unique_keys == ()
    assert settings.destination.operation == "insert"


def test_rows_are_updated_by_unique_keys() -> None:
    settings = Settings.load({**ENVIRONMENT, "ICEBERG_UNIQUE_KEYS": "user_id, timestamp"})
    assert settings.iceberg_unique_keys == ("user_id", "timestamp")
    assert settings.destination.operation == "update"


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=rf"environment variable {name}: must be set"):
        Settings.load({**ENVIRONMENT, name: ""})
