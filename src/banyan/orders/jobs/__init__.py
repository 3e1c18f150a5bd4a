"""The journey of an order: each step is a job, and each job moves orders one step on.

``order.match`` → ``order.check`` → (payment) → ``order.settle``; news from payments and from cases
arrive as jobs that subscribe to their events. Every step looks at the state first, so that running
it twice changes nothing.
"""

from banyan.orders.jobs import case_news, checking, matching, payment_news, timers
from banyan.runtime import BatchJob, JobHandler


def jobs() -> list[JobHandler]:
    """The handlers of orders, for the worker."""
    return [
        BatchJob("order.match", matching.match_orders),
        BatchJob("order.check", checking.check_orders),
        BatchJob("order.settle", timers.settle_orders),
        BatchJob("order.ship_late", timers.ask_about_late_shipments),
        BatchJob("order.lost", timers.ask_about_lost_orders),
        BatchJob(
            "order.on_payment",
            payment_news.follow_payments,
            subscribes=frozenset(payment_news.FOLLOWED),
        ),
        BatchJob("order.on_case", case_news.follow_cases, subscribes=frozenset({"case.resolved"})),
    ]
