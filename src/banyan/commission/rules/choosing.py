"""Which rules hold for a sale, and which of two would be ambiguous."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from banyan.commission.model.rule import Rule, RuleKind, Scope


def by_scope(rules: Iterable[Rule]) -> dict[Scope, tuple[Rule, ...]]:
    """Rules by their scope, so that those of a sale are found without looking at the others."""
    found: dict[Scope, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.scope, []).append(rule)
    return {scope: tuple(own) for scope, own in found.items()}


def holding(rules: Mapping[Scope, tuple[Rule, ...]], sale: Scope, at: datetime) -> Sequence[Rule]:
    """The rules that hold for a sale, the closest first. ``sale`` names all that is known of it."""
    if not rules:
        return ()
    return [
        rule for scope in _scopes_around(sale) for rule in rules.get(scope, ()) if rule.holds_at(at)
    ]


def standard_rule(held: Sequence[Rule], kind: RuleKind) -> Rule | None:
    """Of the rules that hold, the closest of a kind."""
    return next((rule for rule in held if rule.kind == kind), None)


def promotions_of(held: Sequence[Rule]) -> tuple[Rule, ...]:
    """The promotions that apply: the one of the highest priority, of equal ones the closest.

    If it stacks, the others that stack apply as well, whatever their priority.
    """
    promotions = [rule for rule in held if rule.kind == "promotion"]
    if not promotions:
        return ()
    first = max(promotions, key=lambda rule: rule.priority)  # of equal ones the first: the closest
    if not first.stacks:
        return (first,)
    return (first, *(rule for rule in promotions if rule.stacks and rule is not first))


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


def _scopes_around(sale: Scope) -> Iterator[Scope]:
    """Every scope that a sale falls into, the closest first; none has both a seller and a tier."""
    owners = [(sale.seller_id, None)] if sale.seller_id else []
    owners += [(None, sale.tier)] if sale.tier else []
    for seller_id, tier in (*owners, (None, None)):
        for category in dict.fromkeys((sale.category, None)):
            for currency in dict.fromkeys((sale.currency, None)):
                yield Scope(seller_id, tier, category, currency)


def _overlap(one: Rule, other: Rule) -> bool:
    """Whether both hold at some instant; one whose time is empty holds at none."""
    begins = max(one.valid_from, other.valid_from)
    ends = [rule.valid_until for rule in (one, other) if rule.valid_until is not None]
    return not ends or begins < min(ends)
