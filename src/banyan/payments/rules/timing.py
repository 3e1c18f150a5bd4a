"""When to try again, and when to give up."""

from datetime import timedelta

AUTHENTICATION_TTL = timedelta(hours=1)
TRIES_BEFORE_ALARM = 5
"""Calls without a definite answer before people are told. The looking goes on after that."""
EXPIRY_GRACE = timedelta(days=1)
"""How long after the buyer's deadline the provider may still tell that the money has arrived."""
UNAVAILABLE_MAX = timedelta(hours=1)
"""How long a payment waits for its only provider to be reachable again."""
ACTION_POLL = timedelta(minutes=1)
"""How soon to look again at a buyer who came back before being done."""
LOOKS_MAX = 20
"""Look-ups after one webhook that tell nothing, over about three days, before it is let go."""
PENDING_POLL = timedelta(hours=6)
"""How often to look up what the provider said it would tell us by webhook, in case it doesn't."""
_RETRY_FIRST = timedelta(seconds=30)
_RETRY_LONGEST = timedelta(hours=6)


def retry_after(tries: int) -> timedelta:
    """How long to wait after the ``tries``-th call without a definite answer: 30 s, doubling."""
    return min(_RETRY_LONGEST, _RETRY_FIRST * 2 ** min(tries - 1, 20))
