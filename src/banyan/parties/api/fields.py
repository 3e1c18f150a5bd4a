"""Fields that sellers, buyers and offers share."""

from typing import Annotated

from msgspec import Meta, Struct

Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1.", examples=["BR"])]
Region = Annotated[
    str, Meta(min_length=1, max_length=40, description="A part of the country.", examples=["SP"])
]
ExternalId = Annotated[
    str, Meta(min_length=1, max_length=80, description="Your own id of it; unique of its kind.")
]
Why = Annotated[str, Meta(min_length=1, max_length=500, description="For the record.")]


class Because(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Why
