"""What has to come of each fault."""

from dataclasses import replace

import pytest

from banyan.migration import RehearsalFault as Fault
from banyan.migration.model.rehearsal import PHASES, SILENT
from banyan.migration.rules.rehearsal import Seen, result_of, verdict_on

GOOD = Seen(
    fault=Fault.ERROR_500, phase="canary", route="product", requests=100, errors=0, differences=0,
    slowest_ms=10, noticed_ms=900, rolled_back_ms=1_000, verdict="Back.",
)  # fmt: skip


def passes(seen: Seen) -> bool:
    return verdict_on(seen, rollback_ms_max=30_000).has_passed


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("fault", Fault)
def test_one_failed_request_of_a_customer_fails_it(fault: Fault, phase: str) -> None:
    seen = replace(GOOD, fault=fault, phase=phase)
    if fault == Fault.NONE:
        seen = replace(seen, noticed_ms=None, rolled_back_ms=None)
    assert passes(seen)
    assert not passes(replace(seen, errors=1))
    assert not passes(replace(seen, requests=0))
    assert not passes(replace(seen, unsound="It differs."))
    assert not passes(replace(seen, has_gateway_died=True))


@pytest.mark.parametrize("fault", Fault)
def test_a_difference_is_only_let_pass_where_nothing_could_know(fault: Fault) -> None:
    for phase in PHASES:
        seen = replace(GOOD, fault=fault, phase=phase, differences=1)
        if fault == Fault.NONE:
            seen = replace(seen, noticed_ms=None, rolled_back_ms=None)
        assert passes(seen) == (fault in SILENT and phase != "shadow")


def test_going_back_is_asked_for_where_customers_are() -> None:
    assert not passes(replace(GOOD, rolled_back_ms=None))
    assert not passes(replace(GOOD, rolled_back_ms=30_001))
    assert passes(replace(GOOD, phase="shadow", rolled_back_ms=None))
    assert not passes(replace(GOOD, phase="shadow", rolled_back_ms=None, noticed_ms=None))
    slow = replace(GOOD, fault=Fault.SLOW_DATABASE, rolled_back_ms=None)
    assert passes(slow)
    assert not passes(replace(slow, noticed_ms=None))


def test_a_sound_candidate_is_left_alone() -> None:
    sound = replace(GOOD, fault=Fault.NONE, noticed_ms=None, rolled_back_ms=None)
    assert passes(sound)
    assert not passes(replace(sound, noticed_ms=5))
    assert not passes(replace(sound, rolled_back_ms=5))


def test_a_route_passes_by_all_or_not_at_all() -> None:
    good = verdict_on(GOOD, rollback_ms_max=30_000)
    bad = verdict_on(replace(GOOD, errors=2, example="GET /x: 502"), rollback_ms_max=30_000)
    assert result_of("product", "f", ["/x"], [good]).has_passed
    assert not result_of("product", "f", ["/x"], [good], is_complete=False).has_passed
    assert not result_of("product", "f", [], [good]).has_passed
    assert not result_of("product", "f", ["/x"], []).has_passed
    failed = result_of("product", "f", ["/x"], [good, bad, bad])
    assert not failed.has_passed
    assert "GET /x: 502" in failed.sentence
    assert "1 more" in failed.sentence
