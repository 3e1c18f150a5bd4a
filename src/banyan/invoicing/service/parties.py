"""Who issues invoices, and to whom they are made out."""

import re
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from banyan.invoicing import rules
from banyan.invoicing.errors import InvalidMonth, LegalEntityMissing, PrefixInUse, PrefixTaken
from banyan.invoicing.model import (
    ENTITY,
    BillingDetails,
    BillingDraft,
    EntityDraft,
    LegalEntity,
)
from banyan.invoicing.store import parties as store
from banyan.invoicing.store.charges import lock_invoicing
from banyan.kernel import derived_id
from banyan.operations import withdraw_cases
from banyan.parties import SELLER, check_country, get_seller
from banyan.runtime import Event, JobDraft, Transaction

MONTH_JOB = "invoicing.month"
DETAILS_CASE = "invoice.details_missing"


async def find_entity(tx: Transaction) -> LegalEntity | None:
    return await store.find_entity(tx)


async def get_entity(tx: Transaction) -> LegalEntity:
    """Who issues; ``LegalEntityMissing``."""
    entity = await store.find_entity(tx)
    if entity is None:
        raise LegalEntityMissing("Say first who issues the invoices: PUT /v1/legal_entity.")
    return entity


async def set_entity(tx: Transaction, draft: EntityDraft) -> LegalEntity:
    """Say who issues from now on.

    With the same country and tax id it is the same entity, told better: its numbers go on, under
    the same prefixes (``PrefixInUse``). With another it is another entity, which numbers from 1
    under prefixes of its own (``PrefixTaken``). ``InvalidLegalEntity``. What was issued stays.
    """
    rules.check_entity(draft)
    await lock_invoicing(tx)
    before = await store.find_entity(tx)
    entity_id = derived_id(tx.marketplace_id, "entity", draft.country, draft.tax_id)
    entity = LegalEntity(
        **asdict(draft),
        marketplace_id=tx.marketplace_id,
        entity_id=entity_id,
        is_current=True,
        updated_at=tx.now,
    )
    await _check_prefixes(tx, entity)
    if before is not None and before.entity_id != entity_id:
        await store.retire_entity(tx, before.entity_id)
    await store.save_entity(tx, entity)
    text = ENTITY.text(entity_id)
    news = {"entity": text, "name": entity.name, "country": entity.country, "tax_id": entity.tax_id}
    await tx.record(Event("legal_entity.set", text, news))
    await _schedule(tx, before, entity)
    return entity


async def find_details(tx: Transaction, seller_id: UUID) -> BillingDetails | None:
    """To whom a seller's invoices are made out; ``SellerNotFound``."""
    await get_seller(tx, seller_id)
    return await store.find_details(tx, seller_id)


async def set_details(tx: Transaction, seller_id: UUID, draft: BillingDraft) -> BillingDetails:
    """Say to whom a seller's invoices are made out from now on.

    ``SellerNotFound``, ``InvalidCountry``. Cases that asked for it are withdrawn.
    """
    await get_seller(tx, seller_id)
    check_country(draft.country)
    details = BillingDetails(
        **asdict(draft), marketplace_id=tx.marketplace_id, seller_id=seller_id, updated_at=tx.now
    )
    await store.save_details(tx, details)
    seller = SELLER.text(seller_id)
    missing = list(rules.missing_in(details, is_reverse_charge=False))
    await tx.record(Event("billing_details.set", seller, {"seller": seller, "missing": missing}))
    if not missing:
        await withdraw_cases(tx, [seller], kinds=[DETAILS_CASE])
    return details


async def await_month(tx: Transaction, month: str, entity: LegalEntity) -> None:
    """Have a month billed once it is over."""
    _, until = rules.bounds(month, entity.time_zone)
    await tx.enqueue(JobDraft(MONTH_JOB, month, {"month": month}, due_at=until))


async def queue_month(tx: Transaction, month: str) -> None:
    """Have a month that is over billed now, to every seller; twice changes nothing.

    ``LegalEntityMissing``, ``InvalidMonth``.
    """
    past_month(tx, await get_entity(tx), month)
    payload = {"month": month, "by_hand": True}
    await tx.enqueue(JobDraft(MONTH_JOB, f"{month}/by_hand", payload))


def past_month(tx: Transaction, entity: LegalEntity, month: str) -> tuple[datetime, datetime]:
    """When a month began and when it was over; ``InvalidMonth`` if it isn't yet."""
    since, until = rules.bounds(month, entity.time_zone)
    if until > tx.now:
        raise InvalidMonth(f"{month} is not over in {entity.time_zone}; bill it then.")
    return since, until


async def _check_prefixes(tx: Transaction, entity: LegalEntity) -> None:
    known = await store.find_entity_by_id(tx, entity.entity_id)
    mine = (entity.invoice_prefix, entity.credit_note_prefix)
    is_renamed = known is not None and (known.invoice_prefix, known.credit_note_prefix) != mine
    if known is not None and is_renamed and await store.has_issued(tx, entity.entity_id):
        raise PrefixInUse(
            f"Invoices have been issued under {known.invoice_prefix} and credit notes under "
            f"{known.credit_note_prefix}; these stay."
        )
    if any(re.search(r"-[0-9]{4}$", prefix) for prefix in mine):
        raise PrefixTaken(
            "A prefix doesn't end like a year: numbers that start anew have it there."
        )
    taken = set(mine) & await store.prefixes_of_others(tx, entity.entity_id)
    if taken:
        raise PrefixTaken(f"Another legal entity numbers under {min(taken)}; take another prefix.")


async def _schedule(tx: Transaction, before: LegalEntity | None, entity: LegalEntity) -> None:
    """Have the month under way billed when it is over, as the entity counts months."""
    if before is not None:
        await tx.cancel_job(MONTH_JOB, rules.month_of(tx.now, before.time_zone))
    month = rules.month_of(tx.now, entity.time_zone)
    await tx.cancel_job(MONTH_JOB, month)
    if entity.is_automatic:
        await await_month(tx, month, entity)
