"""Use cases of compliance."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from banyan.compliance import rules, store
from banyan.compliance.errors import CountryListedTwice
from banyan.compliance.model import (
    DENIED_COUNTRIES_DEFAULT,
    ComplianceDecision,
    ComplianceRequest,
    Settings,
)
from banyan.kernel import Fault
from banyan.parties import check_country, sellers_by_id
from banyan.runtime import MARKETPLACE, Event, Transaction


async def check(tx: Transaction, requests: Sequence[ComplianceRequest]) -> list[ComplianceDecision]:
    """A decision for each request, in order."""
    if not requests:
        return []
    settings = await get_settings(tx)
    return [rules.decide(request, settings) for request in requests]


async def payout_refusals(tx: Transaction, seller_ids: Collection[UUID]) -> dict[UUID, str]:
    """Which of these sellers may not be paid out now, and why.

    Of sellers that nobody has registered nothing is known, and nothing said.
    """
    if not seller_ids:
        return {}
    settings = await get_settings(tx)
    sellers = await sellers_by_id(tx, seller_ids)
    refusals = {
        seller_id: rules.payout_refusal(seller, settings) for seller_id, seller in sellers.items()
    }
    return {seller_id: why for seller_id, why in refusals.items() if why is not None}


async def get_settings(tx: Transaction) -> Settings:
    """What holds in this marketplace now."""
    settings = await store.find_settings(tx)
    return settings or Settings(None, list(DENIED_COUNTRIES_DEFAULT))


async def change_settings(
    tx: Transaction,
    *,
    allowed_countries: Iterable[str] | None,
    denied_countries: Iterable[str],
) -> Settings:
    """Replace the lists; ``InvalidCountry``, ``CountryListedTwice``."""
    denied = sorted(set(denied_countries))
    allowed = None if allowed_countries is None else sorted(set(allowed_countries))
    for code in denied:
        check_country(code, "/denied_countries")
    for code in allowed or ():
        check_country(code, "/allowed_countries")
    both = sorted(set(denied).intersection(allowed or ()))
    if both:
        detail = f"{', '.join(both)} can't be allowed and denied."
        raise CountryListedTwice(
            detail, faults=(Fault("country_listed_twice", detail, "/allowed_countries"),)
        )
    by = tx.cause.actor or tx.cause.id
    settings = Settings(allowed, denied, tx.now, by)
    await store.save_settings(tx, settings)
    await tx.record(
        Event(
            "compliance.settings_changed",
            MARKETPLACE.text(tx.marketplace_id),
            {"allowed_countries": allowed, "denied_countries": denied},
        )
    )
    return settings
