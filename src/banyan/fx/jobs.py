"""The job of foreign exchange: every deal is put into the book, and its gain on the ledger."""

from collections.abc import Sequence

from banyan.fx.service.deals import book_deals
from banyan.runtime import BatchJob, Job, JobHandler, Transaction


async def _book(tx: Transaction, _: Sequence[Job]) -> None:
    """All that is due, whichever deals the jobs are about: order matters, not who asks."""
    await book_deals(tx)


def jobs() -> list[JobHandler]:
    """The handlers of foreign exchange, for the worker."""
    return [
        BatchJob("fx.book", _book, subscribes=frozenset({"fx_quote.used", "fx_trade.recorded"})),
    ]
