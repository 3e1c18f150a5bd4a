"""The binary is asked whether it would take a configuration; it may die of other things."""

from pathlib import Path

import pytest

from banyan.gateway import ConfigurationRefused, GatewayUnusable
from banyan.gateway.dataplane.binary import validate
from banyan.gateway.rules import render
from tests.gateway.rules.test_rules import PLACES, SPEC


def dying(folder: Path, times: int) -> Path:
    """A binary that is killed so many times before it takes anything."""
    envoy = folder / "envoy"
    envoy.write_text(
        f"#!/bin/sh\necho x >> {folder}/runs\n[ $(wc -l < {folder}/runs) -gt {times} ] || kill -9 $$\n"
    )
    envoy.chmod(0o700)
    return envoy


async def test_one_that_died_is_asked_again(tmp_path: Path) -> None:
    await validate(dying(tmp_path, times=2), render(SPEC, PLACES))
    assert (tmp_path / "runs").read_text().count("x") == 3


async def test_what_it_always_dies_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match="no reason"):
        await validate(dying(tmp_path, times=100), render(SPEC, PLACES))


async def test_one_that_never_says_is_no_refusal(tmp_path: Path) -> None:
    envoy = tmp_path / "envoy"
    envoy.write_text("#!/bin/sh\nexec sleep 600\n")
    envoy.chmod(0o700)
    with pytest.raises(GatewayUnusable, match="overloaded"):
        await validate(envoy, render(SPEC, PLACES), timeout_s=0.1)
