"""The sentences that tell people which rule held, and why."""

from collections.abc import Sequence
from datetime import datetime

from banyan.commission.model.rule import Rate, Rule
from banyan.kernel import Money


def percent(rate_bp: int) -> str:
    """``1250`` as "12.5 %"."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + " %"


def rule_in_words(rule: Rule) -> str:
    """ "12 % Electronics since 2018-01-01, minimum 1.00 BRL"; a reduction is "3 % off, Spring"."""
    if rule.effect == "reduction":
        return f"{percent(rule.rate_bp)} off, {rule.label} {_validity(rule)}"
    return f"{percent(rule.rate_bp)} {rule.label} {_validity(rule)}{_amounts(rule)}"


def charge_in_words(standard: str, promotions: Sequence[Rule], base: Money) -> str:
    """Why a charge is what it is: the standard rule in words, the promotions, and on how much."""
    sentence = standard
    if promotions and promotions[0].effect == "rate":
        sentence = f"{rule_in_words(promotions[0])}, in place of {standard}"
    elif promotions:
        sentence = f"{standard}, less {' and '.join(rule_in_words(rule) for rule in promotions)}"
    return f"{sentence}, on {base}"


def default_in_words(rate_bp: int) -> str:
    return f"{percent(rate_bp)} by the payment settings"


def _validity(rule: Rule) -> str:
    since = f"since {_instant(rule.valid_from)}"
    return since if rule.valid_until is None else f"{since} until {_instant(rule.valid_until)}"


def _instant(at: datetime) -> str:
    """The day; with the time unless it is midnight."""
    text = at.isoformat(timespec="minutes")
    return text[:10] if text[11:16] == "00:00" else text[:16].replace("T", " ")


def _amounts(rule: Rule) -> str:
    rate: Rate = rule.rate
    if rule.currency is None or not rate.has_amounts:
        return ""
    each = {"unit": " a unit", "line": " a line", "order": ""}[rate.per]
    parts = list[str]()
    if rate.fixed_minor:
        parts.append(f"plus {Money.of(rate.fixed_minor, rule.currency)}{each}")
    if rate.minimum_minor:
        parts.append(f"minimum {Money.of(rate.minimum_minor, rule.currency)}{each}")
    if rate.maximum_minor is not None:
        parts.append(f"maximum {Money.of(rate.maximum_minor, rule.currency)}{each}")
    return "".join(f", {part}" for part in parts)
