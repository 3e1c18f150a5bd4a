"""Whether lines that name one another say the same amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from banyan.kernel import Currency, Money
from banyan.reconciliation.model import BreakKind, Line, Rates, Rule, Tolerance


@dataclass(frozen=True, slots=True)
class Agreement:
    """They do, exactly or nearly; ``words`` tell how, for the sentence of the match."""

    rule: Rule
    confidence: int
    words: str
    difference_minor: int = 0


def judge(
    left: Sequence[Line], right: Sequence[Line], tolerance: Tolerance, rates: Rates
) -> Agreement | BreakKind:
    """How the sums of two sides compare: an agreement, or what differs."""
    first, other = left[0], right[0]
    if len(left) == 1 and len(right) == 1 and first.currency == other.currency:
        return _same_currency(
            first.gross_minor, first.fee_minor, other.gross_minor, other.fee_minor,
            tolerance, first.currency,
        )  # fmt: skip
    if len({line.currency for line in left}) > 1 or len({line.currency for line in right}) > 1:
        return "currency_differs"
    gross, fee = _sums(left)
    if first.currency != other.currency:
        return _converted(gross, fee, first.currency, right, tolerance, rates)
    return _same_currency(gross, fee, *_sums(right), tolerance, first.currency)


def _sums(lines: Sequence[Line]) -> tuple[int, int]:
    return sum(line.gross_minor for line in lines), sum(line.fee_minor for line in lines)


def _same_currency(
    left_gross: int,
    left_fee: int,
    right_gross: int,
    right_fee: int,
    tolerance: Tolerance,
    currency: str,
) -> Agreement | BreakKind:
    if left_gross == right_gross and left_fee == right_fee:
        return Agreement("reference", 100, "the same amount")
    difference = left_gross - left_fee - right_gross + right_fee
    if difference == 0 and right_fee == 0:
        return Agreement("reference", 100, "the same amount, net of the fee")
    if abs(left_gross - right_gross) > tolerance.amount_minor:
        return "amount_differs"
    if abs(left_fee - right_fee) > tolerance.fee_minor:
        return "fee_differs"
    words = f"{Money.of(difference, currency)} apart, which is tolerated"
    return Agreement("within_tolerance", 95, words, difference)


def _converted(
    gross: int,
    fee: int,
    currency: str,
    right: Sequence[Line],
    tolerance: Tolerance,
    rates: Rates,
) -> Agreement | BreakKind:
    """Across two currencies: by what the right side says was asked, else by a rate of our own.

    What a conversion gained or lost against our rate is the business of positions, not of this.
    """
    target = right[0].currency
    given, given_fee = _sums(right)
    rate = rates.get((currency, target))
    if all(line.original_currency == currency for line in right):
        original = sum(line.original_minor or 0 for line in right)
        if abs(original - gross) > tolerance.amount_minor:
            return "amount_differs"
        if rate is None and original:
            rate = _rate(original, currency, given, target)
    if rate is None:
        return "currency_differs"
    if not _is_near(gross, currency, given, target, rate, tolerance.fx_bp):
        return "amount_differs"
    if abs(_convert(fee, currency, target, rate) - given_fee) > max(
        tolerance.fee_minor, _allowance(given_fee, tolerance.fx_bp)
    ):
        return "fee_differs"
    asked, kept = Money.of(gross, currency), Money.of(given, target)
    return Agreement("converted", 95, f"{asked} kept as {kept}")


def _is_near(minor: int, currency: str, given: int, target: str, rate: Decimal, fx_bp: int) -> bool:
    expected = _convert(minor, currency, target, rate)
    return abs(expected - given) <= _allowance(expected, fx_bp)


def _allowance(minor: int, fx_bp: int) -> int:
    """A share of the amount, and one unit for the rounding."""
    return abs(minor) * fx_bp // 10_000 + 1


def _rate(minor: int, currency: str, given: int, target: str) -> Decimal:
    shift = Currency.of(currency).exponent - Currency.of(target).exponent
    return (Decimal(given) / Decimal(minor)).scaleb(shift)


def _convert(minor: int, currency: str, target: str, rate: Decimal) -> int:
    shift = Currency.of(target).exponent - Currency.of(currency).exponent
    return int((Decimal(minor) * rate).scaleb(shift).quantize(Decimal(1), ROUND_HALF_EVEN))
