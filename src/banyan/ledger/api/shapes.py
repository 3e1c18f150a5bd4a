"""Fields that accounts and transfers share."""

from typing import Annotated

from msgspec import Meta

from banyan.ledger import model

AccountPath = Annotated[
    str,
    Meta(
        pattern=model.PATH_PATTERN,
        max_length=model.PATH_MAX,
        examples=["platform:commission"],
        description="Parts joined by colons, from the general to the particular.",
    ),
]
