"""Secrets at rest: sealed, opened, moved, rotated."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from banyan.runtime import InvalidSetting, SecretUnreadable, Settings, Vault, describe

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_is_sealed_opens_in_its_place_only() -> None:
    vault = Vault(Settings(secret_keys=OLD))
    sealed = vault.seal(b"sk_live_secret", "mkt_1/stripe")
    assert b"sk_live" not in sealed
    assert vault.open(sealed, "mkt_1/stripe") == b"sk_live_secret"
    for other in ("mkt_2/stripe", "mkt_1/strip", "mkt_1/stripe2"):
        with pytest.raises(SecretUnreadable):
            vault.open(sealed, other)
    with pytest.raises(SecretUnreadable):
        vault.open(sealed[:-1], "mkt_1/stripe")


def test_keys_are_rotated_by_putting_a_new_one_in_front() -> None:
    sealed = Vault(Settings(secret_keys=OLD)).seal(b"s", "p")
    both = Vault(Settings(secret_keys=f"{NEW}, {OLD}"))
    assert both.open(sealed, "p") == b"s"
    assert Vault(Settings(secret_keys=NEW)).open(both.reseal(sealed, "p"), "p") == b"s"
    with pytest.raises(SecretUnreadable):
        Vault(Settings(secret_keys=NEW)).open(sealed, "p")


def test_a_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    settings = Settings(state_folder=tmp_path / "state")
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda _: Vault(settings).seal(b"s", "p"), range(8)))
    assert {Vault(settings).open(one, "p") for one in sealed} == {b"s"}
    [key] = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_keys_are_shown_nowhere() -> None:
    settings = Settings(secret_keys=OLD)
    vault = Vault(settings)
    vault.seal(b"s", "p")
    shown = f"{settings!r} {vault!r} {replace(settings)!r} {describe(settings)!r}"
    assert OLD not in shown
    with pytest.raises(InvalidSetting) as refused:
        Vault(Settings(secret_keys="not-a-key")).seal(b"s", "p")
    assert "not-a-key" not in str(refused.value)
    assert refused.value.__suppress_context__
