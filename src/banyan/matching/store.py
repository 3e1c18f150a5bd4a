"""SQL of matching: one function, one statement."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.matching.model import Decision
from banyan.runtime import Transaction


async def insert_decisions(tx: Transaction, decisions: Sequence[Decision]) -> None:
    await tx.execute(
        """
        insert into matching.decisions
          (marketplace_id, decision_id, request_id, product, quantity, currency, country, region,
           unit_price_max_minor, asked_offer_id, outcome, offer_id, candidates_count, candidates,
           reason, version, weights, decided_at)
        select %(marketplace_id)s, new.*, %(now)s
        from unnest(
          %(decision_ids)s::uuid[], %(request_ids)s::uuid[], %(products)s::text[],
          %(quantities)s::int[], %(currencies)s::text[], %(countries)s::text[], %(regions)s::text[],
          %(maxima)s::bigint[], %(asked)s::uuid[], %(outcomes)s::text[], %(offers)s::uuid[],
          %(counts)s::int[], %(candidates)s::jsonb[], %(reasons)s::text[], %(versions)s::text[],
          %(weights)s::jsonb[]
        ) as new
        """,
        now=tx.now,
        decision_ids=[decision.decision_id for decision in decisions],
        request_ids=[decision.request_id for decision in decisions],
        products=[decision.product for decision in decisions],
        quantities=[decision.quantity for decision in decisions],
        currencies=[decision.currency for decision in decisions],
        countries=[decision.country for decision in decisions],
        regions=[decision.region for decision in decisions],
        maxima=[decision.unit_price_max_minor for decision in decisions],
        asked=[decision.asked_offer_id for decision in decisions],
        outcomes=[decision.outcome for decision in decisions],
        offers=[decision.offer_id for decision in decisions],
        counts=[decision.candidates_count for decision in decisions],
        candidates=[Jsonb(decision.candidates) for decision in decisions],
        reasons=[decision.reason for decision in decisions],
        versions=[decision.version for decision in decisions],
        weights=[Jsonb(decision.weights) for decision in decisions],
    )


async def select_decisions(tx: Transaction, request_ids: Sequence[UUID]) -> list[Decision]:
    return await tx.all(
        Decision,
        """
        select *
        from matching.decisions
        where marketplace_id = %(marketplace_id)s and request_id = any(%(request_ids)s::uuid[])
        order by decision_id
        """,
        request_ids=list(request_ids),
    )
