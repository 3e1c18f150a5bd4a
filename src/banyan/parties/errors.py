"""Refusals of parties.

A class's docstring is its entry on the page of problems: what to do about it.
"""

from banyan.kernel import Conflict, InvalidRequest, NotFound


class SellerNotFound(NotFound):
    """Check the id: it must be a seller of the marketplace that the API key belongs to."""

    code = "seller_not_found"
    title = "No such seller"


class BuyerNotFound(NotFound):
    """Check the id: it must be a buyer of the marketplace that the API key belongs to."""

    code = "buyer_not_found"
    title = "No such buyer"


class OfferNotFound(NotFound):
    """Check the id: it must be an offer of the marketplace that the API key belongs to."""

    code = "offer_not_found"
    title = "No such offer"


class ExternalIdTaken(Conflict):
    """Something of this kind has this `external_id` already; the answer names it. Use that one."""

    code = "external_id_taken"
    title = "The external id is taken"


class InvalidCountry(InvalidRequest):
    """Use a country's two capital letters of ISO 3166-1, such as `BR`."""

    code = "invalid_country"
    title = "Invalid country"
