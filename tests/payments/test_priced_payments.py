"""Payments as commission has priced them: platform's vouchers, service fee, shipping kept."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan import ledger, payments
from banyan.commission import (
    Basket,
    Line,
    Pricing,
    RateBook,
    Rule,
    SellerTerms,
    Voucher,
    VoucherTooLarge,
    price,
)
from banyan.commission.rules.choosing import by_scope
from banyan.kernel import Money, new_id
from banyan.payments import Method, PaymentDraft, PaymentSplit, splits_of_pricing
from banyan.payments.rules import check_draft, share_reversal
from tests.commission.records import AT, ROOT, START, book, rule
from tests.payments.conftest import SELLERS, Shop

FEE = rule("Service", kind="service_fee", rate_bp=300, currency="BRL", minimum_minor=99)


def _book(*rules: Rule, shipping_to: str = "platform") -> RateBook:
    sellers = {seller_id: SellerTerms("BR") for seller_id in SELLERS}
    return replace(
        book(),
        sellers=sellers,
        rules=by_scope(rules),
        shipping_to=shipping_to,  # type: ignore[arg-type]
    )


def _priced(
    amounts: tuple[int, ...] = (10_000, 5_000),
    vouchers: tuple[Voucher, ...] = (Voucher(code="V", funded_by="platform", rate_bp=1_000),),
    shipping: int = 800,
    rates: RateBook | None = None,
) -> Pricing:
    lines = tuple(
        Line(seller_id, Money.of(minor, "BRL"))
        for seller_id, minor in zip(SELLERS, amounts, strict=False)
    )
    basket = Basket(
        currency="BRL",
        lines=lines,
        shipping={line.seller_id: Money.of(shipping, "BRL") for line in lines},
        at=AT,
        vouchers=vouchers,
    )
    return price(basket, rates or _book(FEE))


async def _pay(shop: Shop, pricing: Pricing, token: str = "tok_visa") -> UUID:
    draft = PaymentDraft(
        payment_id=new_id(),
        subject="ord_1",
        buyer_id=new_id(),
        amount=pricing.total,
        method=Method("card", token),
        splits=splits_of_pricing(pricing),
    )
    async with shop.begin() as tx:
        await payments.create_payments(tx, [draft])
    await shop.run()
    await shop.capture(draft.payment_id)
    return draft.payment_id


PLATFORM = ("promotions", "service_fees", "shipping", "commission")


async def _platform(shop: Shop) -> dict[str, int]:
    """What stands on the platform's accounts; promotions are spent, so below zero."""
    return {name: await shop.balance(f"platform:{name}") for name in PLATFORM}


async def test_every_part_is_booked_where_it_belongs(shop: Shop) -> None:
    pricing = _priced()
    assert pricing.total.minor == 15_000 - 1_500 + 1_600 + 405 + 20
    await _pay(shop, pricing)
    assert await _platform(shop) == {
        "promotions": -1_500,
        "service_fees": 405,
        "shipping": 1_600,
        "commission": 1_800,
    }
    assert await shop.balance("tax:BR-ISS:service_fee") == 20
    assert await shop.balance("tax:BR-ISS:commission") == 90
    assert await shop.seller("pending", 0) == 10_000 - 1_260
    assert await shop.seller("pending", 1) == 5_000 - 630
    assert await shop.balance("buyer:funds_held") == 0
    async with shop.begin() as tx:
        [line] = await payments.summary(tx)
    assert (line.promotions.minor, line.service_fees.minor, line.shipping_kept.minor) == (
        1_500, 405, 1_600,
    )  # fmt: skip
    await shop.check()


async def test_refunds_give_each_part_back_until_nothing_is_left(shop: Shop) -> None:
    pricing = _priced()
    payment_id = await _pay(shop, pricing)
    await shop.refund(payment_id, 4_000)
    await shop.run()
    half = await _platform(shop)
    assert -1_500 < half["promotions"] < 0
    for minor in (1, 777, None):
        await shop.refund(payment_id, minor)
        await shop.run()
    assert await shop.state(payment_id) == "refunded"
    assert set((await _platform(shop)).values()) == {0}
    for account in ("tax:BR-ISS:service_fee", "tax:BR-ISS:commission"):
        assert await shop.balance(account) == 0
    assert await shop.seller("pending", 0) == await shop.seller("pending", 1) == 0
    await shop.check()


async def test_a_refund_that_fails_leaves_everything_where_it_was(shop: Shop) -> None:
    payment_id = await _pay(shop, _priced(), "tok_refund_fails")
    before = await _platform(shop)
    await shop.refund(payment_id, 5_000)
    await shop.run()
    assert await _platform(shop) == before
    async with shop.begin() as tx:
        splits = (await payments.splits_of(tx, [payment_id]))[payment_id]
    assert all(split.left_paid_minor == _paid(split) for split in splits)
    await shop.check()


def _paid(split: PaymentSplit) -> int:
    return split.gross_minor + split.service_fee_minor + split.service_fee_tax_minor


@pytest.mark.parametrize("outcome", ["won", "lost"])
async def test_a_dispute_takes_the_discount_back_and_gives_it_again(
    shop: Shop, outcome: str
) -> None:
    payment_id = await _pay(shop, _priced(), f"tok_dispute_{outcome}")
    before = await _platform(shop)
    await shop.release(payment_id)
    await shop.later(days=6)
    assert set((await _platform(shop)).values()) == {0}
    assert await shop.balance("disputes:held") == (await shop.payment(payment_id)).amount.minor
    await shop.later(days=12)
    after = await _platform(shop)
    assert after == (before if outcome == "won" else dict.fromkeys(PLATFORM, 0))
    assert await shop.balance("disputes:held") == 0
    await shop.check()


async def test_a_part_that_the_platform_pays_whole_goes_back_too(shop: Shop) -> None:
    voucher = Voucher(code="V", funded_by="platform", rate_bp=10_000, seller_id=SELLERS[1])
    payment_id = await _pay(shop, _priced(vouchers=(voucher,), shipping=0, rates=_book()))
    assert await shop.seller("pending", 1) == 5_000 - 630
    await shop.refund(payment_id, 5_000)
    await shop.run()
    assert await shop.balance("platform:promotions") == -2_500
    await shop.refund(payment_id)
    await shop.run()
    assert await shop.balance("platform:promotions") == 0
    assert await shop.seller("pending", 1) == 0
    await shop.check()


async def test_thirty_sellers_fit_into_a_payment_and_its_refund(shop: Shop) -> None:
    sellers = [new_id() for _ in range(30)]
    rates = replace(_book(FEE), sellers={seller_id: SellerTerms("BR") for seller_id in sellers})
    basket = Basket(
        currency="BRL",
        lines=tuple(Line(seller_id, Money.of(1_000, "BRL")) for seller_id in sellers),
        shipping={seller_id: Money.of(100, "BRL") for seller_id in sellers},
        at=AT,
        vouchers=(Voucher(code="V", funded_by="platform", rate_bp=2_500),),
    )
    payment_id = await _pay(shop, price(basket, rates))
    await shop.refund(payment_id, 9_999)
    await shop.refund(payment_id)
    await shop.run()
    assert await shop.state(payment_id) == "refunded"
    await shop.check()
    async with shop.begin() as tx:
        transfers = await ledger.transfers_of(tx, "ord_1")
    assert max(len(transfer.legs) for transfer in transfers) <= 100


async def test_the_reason_is_kept(shop: Shop) -> None:
    payment_id = await _pay(shop, _priced())
    async with shop.begin() as tx:
        [first, *_] = (await payments.splits_of(tx, [payment_id]))[payment_id]
    assert first.reason.startswith("12 % by the payment settings, on ")
    assert first.service_fee_reason.startswith("3 % Service since 2018-01-01, minimum 0.99 BRL")


async def test_what_was_sold_counts_the_platforms_discount(shop: Shop) -> None:
    payment_id = await _pay(shop, _priced(shipping=0))
    async with shop.begin() as tx:
        before = await payments.sales_since(tx, START)
    assert [before[seller]["BRL"] for seller in SELLERS[:2]] == [10_000, 5_000]
    await shop.refund(payment_id)
    await shop.run()
    async with shop.begin() as tx:
        after = await payments.sales_since(tx, START)
    assert [after[seller]["BRL"] for seller in SELLERS[:2]] == [0, 0]


def _frozen(pricing: Pricing) -> list[PaymentSplit]:
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
            seller_discount_minor=split.seller_discount.minor,
            platform_discount_minor=split.platform_discount.minor,
            shipping_kept_minor=split.shipping_kept.minor,
            service_fee_minor=split.service_fee.minor,
            service_fee_tax_minor=split.service_fee_tax.minor,
            service_fee_jurisdiction=split.service_fee_jurisdiction,
        )
        for split in splits_of_pricing(pricing)
    ]


def _after(splits: list[PaymentSplit], minor: int) -> list[PaymentSplit]:
    reversals = {
        reversal.seller_id: reversal
        for reversal in share_reversal(
            ROOT, Money.of(minor, "BRL"), splits, is_from_available=False
        )
    }
    parts = sum(sum(reversal.parts) for reversal in reversals.values())
    assert parts - sum(r.platform_discount_minor for r in reversals.values()) == minor
    rest = list[PaymentSplit]()
    for split in splits:
        back = reversals.get(split.seller_id)
        if back is not None:
            assert min(back.parts) >= 0
            split = replace(
                split,
                reversed_seller_minor=split.reversed_seller_minor + back.seller_minor,
                reversed_commission_minor=split.reversed_commission_minor + back.commission_minor,
                reversed_tax_minor=split.reversed_tax_minor + back.tax_minor,
                reversed_shipping_kept_minor=split.reversed_shipping_kept_minor
                + back.shipping_kept_minor,
                reversed_service_fee_minor=split.reversed_service_fee_minor
                + back.service_fee_minor,
                reversed_service_fee_tax_minor=split.reversed_service_fee_tax_minor
                + back.service_fee_tax_minor,
                reversed_platform_discount_minor=split.reversed_platform_discount_minor
                + back.platform_discount_minor,
            )
        assert min(split.left_minor) >= 0
        assert split.left_platform_discount_minor >= 0
        assert split.left_paid_minor >= 0
        rest.append(split)
    return rest


@given(
    st.lists(st.integers(1, 50_000), min_size=1, max_size=3),
    st.lists(
        st.tuples(
            st.sampled_from(["seller", "platform"]),
            st.integers(1, 10_000),
            st.sampled_from([None, *SELLERS]),
        ),
        max_size=3,
    ),
    st.integers(0, 3_000),
    st.booleans(),
    st.integers(0, 5_000),
    st.lists(st.integers(1, 40_000), max_size=10),
)
def test_refunds_of_priced_payments_never_lose_a_cent(
    amounts: list[int],
    given_vouchers: list[tuple[str, int, UUID | None]],
    shipping: int,
    is_kept: bool,
    fee: int,
    refunds: list[int],
) -> None:
    vouchers = tuple(
        Voucher(code="V", funded_by=funded_by, rate_bp=rate_bp, seller_id=seller_id)  # type: ignore[arg-type]
        for funded_by, rate_bp, seller_id in given_vouchers
    )
    service = rule("S", kind="service_fee", rate_bp=300, currency="BRL", minimum_minor=fee)
    rates = _book(service, shipping_to="platform" if is_kept else "seller")
    try:
        pricing = _priced(tuple(amounts), vouchers, shipping, rates)
    except VoucherTooLarge:
        return
    if pricing.total.minor == 0:
        return
    splits = splits_of_pricing(pricing)
    draft = PaymentDraft(
        payment_id=ROOT, subject="ord_1", buyer_id=ROOT, amount=pricing.total,
        method=Method("card", "tok_visa"), splits=splits,
    )  # fmt: skip
    check_draft(draft)
    stored = _frozen(pricing)
    assert sum(split.left_paid_minor for split in stored) == pricing.total.minor
    for wanted in refunds:
        left = sum(split.left_paid_minor for split in stored)
        if left:
            stored = _after(stored, min(wanted, left))
    left = sum(split.left_paid_minor for split in stored)
    if left:
        stored = _after(stored, left)
    assert not any(sum(s.left_minor) + s.left_platform_discount_minor for s in stored)
