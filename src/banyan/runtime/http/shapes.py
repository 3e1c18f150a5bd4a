"""Structs that every context's API shares: amounts and lists."""

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, Literal, Self, TypeVar

from msgspec import Meta, Struct

from banyan.kernel import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    MINOR_MAX,
    Currency,
    IdKind,
    InvalidMoney,
    Money,
    Page,
)

T = TypeVar("T", bound=Struct)
Row = TypeVar("Row")

CurrencyCode = Annotated[
    str,
    Meta(
        description="A currency code of ISO 4217, in capitals.",
        examples=["EUR"],
        extra_json_schema={"enum": Currency.codes()},
    ),
]
"""A currency in use. A struct with a field of it checks it with ``check_currency``."""


Instant = Annotated[datetime, Meta(tz=True, examples=["2018-03-01T12:00:00Z"])]
"""A point in time with its zone: RFC 3339, UTC in answers."""


def check_currency(code: str) -> None:
    """For ``__post_init__``: ``ValueError``, which becomes a fault with its pointer."""
    try:
        Currency.of(code)
    except InvalidMoney as refusal:
        raise ValueError(refusal.detail) from None


class Amount(Struct, forbid_unknown_fields=True, frozen=True):
    """An amount of money in the currency's minor unit: 1999 EUR is 19.99 €, 1999 JPY is ¥1,999."""

    amount: Annotated[int, Meta(ge=-MINOR_MAX, le=MINOR_MAX, examples=[1999])]
    currency: CurrencyCode

    def __post_init__(self) -> None:
        check_currency(self.currency)

    @classmethod
    def of(cls, money: Money) -> Self:
        return cls(money.minor, money.currency.code)

    def money(self) -> Money:
        return Money.of(self.amount, self.currency)


class NonNegativeAmount(Amount, frozen=True, forbid_unknown_fields=True):
    """An amount of money, or none at all, in the currency's minor unit."""

    amount: Annotated[int, Meta(ge=0, le=MINOR_MAX, examples=[499])]


class PositiveAmount(Amount, frozen=True, forbid_unknown_fields=True):
    """An amount of money above zero, in the currency's minor unit."""

    amount: Annotated[int, Meta(ge=1, le=MINOR_MAX, examples=[1999])]


class List(Struct, Generic[T], kw_only=True):
    """One page of a list, and the cursor of the next (null at the end)."""

    object: Literal["list"] = "list"
    data: list[T]
    has_more: bool
    next_cursor: str | None

    @staticmethod
    def of(page: Page[Row], shape: Callable[[Row], T]) -> "List[T]":
        """A page of rows, each shaped for the answer."""
        return List(
            data=[shape(row) for row in page.data],
            has_more=page.has_more,
            next_cursor=page.next_cursor,
        )

    @staticmethod
    def whole(items: Iterable[T]) -> "List[T]":
        """A list that fits on one page."""
        return List(data=list(items), has_more=False, next_cursor=None)


@dataclass(frozen=True, slots=True)
class Csv:
    """The answer of an operation that gives a file: CSV (RFC 4180), saved under ``name``."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class File:
    """The answer of an operation that gives a file, to be saved under ``name``.

    ``body`` may come in pieces: then it is never whole in memory. What it is made of must hold
    until the last one; the operation has ``transaction=False`` and the pieces open their own.
    """

    name: str
    media_type: str
    body: bytes | AsyncGenerator[bytes]
    is_shown: bool = False
    """Shown by a browser, in place of saved."""


class ListQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """How every list is paged."""

    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="How many to return at most.")] = (
        LIMIT_DEFAULT
    )
    cursor: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=200,
                description="`next_cursor` of the page before; absent for the first page.",
            ),
        ]
        | None
    ) = None


def id_meta(kind: IdKind) -> Meta:
    """For a field that carries an id: ``seller: Annotated[str, id_meta(SELLER)]``."""
    return Meta(
        pattern=f"^{kind.prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$",
        examples=[f"{kind.prefix}_01h455vb4pex5vsknk084sn02q"],
    )
