"""Numbers: in a row, without a gap, whatever happens at the same time or is rolled back."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from banyan import invoicing
from banyan.invoicing import DocumentAltered, InvalidLegalEntity, PrefixInUse, PrefixTaken
from tests.invoicing.conftest import ENTITY, Market


async def _numbers(market: Market) -> list[str]:
    async with market.begin() as tx:
        rows = await tx.rows(
            """
            select number from invoicing.invoices
            where marketplace_id = %(marketplace_id)s order by kind, year, ordinal
            """
        )
    return [number for (number,) in rows]


async def test_many_at_once_number_in_a_row_and_bill_once(market: Market) -> None:
    await market.set_entity()
    sellers = [await market.add_seller(f"Seller {n}") for n in range(8)]
    await market.sell(dict.fromkeys(sellers, 1_000))
    issued = await asyncio.gather(*(market.issue(seller) for seller in sellers * 3))
    assert sum(map(len, issued)) == 8
    assert await _numbers(market) == [f"INV-2018-{n:06d}" for n in range(1, 9)]
    await market.check()


async def test_a_rollback_leaves_no_gap(market: Market) -> None:
    await market.set_entity()
    ana, bea = await market.add_seller(), await market.add_seller()
    await market.sell({ana: 1_000, bea: 1_000})
    with pytest.raises(RuntimeError):
        async with market.begin() as tx:
            [lost] = await invoicing.issue(tx, ana)
            assert lost.ordinal == 1
            raise RuntimeError("it dies before the commit")
    assert (await market.issue(bea))[0].number == "INV-2018-000001"
    assert (await market.issue(ana))[0].number == "INV-2018-000002"
    await market.check()


async def test_the_year_starts_again_or_goes_on(market: Market) -> None:
    await market.set_entity(replace(ENTITY, is_automatic=False))
    ana = await market.add_seller()
    for order, at in enumerate(
        [datetime(2018, 12, 31, tzinfo=UTC), datetime(2019, 1, 2, tzinfo=UTC)]
    ):
        await market.to(at)
        await market.sell({ana: 1_000}, order=f"ord_{order}")
        await market.issue(ana)
    assert await _numbers(market) == ["INV-2018-000001", "INV-2019-000001"]
    await market.set_entity(replace(ENTITY, restarts_yearly=False))
    await market.sell({ana: 1_000}, order="ord_3")
    assert (await market.issue(ana))[0].number == "INV-000001"


async def test_another_legal_entity_numbers_by_itself(market: Market) -> None:
    await market.set_entity()
    ana = await market.add_seller()
    await market.sell({ana: 1_000})
    await market.issue(ana)
    with pytest.raises(PrefixInUse):
        await market.set_entity(replace(ENTITY, invoice_prefix="FAT"))
    other = replace(ENTITY, tax_id="99", invoice_prefix="FAT", credit_note_prefix="NC")
    with pytest.raises(PrefixTaken):
        await market.set_entity(replace(other, invoice_prefix="CN"))
    await market.set_entity(other)
    await market.sell({ana: 1_000}, order="ord_2")
    assert (await market.issue(ana))[0].number == "FAT-2018-000001"
    await market.set_entity(replace(ENTITY, name="Feira S.A."))
    await market.sell({ana: 1_000}, order="ord_3")
    assert (await market.issue(ana))[0].number == "INV-2018-000002"


@pytest.mark.parametrize(
    "wrong", [{"country": "QQ"}, {"time_zone": "Mars/Base"}, {"credit_note_prefix": "INV"}]
)
async def test_an_entity_that_cannot_be_is_refused(market: Market, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidLegalEntity):
        await market.set_entity(replace(ENTITY, **wrong))


async def test_what_is_issued_cannot_be_changed(market: Market, invoicing_url: str) -> None:
    await market.set_entity()
    ana = await market.add_seller()
    await market.sell({ana: 1_000})
    [invoice] = await market.issue(ana)
    for statement in (
        "update invoicing.invoices set net_minor = 1 where marketplace_id = %(marketplace_id)s",
        "update invoicing.documents set html = '' where marketplace_id = %(marketplace_id)s",
        "delete from invoicing.lines where marketplace_id = %(marketplace_id)s",
        "update invoicing.charges set amount_minor = 1 where marketplace_id = %(marketplace_id)s",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with market.begin() as tx:
                await tx.execute(statement)
    with psycopg.connect(invoicing_url, autocommit=True) as owner:
        owner.execute(
            "update invoicing.lines set net_minor = net_minor + 1 where invoice_id = %s",
            [invoice.invoice_id],
        )
        async with market.begin() as tx:
            await invoicing.document_of(tx, invoice.invoice_id)
            with pytest.raises(DocumentAltered):
                await invoicing.lines_csv(tx, invoice.invoice_id)
        owner.execute(
            "update invoicing.documents set content = replace(content, '120', '12') "
            "where invoice_id = %s",
            [invoice.invoice_id],
        )
        async with market.begin() as tx:
            with pytest.raises(DocumentAltered):
                await invoicing.document_of(tx, invoice.invoice_id)
