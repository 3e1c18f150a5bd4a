"""Foreign exchange: dated rates, quotes that hold for a while, positions and what they gain.

    promised = await fx.quote(tx, sell=Money.of(10_000, "USD"), buy="BRL")
    …
    [used] = await fx.use_quotes(tx, {promised.quote_id: "pay_…"})
    legs = fx.conversion_legs(used, receivable, seller_pending)      # of the caller's own transfer

A quote is used once, by one subject. The legs go through the accounts ``fx:position``, so that each
currency adds up to zero; what deals gain against what positions have cost is booked by a job, one
deal after the other.
"""

from banyan.fx.errors import (
    AmountTooSmall,
    DealNotFound,
    InvalidRate,
    InvalidRateFile,
    InvalidTrade,
    QuoteExpired,
    QuoteIdReused,
    QuoteNotFound,
    QuoteUsed,
    RateMissing,
    RateStale,
    SameCurrency,
    TradeIdReused,
)
from banyan.fx.model import (
    DEAL,
    QUOTE,
    RATE,
    CrossRate,
    Deal,
    Exposure,
    Gain,
    Loaded,
    Position,
    Positions,
    Quote,
    QuoteDraft,
    Rate,
    RateDraft,
    RealisedGain,
    Results,
    Settings,
    Step,
    TradeDraft,
)
from banyan.fx.rules.crossing import RateBook
from banyan.fx.rules.legs import GAIN, POSITION, SPREAD, conversion_legs, trade_legs
from banyan.fx.rules.pricing import worth
from banyan.fx.service.deals import (
    book_deals,
    gains_of,
    get_deal,
    list_deals,
    record_trades,
    trade,
)
from banyan.fx.service.positions import positions, results
from banyan.fx.service.quotes import (
    convert,
    create_quotes,
    get_quote,
    list_quotes,
    offer_quotes,
    quote,
    use_quote,
    use_quotes,
)
from banyan.fx.service.rates import list_rates, load_rates, rate_at, rate_book, set_rate
from banyan.fx.service.settings import change_settings, get_settings
from banyan.fx.sources import SOURCES, RateSource

__all__ = [
    "DEAL",
    "GAIN",
    "POSITION",
    "QUOTE",
    "RATE",
    "SOURCES",
    "SPREAD",
    "AmountTooSmall",
    "CrossRate",
    "Deal",
    "DealNotFound",
    "Exposure",
    "Gain",
    "InvalidRate",
    "InvalidRateFile",
    "InvalidTrade",
    "Loaded",
    "Position",
    "Positions",
    "Quote",
    "QuoteDraft",
    "QuoteExpired",
    "QuoteIdReused",
    "QuoteNotFound",
    "QuoteUsed",
    "Rate",
    "RateBook",
    "RateDraft",
    "RateMissing",
    "RateSource",
    "RateStale",
    "RealisedGain",
    "Results",
    "SameCurrency",
    "Settings",
    "Step",
    "TradeDraft",
    "TradeIdReused",
    "book_deals",
    "change_settings",
    "conversion_legs",
    "convert",
    "create_quotes",
    "gains_of",
    "get_deal",
    "get_quote",
    "get_settings",
    "list_deals",
    "list_quotes",
    "list_rates",
    "load_rates",
    "offer_quotes",
    "positions",
    "quote",
    "rate_at",
    "rate_book",
    "record_trades",
    "results",
    "set_rate",
    "trade",
    "trade_legs",
    "use_quote",
    "use_quotes",
    "worth",
]
