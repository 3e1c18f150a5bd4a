"""Whether a rule makes sense, and what becomes of the one that it supersedes."""

from datetime import datetime

from banyan.commission.errors import InvalidRule, RuleClash, RuleEnded
from banyan.commission.model.rule import RULE, Rule, RuleDraft
from banyan.commission.rules.words import rule_in_words
from banyan.kernel import Fault


def check_draft(draft: RuleDraft, now: datetime) -> None:
    """``InvalidRule`` unless the rule begins now or later and its fields go together."""
    scope, rate = draft.scope, draft.rate
    begins = draft.valid_from or now
    if begins < now:
        detail = "A rule begins now or later: what was charged before is charged."
        raise _invalid("/valid_from", detail)
    if draft.valid_until is not None and draft.valid_until <= begins:
        raise _invalid("/valid_until", "A rule ends after it has begun.")
    if scope.seller_id is not None and scope.tier is not None:
        raise _invalid("/tier", "A rule is for a seller or for a tier, not for both.")
    if rate.has_amounts and scope.currency is None:
        raise _invalid("/currency", "A rule with amounts holds for one currency; name it.")
    if rate.maximum_minor is not None and rate.maximum_minor < rate.minimum_minor:
        raise _invalid("/maximum", "The maximum is not below the minimum.")
    if draft.kind == "service_fee" and (scope.seller_id or scope.tier or scope.category):
        raise _invalid("/kind", "A service fee is for the whole order, in all or in one currency.")
    if draft.kind != "promotion" and (draft.effect != "rate" or draft.priority or draft.stacks):
        raise _invalid("/kind", "Effect, priority and stacking are of promotions.")
    if draft.stacks and draft.effect != "reduction":
        raise _invalid("/stacks", "Only reductions stack; a rate stands in place of another.")
    if draft.effect == "reduction" and rate.has_amounts:
        raise _invalid("/effect", "A reduction takes off percent; it has no amounts.")


def check_clash(rule: Rule, clashing: list[Rule]) -> None:
    """``RuleClash``, which names the rules that would be ambiguous with this one."""
    if clashing:
        names = "; ".join(f"{RULE.text(it.rule_id)} ({rule_in_words(it)})" for it in clashing[:5])
        raise RuleClash(
            f"{rule.label} would hold for the same sales at the same time as {names}. "
            "Supersede or end that one, or choose another time, scope or priority."
        )


def cut_at(rule: Rule, at: datetime, now: datetime) -> datetime:
    """When a rule ends that is to end at ``at``; a rule that has not begun by then never holds."""
    if at < now:
        raise _invalid("/at", "A rule ends now or later: what was charged before is charged.")
    if rule.valid_until is not None and rule.valid_until <= at:
        raise RuleEnded(
            f"{RULE.text(rule.rule_id)} ends at {rule.valid_until.isoformat()} already."
        )
    return max(at, rule.valid_from)


def _invalid(pointer: str, detail: str) -> InvalidRule:
    return InvalidRule(detail, faults=(Fault("invalid_rule", detail, pointer),))
