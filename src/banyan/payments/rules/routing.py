"""Which provider takes a payment: rules first, then what has been learned, weighed against cost.

A bandit with a floor. Each provider's approval rate in the payment's segment is estimated with a
beta prior that is itself learned from the wider segments (method and currency, then method, then all
payments), so that a new segment starts from what is known of the provider. The choice samples around
the estimate by its uncertainty (Thompson sampling with a normal approximation), multiplies by what an
approval is worth, less the cost, and takes the best. Every usable provider keeps a floor of
exploration, so that one that has recovered is noticed.

The dice are a hash of the attempt's id: the same attempt is always routed alike.
"""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import NormalDist
from uuid import UUID

from banyan.kernel import Money
from banyan.payments.model import (
    Candidate,
    Connection,
    Method,
    ProviderHealth,
    Route,
    RouteStats,
    RoutingPolicy,
    RoutingRule,
)
from banyan.payments.rules.health import circuit_of, decayed

STATS_HALF_LIFE = timedelta(days=14)
_PRIOR_APPROVAL = 0.85
_PRIOR_STRENGTH = 20.0
"""Payments that the prior of a segment counts as."""

_RETRYABLE_ELSEWHERE = frozenset(
    {
        "issuer_unavailable",
        "processing_error",
        "do_not_honor",
        "generic_decline",
        "try_again_later",
        "provider_unavailable",
        "acquirer_error",
        "not_permitted",
    }
)
"""Soft declines that another provider's connection to the issuer may turn into an approval.

A lack of funds is a soft decline too, but no provider can change it: the buyer may try again later.
Trying it elsewhere at once costs fees and the issuer's goodwill.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The payment to be routed; ``country`` is the buyer's."""

    amount: Money
    method: Method
    country: str

    @property
    def segments(self) -> tuple[str, ...]:
        """From the widest to the narrowest."""
        kind, currency = self.method.type, self.amount.currency.code
        return ("all", kind, f"{kind}|{currency}", f"{kind}|{currency}|{self.country}")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What routing goes by at one instant."""

    now: datetime
    policy: RoutingPolicy
    connections: Sequence[Connection]
    stats: Mapping[tuple[str, str], RouteStats] = field(
        default_factory=dict[tuple[str, str], RouteStats]
    )
    health: Mapping[str, ProviderHealth] = field(default_factory=dict[str, ProviderHealth])


def can_be_tried_elsewhere(code: str, *, is_hard: bool) -> bool:
    """Whether another provider may be asked after this decline."""
    return not is_hard and code in _RETRYABLE_ELSEWHERE


def usable(
    wanted: Wanted, connections: Sequence[Connection], tried: Collection[str] = ()
) -> list[Connection]:
    """The connections that can take a payment and have not been tried, by name."""
    kind, currency = wanted.method.type, wanted.amount.currency.code
    return sorted(
        (
            one
            for one in connections
            if one.is_enabled
            and one.kind != "iso20022"
            and one.name not in tried
            and wanted.method.token_for(one.name)
            and _allows(one.method_types, kind)
            and _allows(one.currencies, currency)
            and _allows(one.countries, wanted.country)
        ),
        key=lambda one: one.name,
    )


def choose_route(
    wanted: Wanted, known: Knowledge, attempt_id: UUID, tried: Collection[str] = ()
) -> Route | None:
    """The provider to ask next; None if none is left."""
    open_to = usable(wanted, known.connections, tried)
    rule = _rule_for(wanted, known.policy)
    if rule is not None:
        open_to = [one for one in open_to if one.name in rule.providers]
    if not open_to:
        return None
    weighed = [_weigh(wanted, known, one, attempt_id) for one in open_to]
    working = [one for one in weighed if one.circuit == "closed"] or weighed
    probing = [one for one in weighed if one.circuit == "probing"]
    if len(weighed) == 1:
        return Route(weighed[0].provider, _only_reason(weighed[0], tried), candidates=weighed)
    if probing and working is not weighed:
        reason = f"One payment to find out whether {probing[0].provider} works again."
        return Route(probing[0].provider, reason, is_explored=True, candidates=weighed)
    if rule is not None and rule.order == "listed":
        first = min(working, key=lambda one: rule.providers.index(one.provider))
        return Route(first.provider, _listed_reason(first, rule, weighed), candidates=weighed)
    return _learned(known.policy, working, weighed, attempt_id)


def _learned(
    policy: RoutingPolicy, working: list[Candidate], weighed: list[Candidate], attempt_id: UUID
) -> Route:
    """The best of those that work, or one of them by the floor of exploration."""
    floor = policy.exploration_bp / 10_000
    dice = _dice(attempt_id, "explore")
    if len(working) > 1 and dice < floor * len(working):
        one = working[int(dice / floor)]
        reason = f"Explored: {one.provider} gets its floor of {policy.exploration_bp / 100:g} %."
        return Route(one.provider, reason, is_explored=True, candidates=weighed)
    best = max(working, key=lambda one: (one.value_minor, one.provider))
    spared = sorted(one.provider for one in weighed if one not in working)
    reason = (
        f"{best.provider} is worth most: approves about {best.approval:.1%}, "
        f"costs {best.cost_minor} in minor units."
    )
    if spared:
        reason += f" Not answering: {', '.join(spared)}."
    return Route(best.provider, reason, candidates=weighed)


def _weigh(wanted: Wanted, known: Knowledge, one: Connection, attempt_id: UUID) -> Candidate:
    approval, trials = estimate(one.name, wanted.segments, known.stats, known.now)
    cost = wanted.amount.portion(one.fee_bp).minor + one.fee_fixed_minor
    spread = math.sqrt(approval * (1 - approval) / (trials + _PRIOR_STRENGTH))
    luck = NormalDist().inv_cdf(min(max(_dice(attempt_id, one.name), 1e-9), 1 - 1e-9))
    sampled = min(1.0, max(0.0, approval + spread * luck))
    worth = wanted.amount.minor * known.policy.value_bp / 10_000 - cost
    return Candidate(
        provider=one.name,
        approval=round(approval, 4),
        trials=round(trials, 1),
        cost_minor=cost,
        value_minor=round(sampled * worth if worth > 0 else approval * worth, 2),
        circuit=circuit_of(known.health.get(one.name), known.now),
    )


def estimate(
    provider: str,
    segments: Sequence[str],
    stats: Mapping[tuple[str, str], RouteStats],
    now: datetime,
) -> tuple[float, float]:
    """The approval rate in the narrowest segment, and how many payments it rests on.

    Each segment's prior is the estimate of the wider one.
    """
    approval, trials = _PRIOR_APPROVAL, 0.0
    for segment in segments:
        seen = stats.get((provider, segment))
        approved = declined = 0.0
        if seen is not None:
            since = now - seen.counted_at
            approved = decayed(seen.approved, since, STATS_HALF_LIFE)
            declined = decayed(seen.declined, since, STATS_HALF_LIFE)
        trials = approved + declined
        approval = (approved + _PRIOR_STRENGTH * approval) / (trials + _PRIOR_STRENGTH)
    return approval, trials


def _rule_for(wanted: Wanted, policy: RoutingPolicy) -> RoutingRule | None:
    amount = wanted.amount
    return next(
        (
            rule
            for rule in policy.rules
            if _allows(rule.method_types, wanted.method.type)
            and _allows(rule.currencies, amount.currency.code)
            and _allows(rule.countries, wanted.country)
            and (rule.amount_min is None or amount.minor >= rule.amount_min)
            and (rule.amount_max is None or amount.minor <= rule.amount_max)
        ),
        None,
    )


def _only_reason(one: Candidate, tried: Collection[str]) -> str:
    if tried:
        return f"{one.provider} is the one left after {', '.join(sorted(tried))}."
    return f"{one.provider} is the only provider for this payment."


def _listed_reason(first: Candidate, rule: RoutingRule, weighed: list[Candidate]) -> str:
    names = {one.provider for one in weighed}
    before = [name for name in rule.providers if name in names]
    spared = before[: before.index(first.provider)]
    if spared:
        return f"A rule lists {first.provider} after {', '.join(spared)}, not answering."
    return f"A rule lists {first.provider} first."


def _allows(allowed: Collection[str] | None, one: str) -> bool:
    return allowed is None or one in allowed


def _dice(attempt_id: UUID, label: str) -> float:
    """A number in [0, 1) that is always the same for an attempt and a label."""
    digest = hashlib.sha256(attempt_id.bytes + label.encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
