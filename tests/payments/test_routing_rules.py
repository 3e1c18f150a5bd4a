"""Routing, the circuit breaker and authentication, decided on plain values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import Money
from banyan.payments.model import (
    Authentication,
    Connection,
    Method,
    ProviderHealth,
    Risk,
    RouteStats,
    RoutingPolicy,
    RoutingRule,
)
from banyan.payments.rules import choose_authentication
from banyan.payments.rules.health import PROBE_AFTER, circuit_of, observed
from banyan.payments.rules.routing import (
    Knowledge,
    Wanted,
    can_be_tried_elsewhere,
    choose_route,
    estimate,
    usable,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WANTED = Wanted(Money.of(10_000, "EUR"), Method("card", "tok"), "DE")


def connection(name: str, **fields: object) -> Connection:
    base = Connection(
        marketplace_id=UUID(int=1),
        name=name,
        kind="stripe",
        is_enabled=True,
        method_types=None,
        currencies=None,
        countries=None,
        fee_bp=250,
        fee_fixed_minor=25,
    )
    return replace(base, **fields)


def seen(provider: str, approved: float, declined: float) -> dict[tuple[str, str], RouteStats]:
    return {
        (provider, segment): RouteStats(provider, segment, approved, declined, NOW)
        for segment in WANTED.segments
    }


def knows(*names: str, **fields: object) -> Knowledge:
    base = Knowledge(NOW, RoutingPolicy(exploration_bp=0), [connection(name) for name in names])
    return replace(base, **fields)


def shares(known: Knowledge, count: int = 400) -> dict[str, float]:
    """What share of payments each provider gets."""
    chosen = [choose_route(WANTED, known, UUID(int=n)) for n in range(count)]
    names = [route.provider for route in chosen if route is not None]
    return {name: names.count(name) / count for name in set(names)}


@pytest.mark.parametrize(
    "fields",
    [
        {"is_enabled": False},
        {"method_types": ["pix"]},
        {"currencies": ["USD"]},
        {"countries": ["FR"]},
        {"kind": "iso20022"},
    ],
)
def test_only_those_that_can_take_a_payment_are_asked(fields: dict[str, object]) -> None:
    assert usable(WANTED, [connection("a", **fields), connection("b")]) == [connection("b")]


def test_only_those_that_have_a_token_are_asked() -> None:
    both = [connection("a"), connection("b")]
    only_b = replace(WANTED, method=Method("card", tokens={"b": "tok_b"}))
    assert [one.name for one in usable(only_b, both)] == ["b"]
    assert [one.name for one in usable(WANTED, both)] == ["a", "b"]


def test_the_first_rule_that_fits_counts() -> None:
    policy = RoutingPolicy(
        rules=[
            RoutingRule(providers=["c"], countries=["FR"]),
            RoutingRule(providers=["b", "a"], currencies=["EUR"], amount_min=5_000, order="listed"),
            RoutingRule(providers=["a"]),
        ]
    )
    route = choose_route(WANTED, knows("a", "b", "c", policy=policy), UUID(int=5))
    assert route is not None
    assert (route.provider, route.reason) == ("b", "A rule lists b first.")
    small = replace(WANTED, amount=Money.of(4_999, "EUR"))
    route = choose_route(small, knows("a", "b", "c", policy=policy), UUID(int=5))
    assert route is not None
    assert route.provider == "a"


def test_what_was_learned_decides() -> None:
    stats = {**seen("a", 950, 50), **seen("b", 800, 200)}
    assert shares(knows("a", "b", stats=stats)) == {"a": 1.0}


def test_cost_is_weighed_against_approval() -> None:
    stats = {**seen("a", 900, 100), **seen("b", 905, 95)}
    connections = [connection("a", fee_bp=100), connection("b", fee_bp=400)]
    assert shares(knows(stats=stats, connections=connections)) == {"a": 1.0}


def test_what_is_uncertain_is_tried_more_than_what_is_known_to_be_worse() -> None:
    known_worse = {**seen("a", 9_000, 1_000), **seen("b", 8_500, 1_500)}
    hardly_known = {**seen("a", 9_000, 1_000), **seen("b", 8.5, 1.5)}
    assert shares(knows("a", "b", stats=known_worse)).get("b", 0) < 0.02
    assert 0.05 < shares(knows("a", "b", stats=hardly_known))["b"] < 0.6


def test_every_provider_keeps_its_floor() -> None:
    stats = {**seen("a", 9_900, 100), **seen("b", 5_000, 5_000)}
    known = knows("a", "b", stats=stats, policy=RoutingPolicy(exploration_bp=1_000))
    assert 0.07 < shares(known, 2_000)["b"] < 0.13


def test_an_open_circuit_is_spared_and_one_payment_finds_out() -> None:
    down = ProviderHealth("a", 0, 9, NOW, NOW, None)
    stats = {**seen("a", 990, 10), **seen("b", 800, 200)}
    known = knows("a", "b", stats=stats, health={"a": down})
    assert shares(known) == {"b": 1.0}
    later = replace(known, now=NOW + PROBE_AFTER)
    route = choose_route(WANTED, later, UUID(int=1))
    assert route is not None
    assert (route.provider, route.is_explored) == ("a", True)


def test_the_only_provider_is_asked_even_when_its_circuit_is_open() -> None:
    down = ProviderHealth("a", 0, 9, NOW, NOW, None)
    assert shares(knows("a", health={"a": down})) == {"a": 1.0}


def test_nobody_is_asked_twice_and_then_nobody_is_left() -> None:
    known = knows("a", "b")
    route = choose_route(WANTED, known, UUID(int=1), tried=["a"])
    assert route is not None
    assert (route.provider, route.reason) == ("b", "b is the one left after a.")
    assert choose_route(WANTED, known, UUID(int=1), tried=["a", "b"]) is None


def test_the_same_attempt_is_always_routed_alike() -> None:
    known = knows("a", "b", policy=RoutingPolicy(exploration_bp=2_000))
    for n in range(50):
        attempt = UUID(int=n)
        assert choose_route(WANTED, known, attempt) == choose_route(WANTED, known, attempt)


def test_a_new_segment_starts_from_the_wider_one() -> None:
    stats = {("a", "all"): RouteStats("a", "all", 9_900, 100, NOW)}
    approval, trials = estimate("a", WANTED.segments, stats, NOW)
    assert approval > 0.98
    assert trials == 0


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 400))
def test_an_estimate_is_a_probability_and_forgets(
    approved: float, declined: float, days: int
) -> None:
    now = NOW + timedelta(days=days)
    approval, trials = estimate("a", WANTED.segments, seen("a", approved, declined), now)
    assert 0 <= approval <= 1
    assert trials <= approved + declined + 1e-6


@pytest.mark.parametrize(
    ("code", "is_hard", "may"),
    [
        ("do_not_honor", False, True),
        ("issuer_unavailable", False, True),
        ("insufficient_funds", False, False),
        ("authentication_failed", False, False),
        ("do_not_honor", True, False),
        ("stolen_card", True, False),
    ],
)
def test_only_what_another_provider_may_turn_is_tried_there(
    code: str, is_hard: bool, may: bool
) -> None:
    assert can_be_tried_elsewhere(code, is_hard=is_hard) == may


def test_a_circuit_opens_by_failures_that_are_many_and_most() -> None:
    health = None
    for _ in range(4):
        health = observed(health, "a", answered=0, failed=1, now=NOW)
    assert circuit_of(health, NOW) == "closed"
    assert circuit_of(observed(health, "a", answered=0, failed=1, now=NOW), NOW) == "open"
    busy = observed(None, "a", answered=100, failed=20, now=NOW)
    assert circuit_of(busy, NOW) == "closed"


def test_old_failures_are_forgotten() -> None:
    health = observed(None, "a", answered=0, failed=4, now=NOW)
    later = NOW + timedelta(hours=1)
    assert circuit_of(observed(health, "a", answered=0, failed=1, now=later), later) == "closed"


def test_an_answer_closes_a_circuit_and_a_failure_keeps_it_open() -> None:
    opened = observed(None, "a", answered=0, failed=5, now=NOW)
    later = NOW + PROBE_AFTER
    assert circuit_of(observed(opened, "a", answered=0, failed=1, now=later), NOW) == "open"
    assert circuit_of(observed(opened, "a", answered=1, failed=0, now=later), later) == "closed"


@pytest.mark.parametrize(
    ("minor", "country", "merchant", "risk", "expected"),
    [
        (3_000, "DE", "DE", "normal", "low_value"),
        (3_001, "DE", "DE", "normal", "auto"),
        (3_001, "DE", "FR", "low", "low_risk"),
        (25_001, "DE", "FR", "low", "auto"),
        (1_000, "DE", "DE", "high", "challenge"),
        (9_000, "US", "DE", "normal", "out_of_scope"),
        (9_000, "DE", "US", "low", "out_of_scope"),
        (9_000, "US", "US", "high", "challenge"),
    ],
)
def test_authentication_by_law_value_and_risk(
    minor: int, country: str, merchant: str, risk: Risk, expected: Authentication
) -> None:
    choice = choose_authentication(
        Method("card", "tok"),
        Money.of(minor, "EUR"),
        country=country,
        merchant_country=merchant,
        risk=risk,
    )
    assert choice.authentication == expected
    assert choice.reason.endswith(".")


def test_other_methods_bring_their_own_authentication() -> None:
    choice = choose_authentication(
        Method("ideal", "tok"),
        Money.of(9_000, "EUR"),
        country="NL",
        merchant_country="NL",
        risk="low",
    )
    assert choice.authentication == "out_of_scope"
