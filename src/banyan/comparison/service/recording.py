"""Taking in what was compared."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from banyan.comparison.model import Finding, Recorded
from banyan.comparison.rules.sorting import Learned, Sorted, minute_of, sort_findings
from banyan.comparison.service import news
from banyan.comparison.store import counters, divergences, keys
from banyan.kernel import new_token
from banyan.runtime import Transaction, Vault


async def record(tx: Transaction, plan_id: UUID, findings: Sequence[Finding]) -> Recorded:
    """Count findings, and sort those that differ beyond noise into divergences.

    A request that was recorded within a day is passed over. What the same place has shown before,
    in this batch and earlier ones, decides what is noise.
    """
    if not findings:
        return Recorded()
    await counters.lock_plan(tx, plan_id)
    new = await _new_ones(tx, plan_id, findings)
    steady = [finding for finding in new if not finding.comparison.is_unsteady]
    result = await _sort(tx, plan_id, steady)
    await _count(tx, plan_id, new)
    await counters.forget_seen(tx, plan_id)
    return Recorded(
        compared=len(steady),
        diverged=result.diverged,
        repeated=len(findings) - len(new),
        unsteady=len(new) - len(steady),
        found=tuple(result.found),
        returned=tuple(result.returned),
    )


async def record_equal(tx: Transaction, plan_id: UUID, route: str, count: int) -> None:
    """Count comparisons that found no difference, without their requests."""
    if count:
        await counters.lock_plan(tx, plan_id)
        await counters.add_minutes(tx, plan_id, {(route, minute_of(tx.now)): (count, 0)})
        await counters.add_looks(tx, plan_id, {route: (0, count)})


async def masking_key(tx: Transaction, vault: Vault, plan_id: UUID) -> bytes:
    """The secret of a plan's pseudonyms; made when it is first asked for."""
    place = f"masking key of {tx.marketplace_id}/{plan_id}"
    sealed = await keys.find_sealed(tx, plan_id)
    if sealed is None:
        await keys.insert_sealed(tx, plan_id, vault.seal(new_token().encode(), place))
        sealed = await keys.find_sealed(tx, plan_id)
    assert sealed is not None, "it was inserted"
    return vault.open(sealed, place)


async def _new_ones(tx: Transaction, plan_id: UUID, findings: Sequence[Finding]) -> list[Finding]:
    by_id = {f"{one.source}:{one.request_id}"[:200]: one for one in findings}
    new = await counters.insert_seen(tx, plan_id, sorted(by_id))
    return [one for request_id, one in by_id.items() if request_id in new]


async def _sort(tx: Transaction, plan_id: UUID, findings: list[Finding]) -> Sorted:
    if not findings:
        return Sorted()
    routes = sorted({finding.route for finding in findings})
    patterns = sorted(
        {
            pattern
            for finding in findings
            for pattern, _ in (
                *(d.key for d in finding.comparison.differences),
                *(d.key for d in finding.comparison.noise),
                *(finding.comparison.baseline or ()),
            )
        }
    )
    learned = Learned(*await counters.rates_of(tx, plan_id, routes, patterns))
    known = await divergences.select_known(tx, plan_id, routes, patterns) if patterns else []
    result = sort_findings(
        findings, learned, known, marketplace_id=tx.marketplace_id, plan_id=plan_id, now=tx.now
    )
    await counters.add_looks(tx, plan_id, learned.new_looks)
    if learned.new_rates:
        await counters.add_noise(tx, plan_id, learned.new_rates)
    if result.divergences:
        await divergences.save(tx, [*result.divergences.values()])
        await divergences.add_minutes(tx, result.minutes)
        await divergences.put_examples(tx, result.examples)
    await _tell(tx, result)
    return result


async def _tell(tx: Transaction, result: Sorted) -> None:
    events = [news.found(result.divergences[one]) for one in result.found]
    for divergence_id in result.returned:
        divergence = result.divergences[divergence_id]
        events.append(news.returned(divergence))
        await divergences.insert_decision(
            tx,
            divergence,
            "returned",
            why="It was seen after it was said to be fixed.",
            by="banyan",
        )
    await tx.record_all(events)


async def _count(tx: Transaction, plan_id: UUID, findings: list[Finding]) -> None:
    counts: dict[tuple[str, datetime], tuple[int, int]] = {}
    for finding in findings:
        key = finding.route, minute_of(finding.at)
        compared, unsteady = counts.get(key, (0, 0))
        is_unsteady = finding.comparison.is_unsteady
        counts[key] = compared + (not is_unsteady), unsteady + is_unsteady
    if counts:
        await counters.add_minutes(tx, plan_id, counts)
