"""Fields that several operations share."""

from typing import Annotated

from msgspec import Meta

from banyan.fx.sources.numbers import RATE_PATTERN

RateText = Annotated[
    str,
    Meta(
        pattern=RATE_PATTERN,
        description="An exact decimal number: what one unit of the base costs.",
        examples=["1.0842"],
    ),
]
SourceName = Annotated[str, Meta(pattern="^[a-z0-9_]{1,40}$", examples=["ecb"])]
Path = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9_]+(:[A-Za-z0-9_.\-]+)*$",
        max_length=120,
        description="The path of an open account of the ledger.",
        examples=["platform:bank"],
    ),
]
