"""Rules: made, superseded, ended; never edited."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from banyan.commission.errors import CommissionRuleNotFound, RuleEnded, TierNotFound
from banyan.commission.model.rule import RULE, Rule, RuleDraft, RuleKind, Scope
from banyan.commission.rules.choosing import clashing
from banyan.commission.rules.validity import check_clash, check_draft, cut_at
from banyan.commission.rules.words import rule_in_words
from banyan.commission.store import rules as store
from banyan.commission.store import tiers as tiers_store
from banyan.kernel import LIMIT_DEFAULT, Fault, Page, id_of_cursor, new_id, page_of
from banyan.parties import SELLER, SellerNotFound, find_seller
from banyan.runtime import Event, Json, Transaction


async def create_rule(tx: Transaction, draft: RuleDraft) -> Rule:
    """Add a rule; ``InvalidRule``, ``SellerNotFound``, ``TierNotFound``, and ``RuleClash`` if another
    one of its kind and scope holds at the same time."""
    check_draft(draft, tx.now)
    await _check_scope(tx, draft.scope)
    await store.lock_rules(tx)
    rule = _rule(tx, draft, supersedes=None)
    return await _add_rule(tx, rule, "created", f"{rule_in_words(rule)}.")


async def supersede_rule(tx: Transaction, rule_id: UUID, draft: RuleDraft) -> Rule:
    """Put another rule in place of this one from an instant on; what was charged stays as it is.

    The new one may have another scope. ``CommissionRuleNotFound``, ``RuleEnded`` if the old one holds
    no longer then, and what ``create_rule`` refuses.
    """
    check_draft(draft, tx.now)
    await _check_scope(tx, draft.scope)
    await store.lock_rules(tx)
    old = await get_rule(tx, rule_id)
    if await store.find_successor(tx, rule_id) is not None:
        raise RuleEnded(f"{RULE.text(rule_id)} has been superseded already.")
    new = _rule(tx, draft, supersedes=rule_id)
    ended = await _cut(tx, old, new.valid_from)
    await tx.record(_rule_news("ended", ended, f"In its place: {rule_in_words(new)}."))
    reason = f"{rule_in_words(new)}, in place of {rule_in_words(old)}."
    return await _add_rule(tx, new, "superseded", reason)


async def end_rule(tx: Transaction, rule_id: UUID, at: datetime | None, reason: str) -> Rule:
    """Let a rule hold until ``at`` only (None: until now). ``CommissionRuleNotFound``, ``RuleEnded``,
    ``InvalidRule`` for an instant in the past."""
    await store.lock_rules(tx)
    rule = await get_rule(tx, rule_id)
    ended = await _cut(tx, rule, at or tx.now)
    await tx.record(_rule_news("ended", ended, reason))
    return ended


async def get_rule(tx: Transaction, rule_id: UUID) -> Rule:
    rule = await store.find_rule(tx, rule_id)
    if rule is None:
        raise CommissionRuleNotFound(f"There is no commission rule {RULE.text(rule_id)}.")
    return rule


async def list_rules(
    tx: Transaction,
    *,
    kind: RuleKind | None = None,
    seller_id: UUID | None = None,
    tier: str | None = None,
    category: str | None = None,
    at: datetime | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[Rule]:
    """Rules, the newest first; with ``at`` those that hold at that instant."""
    rows = await store.select_rules(
        tx,
        kind=kind,
        seller_id=seller_id,
        tier=tier,
        category=category,
        at=at,
        after=id_of_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda rule: rule.rule_id)


async def _check_scope(tx: Transaction, scope: Scope) -> None:
    """``SellerNotFound`` or ``TierNotFound`` if there is nobody whom the rule is for."""
    if scope.seller_id is not None and await find_seller(tx, scope.seller_id) is None:
        detail = f"There is no seller {SELLER.text(scope.seller_id)} in this marketplace."
        raise SellerNotFound(detail, faults=(Fault("seller_not_found", detail, "/seller"),))
    if scope.tier is not None:
        known = [tier.tier for tier in await tiers_store.select_tiers(tx)]
        if scope.tier not in known:
            detail = f"There is no tier {scope.tier}; there is {', '.join(known) or 'none at all'}."
            raise TierNotFound(detail, faults=(Fault("tier_not_found", detail, "/tier"),))


async def _add_rule(tx: Transaction, rule: Rule, what: str, reason: str) -> Rule:
    check_clash(rule, clashing(rule, await store.select_of_scope(tx, rule.kind, rule.scope)))
    await store.insert_rule(tx, rule)
    await tx.record(_rule_news(what, rule, reason))
    return rule


async def _cut(tx: Transaction, rule: Rule, at: datetime) -> Rule:
    until = cut_at(rule, at, tx.now)
    await store.update_valid_until(tx, rule.rule_id, until)
    return replace(rule, valid_until=until)


def _rule(tx: Transaction, draft: RuleDraft, *, supersedes: UUID | None) -> Rule:
    scope, rate = draft.scope, draft.rate
    return Rule(
        marketplace_id=tx.marketplace_id,
        rule_id=new_id(tx.now),
        kind=draft.kind,
        label=draft.label,
        seller_id=scope.seller_id,
        tier=scope.tier,
        category=scope.category,
        currency=scope.currency,
        effect=draft.effect,
        rate_bp=rate.rate_bp,
        fixed_minor=rate.fixed_minor,
        minimum_minor=rate.minimum_minor,
        maximum_minor=rate.maximum_minor,
        per=rate.per,
        base=rate.base,
        price=rate.price,
        priority=draft.priority,
        stacks=draft.stacks,
        valid_from=draft.valid_from or tx.now,
        valid_until=draft.valid_until,
        supersedes=supersedes,
        reason=draft.reason,
        created_at=tx.now,
        created_by=tx.cause.actor or tx.cause.id,
    )


def _rule_news(what: str, rule: Rule, reason: str) -> Event:
    payload: dict[str, Json] = {
        "kind": rule.kind,
        "label": rule.label,
        "seller": None if rule.seller_id is None else SELLER.text(rule.seller_id),
        "tier": rule.tier,
        "category": rule.category,
        "currency": rule.currency,
        "rate_bp": rule.rate_bp,
        "valid_from": rule.valid_from.isoformat(),
        "valid_until": rule.valid_until and rule.valid_until.isoformat(),
        "supersedes": None if rule.supersedes is None else RULE.text(rule.supersedes),
        "reason": reason,
    }
    return Event(f"commission_rule.{what}", RULE.text(rule.rule_id), payload)
