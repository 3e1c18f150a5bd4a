"""placed → matched: an offer for every line, its units reserved."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from banyan import matching, operations, parties
from banyan.kernel import Money, derived_id
from banyan.matching import Match, MatchRequest, NoMatch
from banyan.operations import CaseDraft
from banyan.orders import rules, service, store
from banyan.orders.jobs.loading import lock_orders_in
from banyan.orders.model import Line, Order, OrderState
from banyan.runtime import Event, Job, JobDraft, Transaction

Answer = Match | NoMatch


async def match_orders(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Match the lines of placed orders, all of them in one call."""
    orders = await lock_orders_in(tx, jobs, {OrderState.PLACED})
    lines = await service.lines_of(tx, [order.order_id for order in orders])
    requests = [_request(order, line) for order in orders for line in lines[order.order_id]]
    started_s = time.perf_counter()
    answers = dict(
        zip(
            (request.request_id for request in requests),
            await matching.match(tx, requests) if requests else [],
            strict=True,
        )
    )
    took_ms = round((time.perf_counter() - started_s) * 1000 / max(1, len(orders)), 2)
    matched: list[tuple[Order, list[tuple[Line, Match]]]] = []
    for order in orders:
        answered = [(line, answers[_request_id(line)]) for line in lines[order.order_id]]
        pairs = [(line, answer) for line, answer in answered if isinstance(answer, Match)]
        if len(pairs) == len(answered):
            matched.append((order, pairs))
        else:
            await _leave_unmatched(tx, order, answered)
    await _save_matched(tx, matched, took_ms)


def _request(order: Order, line: Line) -> MatchRequest:
    highest = line.unit_price_max_minor
    return MatchRequest(
        request_id=_request_id(line),
        product=line.product,
        quantity=line.quantity,
        currency=order.currency,
        country=order.country,
        region=order.region,
        unit_price_max=None if highest is None else Money.of(highest, order.currency),
        offer_id=line.wanted_offer_id,
    )


def _request_id(line: Line) -> UUID:
    return derived_id(line.order_id, "line", line.line)


async def _save_matched(
    tx: Transaction, matched: Sequence[tuple[Order, list[tuple[Line, Match]]]], took_ms: float
) -> None:
    if not matched:
        return
    rows: list[Line] = []
    updates: list[tuple[UUID, int, datetime]] = []
    events: list[Event] = []
    for order, pairs in matched:
        chosen = [_with_match(line, match) for line, match in pairs]
        rows += chosen
        cost = sum(rules.line_cost(line, order.currency).minor for line in chosen)
        updates.append((order.order_id, cost, rules.promise(order.placed_at, chosen)))
        events.append(
            _matched_news(replace(order, items_minor=cost, state="matched"), pairs, took_ms)
        )
    await store.update_matched_lines(tx, rows)
    await store.update_matched(tx, updates)
    await tx.record_all(events)
    await tx.enqueue_all(JobDraft("order.check", str(order.order_id)) for order, _ in matched)


def _with_match(line: Line, match: Match) -> Line:
    return replace(
        line,
        offer_id=match.offer_id,
        seller_id=match.seller_id,
        unit_price_minor=match.unit_price.minor,
        lead_time_days=match.lead_time_days,
    )


def _matched_news(order: Order, pairs: list[tuple[Line, Match]], took_ms: float) -> Event:
    reasons = dict.fromkeys(match.reason for _, match in pairs)
    return service.news(
        "matched",
        order,
        " ".join(reasons),
        version=pairs[0][1].version,
        took_ms=took_ms,
        lines=[
            {
                "line": line.line,
                "product": line.product,
                "offer": parties.OFFER.text(match.offer_id),
                "seller": parties.SELLER.text(match.seller_id),
                "candidates": match.candidates,
                "score_bp": match.score.total_bp,
                "reason": match.reason,
            }
            for line, match in pairs
        ],
    )


async def _leave_unmatched(
    tx: Transaction, order: Order, answered: Sequence[tuple[Line, Answer]]
) -> None:
    """Give back what the other lines reserved, and ask a person."""
    units: dict[UUID, int] = {}
    for line, answer in answered:
        if isinstance(answer, Match):
            units[answer.offer_id] = units.get(answer.offer.offer_id, 0) + line.quantity
    if units:
        await parties.release(tx, units)
    await store.update_state(tx, [order.order_id], OrderState.UNMATCHED)
    missing = [(line, answer) for line, answer in answered if isinstance(answer, NoMatch)]
    reason = " ".join(answer.reason for _, answer in missing)
    await tx.record(
        service.news(
            "unmatched",
            replace(order, state="unmatched"),
            reason,
            codes=[answer.code for _, answer in missing],
        )
    )
    settings = await service.get_settings(tx)
    await operations.open_cases(
        tx,
        [
            CaseDraft(
                key=f"{order.reference}/unmatched/{tx.now.isoformat()}",
                queue="matching",
                kind="order.unmatched",
                subject=order.reference,
                title="No offer fits the order",
                reason=reason,
                due_at=tx.now + timedelta(hours=settings.review_hours),
                resolutions=("match_again", "cancel"),
                evidence={"products": [line.product for line, _ in missing]},
            )
        ],
    )
