"""Which rules hold for a sale, and which of two would be ambiguous."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from banyan.commission.model.rule import Rule, RuleKind, Scope


def by_scope(rules: Iterable[Rule]) -> dict[Scope, tuple[Rule, ...]]:
    """Rules by their scope, so that those of a sale are found without looking at the others."""
    found: dict[Scope, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.scope, []).append(rule)
    return {scope: tuple(own) for scope, own in found.items()}


def standard_rule(
    rules: Mapping[Scope, tuple[Rule, ...]], sale: Scope, kind: RuleKind, at: datetime
) -> Rule | None:
    """The rule of the closest scope that holds for a sale, which names all that is known of it."""
    return next(iter(_holding(rules, sale, kind, at)), None)


def promotions_of(
    rules: Mapping[Scope, tuple[Rule, ...]], sale: Scope, at: datetime
) -> tuple[Rule, ...]:
    """The promotions that apply: the one of the highest priority, of equal ones the closest.

    If it stacks, the others that stack apply as well, whatever their priority.
    """
    holding = _holding(rules, sale, "promotion", at)
    if not holding:
        return ()
    first = max(holding, key=lambda rule: rule.priority)  # of equal ones the first: the closest
    if not first.stacks:
        return (first,)
    return (first, *(rule for rule in holding if rule.stacks and rule is not first))


def clashing(draft: Rule, rules: Iterable[Rule]) -> list[Rule]:
    """The rules with which ``draft`` would be ambiguous: same kind and scope at the same time.

    Promotions of different priority are not, nor are two that both stack.
    """
    return [
        rule
        for rule in rules
        if rule.rule_id != draft.rule_id
        and (rule.kind, rule.scope) == (draft.kind, draft.scope)
        and rule.priority == draft.priority
        and not (rule.stacks and draft.stacks)
        and _overlap(rule, draft)
    ]


def _holding(
    rules: Mapping[Scope, tuple[Rule, ...]], sale: Scope, kind: RuleKind, at: datetime
) -> list[Rule]:
    """The rules that hold, the closest scope first."""
    if not rules:
        return []
    return [
        rule
        for scope in _scopes_around(sale)
        for rule in rules.get(scope, ())
        if rule.kind == kind and rule.holds_at(at)
    ]


def _scopes_around(sale: Scope) -> Sequence[Scope]:
    """Every scope that a sale falls into, the closest first; none has both a seller and a tier."""
    owners = [(sale.seller_id, None), (None, sale.tier), (None, None)]
    return list(
        dict.fromkeys(
            Scope(seller_id, tier, category, currency)
            for seller_id, tier in owners
            for category in (sale.category, None)
            for currency in (sale.currency, None)
        )
    )


def _overlap(one: Rule, other: Rule) -> bool:
    """Whether both hold at some instant; one whose time is empty holds at none."""
    begins = max(one.valid_from, other.valid_from)
    ends = [rule.valid_until for rule in (one, other) if rule.valid_until is not None]
    return not ends or begins < min(ends)
