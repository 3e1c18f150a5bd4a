"""When a delivery is tried again."""

from datetime import datetime, timedelta

from banyan.migration.informing.model import Delivery

_WAITS_S = (5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200)
"""About a day in all: long enough for a team to mend its receiver over a night."""


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after so many tries; None: no more of them."""
    return timedelta(seconds=_WAITS_S[attempts - 1]) if attempts <= len(_WAITS_S) else None


_OVERDUE = timedelta(hours=1)


def may_send_again(delivery: Delivery, now: datetime) -> bool:
    """Whether a person may have it tried once more: it has ended undelivered, or nobody tries it.

    What has been due for so long has lost its job, or there is no worker; the new try takes the
    place of the one that is due.
    """
    if delivery.state == "waiting":
        return delivery.due_at is not None and now - delivery.due_at >= _OVERDUE
    return delivery.state in ("not_sent", "undelivered")
