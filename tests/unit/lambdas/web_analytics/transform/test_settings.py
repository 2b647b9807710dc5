"""The transform function's environment."""

import pytest

from lambdas.web_analytics.transform.settings import Settings

NAMES = {"ICEBERG_DATABASE_NAME": "db", "ICEBERG_TABLE_NAME": "t", "METRICS_NAMESPACE": "WebAnalytics"}
SWITCHES = {"ADD_EVENT_ID_AND_RECEIVED_AT": "true", "TRUNCATE_IP": "false"}
ENVIRONMENT = {**NAMES, **SWITCHES}


def test_rows_are_inserted_without_unique_keys() -> None:
    settings = Settings.load({**ENVIRONMENT, "ICEBERG_UNIQUE_KEYS": ""})
    assert settings.iceberg_unique_keys == ()
    assert settings.destination.operation == "insert"


def test_rows_are_updated_by_unique_keys() -> None:
    settings = Settings.load({**ENVIRONMENT, "ICEBERG_UNIQUE_KEYS": "user_id, timestamp"})
    assert settings.iceberg_unique_keys == ("user_id", "timestamp")
    assert settings.destination.operation == "update"


@pytest.mark.parametrize(("added", "truncated"), [("true", "false"), ("false", "true")])
def test_switches_say_what_a_row_gets_and_loses(added: str, truncated: str) -> None:
    environment = {**NAMES, "ADD_EVENT_ID_AND_RECEIVED_AT": added, "TRUNCATE_IP": truncated}
    enrichment = Settings.load(environment).enrichment
    assert (enrichment.add_ids, enrichment.truncate_ip) == (added == "true", truncated == "true")


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", ["", "True", "1"])
def test_switch_is_true_or_false_and_nothing_else(name: str, value: str) -> None:
    with pytest.raises(
        ValueError, match=rf"environment variable {name}: must be true or false \(got {value!r}\)"
    ):
        Settings.load({**ENVIRONMENT, name: value})


@pytest.mark.parametrize("name", NAMES)
def test_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=rf"environment variable {name}: must be set"):
        Settings.load({**ENVIRONMENT, name: ""})
