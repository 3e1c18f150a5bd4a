"""Refusals of foreign exchange."""

from banyan.kernel import Conflict, InvalidRequest, NotFound, Unprocessable


class InvalidRate(InvalidRequest):
    """Give a decimal number above zero for two different currencies."""

    code = "invalid_fx_rate"
    title = "Invalid exchange rate"


class InvalidRateFile(InvalidRequest):
    """Give the file as its source publishes it; the answer tells what could not be read."""

    code = "invalid_fx_rate_file"
    title = "Not a file of exchange rates"


class RateMissing(Unprocessable):
    """Set a rate between the two currencies, or load a file that has both."""

    code = "fx_rate_missing"
    title = "No exchange rate"


class RateStale(Unprocessable):
    """Load newer rates. How old one may be is `rate_age_days_max` in the settings."""

    code = "fx_rate_stale"
    title = "The exchange rate is too old"


class SameCurrency(Unprocessable):
    """Name two different currencies; money in one needs no exchange."""

    code = "fx_same_currency"
    title = "The currencies are the same"


class AmountTooSmall(Unprocessable):
    """Exchange more: this amount is worth less than one minor unit of the other currency."""

    code = "fx_amount_too_small"
    title = "Too small to exchange"


class QuoteNotFound(NotFound):
    """No quote of this marketplace has this id."""

    code = "fx_quote_not_found"
    title = "No such quote"


class QuoteExpired(Conflict):
    """Ask for a new quote: this one was not used in time."""

    code = "fx_quote_expired"
    title = "The quote has expired"


class QuoteUsed(Conflict):
    """Ask for a new quote: this one was used by something else, and each is used once."""

    code = "fx_quote_used"
    title = "The quote was used"


class QuoteIdReused(Conflict):
    """Take a new id: this one names a quote of something else."""

    code = "fx_quote_id_reused"
    title = "The id names another quote"


class DealNotFound(NotFound):
    """No deal of this marketplace has this id."""

    code = "fx_deal_not_found"
    title = "No such deal"


class TradeIdReused(Conflict):
    """Take a new id: this one names a deal with other amounts."""

    code = "fx_trade_id_reused"
    title = "The id names another deal"


class InvalidTrade(InvalidRequest):
    """Trade two different currencies, at an instant that has passed."""

    code = "invalid_fx_trade"
    title = "Invalid trade"
