from dataclasses import fields
from pathlib import Path

import pytest

from banyan.runtime import InvalidSetting, Settings, describe


def test_without_variables_the_defaults_hold() -> None:
    assert Settings.from_environment({}) == Settings()


def test_each_kind_of_setting_is_read() -> None:
    settings = Settings.from_environment(
        {"BANYAN_PORT": "9000", "BANYAN_STATE_FOLDER": "/srv/state", "BANYAN_CURRENCY": "BRL"}
    )
    assert (settings.port, settings.currency) == (9000, "BRL")
    assert settings.state_folder == Path("/srv/state")


def test_an_empty_variable_is_one_not_set() -> None:
    assert Settings.from_environment({"BANYAN_PORT": ""}) == Settings()


def test_a_variable_that_is_no_setting_is_refused_by_name() -> None:
    with pytest.raises(InvalidSetting, match="BANYAN_PROT is not a setting"):
        Settings.from_environment({"BANYAN_PROT": "9000"})


def test_variables_of_others_are_left_alone() -> None:
    others = {"PATH": "/bin", "BANYAN_TEST_DATABASE_URL": "x", "PORT": "1"}
    assert Settings.from_environment(others) == Settings()


@pytest.mark.parametrize("text", ["-1", "0", "1.5", "8000 ", "many", "٥٠", "1e3", "0x1f"])  # noqa: RUF001
def test_a_number_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidSetting, match="BANYAN_PORT must be a positive whole number"):
        Settings.from_environment({"BANYAN_PORT": text})


def test_an_address_of_another_kind_of_database_is_refused_without_showing_it() -> None:
    with pytest.raises(InvalidSetting, match="must begin with postgresql://") as refused:
        Settings.from_environment({"BANYAN_DATABASE_URL": "mysql://u:hunter2@db"})
    assert "hunter2" not in refused.value.detail


def test_an_unknown_log_level_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidSetting, match="one of debug, info, warning, error, not 'loud'"):
        Settings.from_environment({"BANYAN_LOG_LEVEL": "loud"})


def test_an_envoy_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(
        InvalidSetting, match="BANYAN_ENVOY must be empty or external, not 'docker'"
    ):
        Settings.from_environment({"BANYAN_ENVOY": "docker"})


def test_secrets_are_never_shown() -> None:
    settings = Settings(database_url="postgresql://u:hunter2@db")
    rows = {row.variable: row.value for row in describe(settings)}
    assert rows["BANYAN_DATABASE_URL"] == "(set)"
    assert "hunter2" not in repr(describe(settings))
    assert {row.variable: row.value for row in describe(Settings())}["BANYAN_DATABASE_URL"] == ""


def test_every_setting_says_what_it_is_about() -> None:
    for entry in fields(Settings):
        about = str(entry.metadata["about"])
        assert about[0].isupper(), entry.name
        assert about.endswith("."), entry.name
        assert len(about) <= 100, entry.name


def test_the_table_has_a_line_for_each_setting() -> None:
    rows = describe(Settings())
    assert [row.variable for row in rows] == [f"BANYAN_{f.name.upper()}" for f in fields(Settings)]
    assert {row.variable: row.value for row in rows}["BANYAN_PORT"] == "8000"


def test_the_address_is_the_public_one_if_there_is_one() -> None:
    assert Settings().url == "http://127.0.0.1:8000"
    assert Settings(public_url="https://banyan.example/").url == "https://banyan.example"
