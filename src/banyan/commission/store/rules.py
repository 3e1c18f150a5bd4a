"""SQL of rules."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from banyan.commission.model.rule import Rule, RuleKind, Scope
from banyan.runtime import Transaction


async def lock_rules(tx: Transaction) -> None:
    """Nobody else changes the marketplace's rules until the transaction ends."""
    await tx.execute(
        """
        select pg_advisory_xact_lock(
          hashtextextended('commission.rules:' || %(marketplace_id)s::uuid, 0))
        """
    )


async def insert_rule(tx: Transaction, rule: Rule) -> None:
    await tx.execute(
        """
        insert into commission.rules
          (marketplace_id, rule_id, kind, label, seller_id, tier, category, currency, effect,
           rate_bp, fixed_minor, minimum_minor, maximum_minor, per, base, price, priority, stacks,
           valid_from, valid_until, supersedes, reason, created_at, created_by)
        values
          (%(marketplace_id)s, %(rule_id)s, %(kind)s, %(label)s, %(seller_id)s, %(tier)s,
           %(category)s, %(currency)s, %(effect)s, %(rate_bp)s, %(fixed_minor)s, %(minimum_minor)s,
           %(maximum_minor)s, %(per)s, %(base)s, %(price)s, %(priority)s, %(stacks)s,
           %(valid_from)s, %(valid_until)s, %(supersedes)s, %(reason)s, %(created_at)s,
           %(created_by)s)
        """,
        rule_id=rule.rule_id,
        kind=rule.kind,
        label=rule.label,
        seller_id=rule.seller_id,
        tier=rule.tier,
        category=rule.category,
        currency=rule.currency,
        effect=rule.effect,
        rate_bp=rule.rate_bp,
        fixed_minor=rule.fixed_minor,
        minimum_minor=rule.minimum_minor,
        maximum_minor=rule.maximum_minor,
        per=rule.per,
        base=rule.base,
        price=rule.price,
        priority=rule.priority,
        stacks=rule.stacks,
        valid_from=rule.valid_from,
        valid_until=rule.valid_until,
        supersedes=rule.supersedes,
        reason=rule.reason,
        created_at=rule.created_at,
        created_by=rule.created_by,
    )


async def update_valid_until(tx: Transaction, rule_id: UUID, valid_until: datetime) -> None:
    await tx.execute(
        """
        update commission.rules
        set valid_until = %(valid_until)s
        where marketplace_id = %(marketplace_id)s and rule_id = %(rule_id)s
        """,
        rule_id=rule_id,
        valid_until=valid_until,
    )


async def find_rule(tx: Transaction, rule_id: UUID) -> Rule | None:
    return await tx.one(
        Rule,
        """
        select *
        from commission.rules
        where marketplace_id = %(marketplace_id)s and rule_id = %(rule_id)s
        """,
        rule_id=rule_id,
    )


async def find_successor(tx: Transaction, rule_id: UUID) -> Rule | None:
    """The rule that supersedes this one."""
    return await tx.one(
        Rule,
        """
        select *
        from commission.rules
        where marketplace_id = %(marketplace_id)s and supersedes = %(rule_id)s
        """,
        rule_id=rule_id,
    )


async def select_of_scope(tx: Transaction, kind: RuleKind, scope: Scope) -> list[Rule]:
    """Every rule of exactly this scope."""
    return await tx.all(
        Rule,
        """
        select *
        from commission.rules
        where marketplace_id = %(marketplace_id)s
          and kind = %(kind)s
          and seller_id is not distinct from %(seller_id)s::uuid
          and tier is not distinct from %(tier)s::text
          and category is not distinct from %(category)s::text
          and currency is not distinct from %(currency)s::text
        order by valid_from, rule_id
        """,
        kind=kind,
        seller_id=scope.seller_id,
        tier=scope.tier,
        category=scope.category,
        currency=scope.currency,
    )


async def select_for_sellers(
    tx: Transaction, seller_ids: Collection[UUID], since: datetime, until: datetime
) -> list[Rule]:
    """The rules that may concern sales of these sellers at some instant of a time (both ends in)."""
    return await tx.all(
        Rule,
        """
        select *
        from commission.rules
        where marketplace_id = %(marketplace_id)s
          and (seller_id is null or seller_id = any(%(seller_ids)s))
          and (valid_until is null or valid_until > %(since)s)
          and valid_from <= %(until)s
        order by rule_id
        """,
        seller_ids=list(seller_ids),
        since=since,
        until=until,
    )


async def select_rules(
    tx: Transaction,
    *,
    kind: RuleKind | None,
    seller_id: UUID | None,
    tier: str | None,
    category: str | None,
    at: datetime | None,
    after: UUID | None,
    limit: int,
) -> list[Rule]:
    """The newest first, older than ``after``."""
    return await tx.all(
        Rule,
        """
        select *
        from commission.rules
        where marketplace_id = %(marketplace_id)s
          and (%(kind)s::text is null or kind = %(kind)s)
          and (%(seller_id)s::uuid is null or seller_id = %(seller_id)s)
          and (%(tier)s::text is null or tier = %(tier)s)
          and (%(category)s::text is null or category = %(category)s)
          and (%(at)s::timestamptz is null
               or (valid_from <= %(at)s and (valid_until is null or valid_until > %(at)s)))
          and (%(after)s::uuid is null or rule_id < %(after)s)
        order by rule_id desc
        limit %(limit)s
        """,
        kind=kind,
        seller_id=seller_id,
        tier=tier,
        category=category,
        at=at,
        after=after,
        limit=limit,
    )
