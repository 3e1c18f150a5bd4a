"""Laws of splits and refunds, without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import Money, derived_id, new_id
from banyan.payments import (
    InvalidPayment,
    Method,
    PaymentDraft,
    PaymentSplit,
    Share,
    Terms,
    price_splits,
)
from banyan.payments.rules import (
    check_draft,
    retry_after,
    settings_default,
    share_reversal,
    state_after_refund,
)

ROOT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
TERMS = Terms(1_200, 500, "BR-ISS")

amounts = st.integers(0, 10**7)
shares = st.lists(st.tuples(st.integers(0, 5), amounts, amounts), min_size=1, max_size=8)
terms = st.builds(Terms, st.integers(0, 5_000), st.integers(0, 10_000), st.just("BR-ISS"))


def _shares(rows: list[tuple[int, int, int]]) -> list[Share]:
    return [
        Share(derived_id(ROOT, n), Money.of(goods, "BRL"), Money.of(shipping, "BRL"))
        for n, goods, shipping in rows
    ]


def _frozen(rows: list[tuple[int, int, int]], taken: Terms) -> list[PaymentSplit]:
    """Splits as they are stored, nothing reversed yet."""
    return [
        PaymentSplit(
            marketplace_id=ROOT,
            payment_id=ROOT,
            seller_id=split.seller_id,
            currency="BRL",
            gross_minor=split.gross.minor,
            shipping_minor=split.shipping.minor,
            commission_minor=split.commission.minor,
            tax_minor=split.tax.minor,
            tax_jurisdiction=split.tax_jurisdiction,
            reversed_seller_minor=0,
            reversed_commission_minor=0,
            reversed_tax_minor=0,
        )
        for split in price_splits(_shares(rows), taken)
    ]


def _after(splits: list[PaymentSplit], minor: int) -> list[PaymentSplit]:
    """The splits after a refund of so much, each part within its bounds."""
    reversals = {
        reversal.seller_id: reversal
        for reversal in share_reversal(
            ROOT, Money.of(minor, "BRL"), splits, is_from_available=False
        )
    }
    given_back = sum(r.seller_minor + r.commission_minor + r.tax_minor for r in reversals.values())
    assert given_back == minor
    rest = list[PaymentSplit]()
    for split in splits:
        reversal = reversals.get(split.seller_id)
        if reversal is not None:
            assert min(reversal.seller_minor, reversal.commission_minor, reversal.tax_minor) >= 0
            split = PaymentSplit(
                **{
                    **{name: getattr(split, name) for name in PaymentSplit.__slots__},
                    "reversed_seller_minor": split.reversed_seller_minor + reversal.seller_minor,
                    "reversed_commission_minor": split.reversed_commission_minor
                    + reversal.commission_minor,
                    "reversed_tax_minor": split.reversed_tax_minor + reversal.tax_minor,
                }
            )
        assert min(split.left_minor) >= 0
        rest.append(split)
    return rest


@given(shares, terms)
def test_splits_add_up_and_leave_the_seller_something(
    rows: list[tuple[int, int, int]], taken: Terms
) -> None:
    splits = price_splits(_shares(rows), taken)
    assert sum(split.gross.minor for split in splits) == sum(g + s for _, g, s in rows)
    for split in splits:
        assert split.net + split.commission + split.tax == split.gross
        assert split.net.minor >= 0
    assert len({split.seller_id for split in splits}) == len(splits)


@given(shares, terms, st.lists(st.integers(1, 10**6), max_size=12))
def test_refunds_never_lose_a_cent_nor_take_too_much(
    rows: list[tuple[int, int, int]], taken: Terms, refunds: list[int]
) -> None:
    splits = _frozen(rows, taken)
    for wanted in refunds:
        left = sum(sum(split.left_minor) for split in splits)
        if left:
            splits = _after(splits, min(wanted, left))
    left = sum(sum(split.left_minor) for split in splits)
    if left:
        splits = _after(splits, left)
    assert not any(sum(split.left_minor) for split in splits)


def test_a_refund_is_shared_in_proportion() -> None:
    splits = _frozen([(1, 10_000, 0), (2, 5_000, 0)], TERMS)
    first, second = share_reversal(ROOT, Money.of(1_500, "BRL"), splits, is_from_available=True)
    assert (first.seller_minor, first.commission_minor, first.tax_minor) == (874, 120, 6)
    assert (second.seller_minor, second.commission_minor, second.tax_minor) == (437, 60, 3)
    assert first.is_from_available


def test_shipping_pays_no_commission() -> None:
    [split] = price_splits(_shares([(1, 10_000, 1_500)]), TERMS)
    assert (split.gross.minor, split.commission.minor, split.tax.minor) == (11_500, 1_200, 60)
    assert split.net.minor == 10_240


def _draft(amount: int, rows: list[tuple[int, int, int]]) -> PaymentDraft:
    splits = price_splits(_shares(rows), TERMS)
    method = Method("card", "tok_visa")
    return PaymentDraft(new_id(), "ord_1", new_id(), Money.of(amount, "BRL"), method, splits)


@pytest.mark.parametrize(
    ("amount", "rows"),
    [
        (0, []),
        (-100, [(1, 100, 0)]),
        (101, [(1, 100, 0)]),
        (100, []),
        (31_00, [(n, 100, 0) for n in range(31)]),
    ],
)
def test_drafts_that_do_not_add_up_are_refused(
    amount: int, rows: list[tuple[int, int, int]]
) -> None:
    with pytest.raises(InvalidPayment):
        check_draft(_draft(amount, rows))


def test_a_sound_draft_passes() -> None:
    check_draft(_draft(150, [(1, 100, 0), (2, 25, 25)]))


def test_states_after_refunds() -> None:
    assert state_after_refund(100, 0) == "captured"
    assert state_after_refund(100, 99) == "partially_refunded"
    assert state_after_refund(100, 100) == "refunded"


def test_waiting_doubles_up_to_six_hours() -> None:
    waits = [retry_after(tries) for tries in (1, 2, 3, 50)]
    assert waits == [timedelta(seconds=s) for s in (30, 60, 120, 6 * 3_600)]


def test_a_live_marketplace_starts_without_a_provider() -> None:
    at = datetime(2018, 3, 1, tzinfo=UTC)
    assert settings_default(country="BR", livemode=True, at=at).provider is None
    sandbox = settings_default(country="DE", livemode=False, at=at)
    assert (sandbox.provider, sandbox.tax_jurisdiction) == ("sandbox", "DE-VAT")
