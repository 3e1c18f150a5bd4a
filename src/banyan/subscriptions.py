"""Which jobs events enqueue, in whatever process they are recorded.

The handlers say it themselves (``BatchJob.subscribes``); a test holds both against each other. It is
said here again so that a command which records one event need not import every context first: a rollback
is typed in an emergency.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from banyan.runtime import Database, Settings

SUBSCRIPTIONS: Mapping[str, tuple[str, ...]] = {
    "order.on_payment": (
        "dispute.contested",
        "dispute.escalated",
        "dispute.inquiry_closed",
        "dispute.inquiry_opened",
        "dispute.lost",
        "dispute.opened",
        "dispute.reopened",
        "dispute.won",
        "payment.authentication_expired",
        "payment.authorized",
        "payment.awaiting_payment",
        "payment.capture_failed",
        "payment.captured",
        "payment.declined",
        "payment.expired",
        "payment.given_back",
        "payment.processing",
        "payment.requires_action",
        "payment.rerouted",
        "payment.taken_elsewhere",
        "payment.unknown",
        "payment.void_failed",
        "refund.cancelled",
        "refund.failed",
        "refund.needs_destination",
        "refund.returned",
        "refund.sent_again",
        "refund.succeeded",
    ),
    "order.on_case": ("case.resolved",),
    "seller.on_reversal": ("dispute.opened", "refund.created"),
    "seller.on_case": ("case.resolved",),
    "payout.on_case": ("case.resolved",),
    "payment.on_case": ("case.resolved",),
    "fx.book": ("fx_quote.used", "fx_trade.recorded"),
    "reconciliation.on_case": ("case.resolved",),
    "operations.on_case": ("case.resolved",),
    "migration.follow_cases": ("case.resolved",),
    "migration.tell": (
        "migration.plan_applied",
        "migration.rehearsed",
        "migration.route_advanced",
        "migration.route_announced",
        "migration.route_approved",
        "migration.route_held",
        "migration.route_released",
        "migration.route_rolled_back",
    ),
    "migration.on_notice_case": ("case.resolved",),
}
"""The types of events that each kind of job follows."""


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncGenerator[Database]:
    """The database with every subscription in place."""
    database = await Database.open(settings.database_url, size=settings.pool_size)
    try:
        subscribe(database)
        yield database
    finally:
        await database.close()


def subscribe(database: Database) -> None:
    """Let events enqueue the jobs that subscribe to them."""
    for kind, event_types in SUBSCRIPTIONS.items():
        for event_type in event_types:
            database.subscribe(event_type, kind)
