"""What rules come to on the lines of one seller."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from banyan.commission.model.basket import RateBook
from banyan.commission.model.pricing import Charge
from banyan.commission.model.rule import Rate, Rule, Scope
from banyan.commission.rules.choosing import holding, promotions_of, standard_rule
from banyan.commission.rules.words import charge_in_words, default_in_words, rule_in_words
from banyan.kernel import Currency, Money


class PricedLine(NamedTuple):
    """A line of one seller with its share of everything, in minor units.

    ``shipping`` counts what the seller gets of it: nothing where the platform keeps it.
    """

    category: str | None
    quantity: int
    goods: int
    shipping: int
    seller_discount: int
    platform_discount: int


class _Terms(NamedTuple):
    """The rules of a line: a standard one (None: the default) and the promotions on it."""

    standard: Rule | None
    promotions: tuple[Rule, ...]

    @property
    def ids(self) -> tuple[UUID, ...]:
        rules = (self.standard, *self.promotions)
        return tuple(rule.rule_id for rule in rules if rule is not None)


_DEFAULT = _Terms(None, ())


def charges_on(
    lines: Sequence[PricedLine], seller_id: UUID, book: RateBook, at: datetime, currency: Currency
) -> list[Charge]:
    """The charges on one seller's lines: one for all lines under the same rules.

    So the percentage is rounded once for each of them, and amounts "per order" are taken once.
    """
    tier = book.sellers[seller_id].tier
    default_bp = book.defaults.commission_bp
    if not book.rules:
        return [_charge(_DEFAULT, lines, default_bp, currency)]
    ruled: dict[tuple[UUID, ...], tuple[_Terms, list[PricedLine]]] = {}
    for line in lines:
        sale = Scope(seller_id, tier, line.category, currency.code)
        held = holding(book.rules, sale, at)
        terms = _Terms(standard_rule(held, "commission"), promotions_of(held))
        ruled.setdefault(terms.ids, (terms, []))[1].append(line)
    return [_charge(terms, own, default_bp, currency) for _, (terms, own) in sorted(ruled.items())]


def bounded(rate: Rate, base: Money, count: int = 1) -> Money:
    """What a rate comes to on a base: percentage and fixed amount, within the bounds."""
    minor = max(
        base.portion(rate.rate_bp).minor + rate.fixed_minor * count, rate.minimum_minor * count
    )
    if rate.maximum_minor is not None:
        minor = min(minor, rate.maximum_minor * count)
    return Money(minor, base.currency)


def _charge(
    terms: _Terms, lines: Sequence[PricedLine], default_bp: int, currency: Currency
) -> Charge:
    standard = terms.standard
    rate = Rate(rate_bp=default_bp) if standard is None else standard.rate
    words = default_in_words(default_bp) if standard is None else rule_in_words(standard)
    base, commission = _reckon(rate, lines, currency)
    promotions = terms.promotions
    if promotions:
        base_promoted, promoted = _reckon(_promoted(rate, promotions), lines, currency)
        if promoted < commission:
            base, commission = base_promoted, promoted
        else:
            promotions = ()  # a promotion never makes a sale dearer
    used = _Terms(standard, promotions)
    return Charge(base, commission, used.ids, charge_in_words(words, promotions, base))


def _promoted(rate: Rate, promotions: Sequence[Rule]) -> Rate:
    first = promotions[0]
    if first.effect == "rate":
        return first.rate
    off_bp = sum(rule.rate_bp for rule in promotions)
    return Rate(
        rate_bp=max(0, rate.rate_bp - off_bp),
        fixed_minor=rate.fixed_minor,
        minimum_minor=rate.minimum_minor,
        maximum_minor=rate.maximum_minor,
        per=rate.per,
        base=rate.base,
        price=rate.price,
    )


def _reckon(rate: Rate, lines: Sequence[PricedLine], currency: Currency) -> tuple[Money, Money]:
    """The base and the commission on lines that a rate holds for."""
    bases = [_base(rate, line) for line in lines]
    total = Money(sum(bases), currency)
    if rate.per == "order" or not rate.has_amounts:
        return total, bounded(rate, total)
    each = (
        bounded(rate, Money(base, currency), line.quantity if rate.per == "unit" else 1).minor
        for base, line in zip(bases, lines, strict=True)
    )
    return total, Money(sum(each), currency)


def _base(rate: Rate, line: PricedLine) -> int:
    goods = line.goods - (line.seller_discount if rate.price == "reduced" else 0)
    return goods + (line.shipping if rate.base == "goods_and_shipping" else 0)
