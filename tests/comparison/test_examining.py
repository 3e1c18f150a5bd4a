"""A captured request: which answers are the pair, which one tells the noise."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from banyan import comparison
from banyan.comparison import Answer, Finding
from banyan.difference import comparing
from banyan.kernel import new_id
from banyan.runtime import Settings, Vault
from tests.comparison.conftest import ASKED, Route
from tests.conftest import START
from tests.difference.answers import json_

A, B, C = json_('{"v": 1}'), json_('{"v": 2}'), json_('{"v": 3}')


def examine(
    primary_arm: Literal["legacy", "candidate"],
    primary: Answer,
    legacy: Answer | None,
    candidate: Answer | None,
    request_id: str = "r",
) -> Finding | None:
    return comparison.examine(
        "basket", request_id, ASKED, primary_arm=primary_arm, primary=primary, legacy=legacy,
        candidate=candidate, how=comparing(key=b"k"), at=START,
    )  # fmt: skip


def values(finding: Finding | None) -> list[tuple[str | None, str | None]]:
    assert finding is not None
    return [(one.legacy, one.candidate) for one in finding.comparison.differences]


def test_the_customer_was_answered_by_legacy() -> None:
    assert values(examine("legacy", A, A, B)) == [("1", "2")]
    assert values(examine("legacy", A, None, B)) == [("1", "2")]
    assert values(examine("legacy", A, C, B)) == []
    assert examine("legacy", A, B, None) is None


def test_the_customer_was_answered_by_the_candidate() -> None:
    assert values(examine("candidate", B, A, B)) == [("1", "2")]
    assert values(examine("candidate", B, A, None)) == [("1", "2")]
    assert values(examine("candidate", B, A, C)) == []
    assert examine("candidate", B, None, B) is None


def test_without_a_masking_key_nothing_is_examined() -> None:
    with pytest.raises(AssertionError, match="masking key"):
        comparison.examine(
            "basket", "r", ASKED, primary_arm="legacy", primary=A, legacy=A, candidate=B,
            how=comparing(), at=START,
        )  # fmt: skip


async def test_a_candidate_that_differs_from_itself_differs_from_a_steady_legacy(
    route: Route,
) -> None:
    """After the cutover the second answer is the candidate's: its own whims are no noise."""
    await route.record(*(route.look(A, A, A) for _ in range(30)))
    whims = [examine("candidate", B, A, C, f"c{n}") for n in range(5)]
    recorded = await route.record(*(one for one in whims if one is not None))
    assert recorded.diverged == 5


async def test_masking_keys_are_sealed_and_of_one_plan(route: Route, tmp_path: Path) -> None:
    vault = Vault(replace(Settings(), state_folder=tmp_path))
    async with route.database.transaction(route.marketplace) as tx:
        key = await comparison.masking_key(tx, vault, route.plan_id)
        assert key == await comparison.masking_key(tx, vault, route.plan_id)
        assert key != await comparison.masking_key(tx, vault, new_id(START))
        [stored] = await tx.rows(
            "select sealed from comparison.masking_keys where plan_id = %(p)s", p=route.plan_id
        )
    assert key not in stored[0]
