"""How well payments work: approvals, open questions, money on its way."""

from datetime import datetime

from banyan.payments.model import Reliability
from banyan.payments.store import reliability as store
from banyan.runtime import Transaction


async def reliability(tx: Transaction, since: datetime) -> Reliability:
    """The figures of the authorizations asked for since an instant, and of what is open now."""
    return Reliability(
        since=since,
        approvals=await store.select_approvals(tx, since),
        open_questions=await store.select_open_questions(tx),
        in_transit=await store.select_in_transit(tx),
    )
