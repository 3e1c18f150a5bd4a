"""Every setting, in one typed place. Each is an environment variable ``BANYAN_<NAME>``."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar

from banyan.kernel import InvalidRequest

T = TypeVar("T")

LOG_LEVELS = ("debug", "info", "warning", "error")
DATABASE_SCHEMES = ("postgresql://", "postgres://")


class InvalidSetting(InvalidRequest):
    code = "invalid_setting"
    title = "Invalid setting"


def _setting(default: T, about: str, *, secret: bool = False) -> T:
    metadata = {"about": about, "secret": secret}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this process runs; ``banyan settings`` prints each with its meaning and value."""

    database_url: str = _setting(
        "", "PostgreSQL 18 to use; empty: an embedded one under the state folder.", secret=True
    )
    state_folder: Path = _setting(
        Path("var"), "Where the embedded server, logs and process files are kept."
    )
    secret_keys: str = _setting(
        "",
        "Keys that seal secrets, newest first, with commas; empty: one kept in the state folder.",
        secret=True,
    )
    stripe_url: str = _setting("", "A simulator in place of Stripe; empty: Stripe itself.")
    adyen_url: str = _setting("", "A simulator in place of Adyen; empty: Adyen itself.")
    host: str = _setting("127.0.0.1", "Address that HTTP listens on.")
    port: int = _setting(8000, "Port that HTTP listens on.")
    public_url: str = _setting("", "Address that users reach HTTP at; empty: http://host:port.")
    currency: str = _setting("EUR", "Currency of the marketplaces that the first start makes.")
    country: str = _setting("DE", "Country of the marketplaces that the first start makes.")
    pool_size: int = _setting(10, "Database connections of a process.")
    worker_lanes: int = _setting(4, "Batches of jobs that a worker has under way at once.")
    bank_outbox: str = _setting(
        "", "Folder where files for the bank are left; empty: people download them."
    )
    smtp_url: str = _setting(
        "", "Mail server: smtp://user:password@host:587 or smtps://…; empty: no mail.", secret=True
    )
    mail_from: str = _setting("banyan@localhost", "Who mails come from.")
    private_networks: str = _setting(
        "", "Networks inside that webhooks may go to (10.0.0.0/8, …); empty: outside only."
    )
    body_size_bytes_max: int = _setting(1_048_576, "Largest request body that the API reads.")
    requests_per_minute: int = _setting(
        600_000, "Requests that one API key may send in a minute (rate class `default`)."
    )
    envoy: str = _setting(
        "",
        "Envoy that the gateway serves with: empty: the embedded one; `external`: a fleet of yours.",
    )
    envoy_folder: str = _setting(
        "", "Folder of an external Envoy where it sees the gateway's `xds`; empty: the same path."
    )
    envoy_admin: str = _setting(
        "127.0.0.1:9901", "Address of an external Envoy's own page, as it and we reach it; `none`."
    )
    envoy_reports: str = _setting(
        "127.0.0.1:9911", "Address at which an external Envoy reaches our access-log service."
    )
    envoy_captures: str = _setting(
        "127.0.0.1:9912", "Address at which an external Envoy reaches our capture service."
    )
    log_level: str = _setting("info", "Least severe log line written: debug, info, warning, error.")

    def __post_init__(self) -> None:
        if self.log_level not in LOG_LEVELS:
            raise InvalidSetting(
                f"BANYAN_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, "
                f"not {self.log_level[:40]!r}."
            )
        if self.envoy not in ("", "external"):
            raise InvalidSetting(
                f"BANYAN_ENVOY must be empty or external, not {self.envoy[:40]!r}."
            )
        if self.database_url and not self.database_url.startswith(DATABASE_SCHEMES):
            raise InvalidSetting("BANYAN_DATABASE_URL must begin with postgresql://")

    @staticmethod
    def from_environment(environment: Mapping[str, str] | None = None) -> "Settings":
        """The settings that the environment gives; ``InvalidSetting`` names what can't be read."""
        given = os.environ if environment is None else environment
        known = {variable_of(entry.name): entry.name for entry in fields(Settings)}
        unknown = [
            name for name in given if name.startswith("BANYAN_") and name not in known | _NOT_OURS
        ]
        if unknown:
            raise InvalidSetting(
                f"{unknown[0]} is not a setting; `banyan settings` lists them all."
            )
        values = {
            name: _read(variable, given[variable])
            for variable, name in known.items()
            if given.get(variable)
        }
        return Settings(**values)  # pyright: ignore[reportArgumentType]

    @property
    def url(self) -> str:
        """Where users reach this process over HTTP, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of the table that ``banyan settings`` prints."""

    variable: str
    value: str
    about: str


def describe(settings: Settings) -> list[SettingRow]:
    """Every setting with its present value; secrets are only said to be set."""
    rows: list[SettingRow] = []
    for entry in fields(Settings):
        value = str(getattr(settings, entry.name))
        shown = "(set)" if value and entry.metadata["secret"] else value
        rows.append(SettingRow(variable_of(entry.name), shown, entry.metadata["about"]))
    return rows


def variable_of(name: str) -> str:
    return f"BANYAN_{name.upper()}"


_NOT_OURS = {
    "BANYAN_TEST_DATABASE_URL": "",
    "BANYAN_SOAK": "",
    "BANYAN_API_KEY": "",
    "BANYAN_URL": "",
}
"""Read by the tests, the benchmarks and the replay, not by a process of the product."""


def _read(variable: str, text: str) -> object:
    default: object = getattr(_DEFAULTS, variable.removeprefix("BANYAN_").lower())
    if isinstance(default, Path):
        return Path(text)
    if isinstance(default, str):
        return text
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise InvalidSetting(f"{variable} must be a positive whole number, not {text[:40]!r}.")
    return int(text)


_DEFAULTS = Settings()
