"""Money, ids, time, refusals and pages: plain values that every context shares.

Nothing here reads or writes anything. It is also the only place that may ask the machine for the
time or for randomness, so that everything above it can be replayed.
"""

from banyan.kernel.clock import Clock, FastClock, FixedClock, SystemClock
from banyan.kernel.errors import (
    BanyanError,
    Conflict,
    Fault,
    Forbidden,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    RateLimited,
    TooLarge,
    Unavailable,
    Unprocessable,
    UnsupportedMedia,
)
from banyan.kernel.ids import IdKind, InvalidId, derived_id, new_id, new_secret, new_token
from banyan.kernel.money import MINOR_MAX, Currency, CurrencyMismatch, InvalidMoney, Money
from banyan.kernel.pagination import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    InvalidCursor,
    Page,
    decode_cursor,
    encode_cursor,
    id_of_cursor,
    page_of,
)
from banyan.kernel.words import plural

__all__ = [
    "LIMIT_DEFAULT",
    "LIMIT_MAX",
    "MINOR_MAX",
    "BanyanError",
    "Clock",
    "Conflict",
    "Currency",
    "CurrencyMismatch",
    "FastClock",
    "Fault",
    "FixedClock",
    "Forbidden",
    "IdKind",
    "InvalidCursor",
    "InvalidId",
    "InvalidMoney",
    "InvalidRequest",
    "Money",
    "NotAuthenticated",
    "NotFound",
    "Page",
    "RateLimited",
    "SystemClock",
    "TooLarge",
    "Unavailable",
    "Unprocessable",
    "UnsupportedMedia",
    "decode_cursor",
    "derived_id",
    "encode_cursor",
    "id_of_cursor",
    "new_id",
    "new_secret",
    "new_token",
    "page_of",
    "plural",
]
