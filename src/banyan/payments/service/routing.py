"""Routing: which provider takes a payment next, and what is learned from what became of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import msgspec

from banyan.kernel import Fault, Money
from banyan.payments.errors import ProviderMissing, ProviderNotFound
from banyan.payments.model import (
    Connection,
    Method,
    Payment,
    PaymentSettings,
    ProviderHealth,
    Route,
    RouteStats,
    RoutingPolicy,
)
from banyan.payments.providers import sandbox
from banyan.payments.rules import check_usable
from banyan.payments.rules.health import Circuit, circuit_of, observed
from banyan.payments.rules.routing import STATS_HALF_LIFE, Knowledge, Wanted, choose_route, usable
from banyan.payments.service.settings import get_settings, update_settings
from banyan.payments.store import routing as store
from banyan.runtime import Transaction


@dataclass(slots=True)
class Router:
    """Routes payments by what was known when it was loaded."""

    known: Knowledge
    probed: list[str] = field(default_factory=list[str])

    def route(self, wanted: Wanted, attempt_id: UUID, tried: Collection[str] = ()) -> Route | None:
        """The provider to ask next; None if none is left or enough were tried."""
        if len(tried) >= self.known.policy.attempts_max:
            return None
        route = choose_route(wanted, self.known, attempt_id, tried)
        if route is not None:
            self._note_probe(route.provider)
        return route

    def _note_probe(self, provider: str) -> None:
        """The next payments of a batch don't go there, too, before there is an answer."""
        health = self.known.health.get(provider)
        if circuit_of(health, self.known.now) == "probing":
            assert health is not None, "a circuit opens by what was seen"
            probed = replace(health, probed_at=self.known.now)
            self.known = replace(self.known, health={**self.known.health, provider: probed})
            self.probed.append(provider)


async def load_router(tx: Transaction, wanted: Sequence[Wanted]) -> Router:
    """A router for these payments. Where there is nothing to choose from, nothing else is read."""
    settings = await get_settings(tx)
    connections = await connections_of(tx, settings)
    policy = await get_policy(tx)
    if max((len(usable(one, connections)) for one in wanted), default=0) <= 1:
        return Router(Knowledge(tx.now, policy, connections))
    segments = {segment for one in wanted for segment in one.segments}
    stats = await store.select_stats(tx, segments)
    health = await store.select_health(tx)
    return Router(
        Knowledge(
            tx.now,
            policy,
            connections,
            {(one.provider, one.segment): one for one in stats},
            {one.provider: one for one in health},
        )
    )


async def save_probes(tx: Transaction, router: Router) -> None:
    """Note the payments that were let through to find out about a provider."""
    for provider in router.probed:
        await store.mark_probed(tx, provider)


async def connections_of(tx: Transaction, settings: PaymentSettings) -> list[Connection]:
    """What the marketplace has connected; a sandbox marketplace always has the sandbox."""
    connections = await store.select_connections(tx)
    names = {one.name for one in connections}
    if not tx.livemode and settings.provider is not None and "sandbox" not in names:
        connections.append(_sandbox(tx.marketplace_id))
    return connections


async def get_policy(tx: Transaction) -> RoutingPolicy:
    saved = await store.find_policy(tx)
    return msgspec.convert(saved or {}, RoutingPolicy)


async def set_policy(tx: Transaction, policy: RoutingPolicy) -> RoutingPolicy:
    """Route by this policy from now on. ``ProviderNotFound`` if it names one that isn't connected."""
    settings = await get_settings(tx)
    known = {one.name for one in await connections_of(tx, settings)}
    for rule in policy.rules:
        missing = [name for name in rule.providers if name not in known]
        if missing:
            raise ProviderNotFound(f"There is no provider {missing[0]!r}; connect it first.")
    await update_settings(tx, settings)
    await store.save_policy(tx, policy)
    return policy


async def observe_calls(tx: Transaction, calls: Iterable[tuple[str, bool]]) -> None:
    """Count how calls went: by provider, and whether there was an answer to each."""
    counts: dict[str, list[int]] = {}
    for provider, is_answered in calls:
        counts.setdefault(provider, [0, 0])[0 if is_answered else 1] += 1
    known = {one.provider: one for one in await store.lock_health(tx, sorted(counts))}
    for provider, (answered, failed) in sorted(counts.items()):
        health = observed(
            known.get(provider), provider, answered=answered, failed=failed, now=tx.now
        )
        await store.save_health(tx, health)


async def provider_health(tx: Transaction) -> list[ProviderHealth]:
    """How well each provider that was called has answered lately."""
    return sorted(await store.select_health(tx), key=lambda health: health.provider)


async def circuits(tx: Transaction) -> dict[str, Circuit]:
    """Whether each provider that was called gets new payments now."""
    return {one.provider: circuit_of(one, tx.now) for one in await provider_health(tx)}


async def count_outcomes(tx: Transaction, outcomes: Sequence[tuple[Payment, bool]]) -> None:
    """Learn from authorizations: whether each was approved."""
    counts: dict[tuple[str, str], list[float]] = {}
    for payment, is_approved in outcomes:
        for segment in wanted_of(payment).segments:
            counts.setdefault((payment.provider, segment), [0.0, 0.0])[not is_approved] += 1.0
    if counts:
        counted = [
            RouteStats(provider, segment, approved, declined, tx.now)
            for (provider, segment), (approved, declined) in counts.items()
        ]
        await store.add_stats(tx, counted, STATS_HALF_LIFE.total_seconds())


async def check_method(tx: Transaction, method: Method, *, country: str, currency: str) -> None:
    """Whether anybody could take a payment by this method from a buyer of this country.

    ``MethodNotUsable``, ``ProviderMissing``, and ``UnknownToken`` where only sandboxes could take it.
    """
    check_usable(method, country=country, currency=currency)
    settings = await get_settings(tx)
    wanted = Wanted(Money.zero(currency), method, country)
    _check_takers(tx, wanted, await connections_of(tx, settings))


def check_taken(tx: Transaction, wanted: Wanted, router: Router) -> None:
    """``check_method`` with what a router knows."""
    check_usable(wanted.method, country=wanted.country, currency=wanted.amount.currency.code)
    _check_takers(tx, wanted, router.known.connections)


def _check_takers(tx: Transaction, wanted: Wanted, connections: Sequence[Connection]) -> None:
    takers = usable(wanted, connections)
    if not takers:
        raise no_provider(wanted, livemode=tx.livemode)
    for taker in takers:
        if taker.kind == "sandbox":
            sandbox.check_token(wanted.method.token_for(taker.name))


def wanted_of(payment: Payment) -> Wanted:
    """What routing has to know of a payment."""
    return Wanted(payment.amount, payment.method, payment.country or "")


def no_provider(wanted: Wanted, *, livemode: bool) -> ProviderMissing:
    """The refusal of a payment that nobody can take."""
    what = f"a payment of {wanted.amount.currency} by {wanted.method.type}"
    if livemode:
        detail = f"No connected payment provider takes {what}; connect one, or use a sandbox."
    else:
        detail = f"No connected payment provider takes {what}."
    return ProviderMissing(detail, faults=(Fault("provider_missing", detail),))


def _sandbox(marketplace_id: UUID) -> Connection:
    return Connection(
        marketplace_id=marketplace_id,
        name="sandbox",
        kind="sandbox",
        is_enabled=True,
        method_types=None,
        currencies=None,
        countries=None,
        fee_bp=290,
        fee_fixed_minor=30,
    )
