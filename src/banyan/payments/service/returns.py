"""Buyers who come back from authenticating at their bank."""

from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from banyan.payments.errors import PaymentNotReady, ProviderNotFound
from banyan.payments.model import PAYMENT
from banyan.payments.providers import Providers, Returning
from banyan.payments.service.payments import complete_authentication, get_payment
from banyan.runtime import Cause, Database


async def take_buyer_back(
    database: Database,
    providers: Providers,
    name: str,
    marketplace_id: UUID,
    query: Mapping[str, str],
) -> str:
    """Let the payment go on; the page to send the buyer to, or nothing.

    Coming back twice, or too late, changes nothing. ``ProviderNotFound``, ``PaymentNotFound``.
    """
    payment_id = PAYMENT.parse(query.get("payment", ""), parameter="payment")
    provider = await providers.get(marketplace_id, name)
    if not isinstance(provider, Returning):
        raise ProviderNotFound(f"{name[:40]!r} sends no buyers back.")
    cause = Cause("provider", name, name)
    async with database.transaction(marketplace_id, cause) as tx:
        payment = await get_payment(tx, payment_id)
    if payment.provider != name:
        raise ProviderNotFound(f"This payment is not at {name[:40]!r}.")
    waits = payment.state in ("requires_action", "authorizing", "unknown")
    to = await provider.take_back(PAYMENT.text(payment_id), query if waits else {})
    async with database.transaction(marketplace_id, cause) as tx:
        with suppress(PaymentNotReady):
            await complete_authentication(tx, payment_id)
    return to
