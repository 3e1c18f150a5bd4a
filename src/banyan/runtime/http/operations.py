"""An operation of the API, declared once; everything else is derived from the declaration.

Routes, validation, OpenAPI, the docs page, the reference and the hints for SDKs all read these
records. A context returns its own from ``api.py``::

    def operations() -> list[Operation]:
        return [
            Operation(
                id="getOffer", method="GET", path="/v1/offers/{offer_id}", ids={"offer_id": OFFER},
                summary="Fetch an offer", handler=get_offer, scope="offers:read", returns=Offer,
                errors=(OfferNotFound,),
            )
        ]

    async def get_offer(call: Call) -> Offer:
        return Offer.of(await parties.get_offer(call.tx, call.path["offer_id"]))
"""

import inspect
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from banyan.kernel import BanyanError, IdKind
from banyan.runtime.database import Database, Transaction
from banyan.runtime.http.bounds import slips
from banyan.runtime.http.shapes import Csv, File

if sys.version_info >= (3, 13):
    from typing import TypeVar
else:
    from typing_extensions import TypeVar

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Query = TypeVar("Query", default=Any)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking: an API key of one marketplace."""

    marketplace_id: UUID
    livemode: bool
    key_id: UUID
    scopes: frozenset[str]
    name: str = ""
    """What people call the key; it stands in the cause of what it brings about."""


@dataclass(slots=True, kw_only=True)
class Call(Generic[Query]):
    """One call of an operation, as its handler sees it. ``Call[ListOffers]`` types ``query``."""

    key: Principal
    request_id: str
    path: Mapping[str, UUID]
    """Ids in the path, by name."""
    text: Mapping[str, str]
    """What else varies in the path, by name."""
    query: Query
    idempotency_key: str | None
    transaction: Transaction | None = None
    database: Database | None = None
    """For an operation with ``transaction=False``: where its handler opens its own."""

    @property
    def tx(self) -> Transaction:
        """The request's database transaction; it commits after the handler, before the answer."""
        assert self.transaction is not None, "the operation was declared with transaction=False"
        return self.transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBody:
    """A body that isn't JSON: a file, which the handler gets as bytes."""

    media_types: tuple[str, ...]
    bytes_max: int
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation: a method on a path, what it takes, what it answers, and who may call it.

    ``handler`` is called with the ``Call``, and with the body too if there is one.
    """

    id: str
    """In camelCase, verb first; SDKs name their methods by it."""
    method: Method
    path: str
    summary: str
    handler: Callable[..., Awaitable[object]]
    scope: str | None
    """None: any key may."""
    body: type[Struct] | None = None
    raw: RawBody | None = None
    """In place of ``body``: the handler is called with its bytes."""
    returns: Any = None
    """A struct, ``List[…]`` of one, or ``Csv`` or ``File`` (of a GET); None: 204 without a body."""
    media_types: tuple[str, ...] = ()
    """What a ``File`` may be; then ``returns`` is ``File``."""
    status: int = 200
    query: type[Struct] | None = None
    ids: Mapping[str, IdKind] = field(default_factory=dict[str, IdKind])
    """The kind of each id in the path. What isn't named here is plain text."""
    errors: tuple[type[BanyanError], ...] = ()
    """The refusals of its own; those of the HTTP layer are added by themselves."""
    example: object = None
    """A body, as JSON-able builtins."""
    answer_example: object = None
    description: str = ""
    rate: str = "default"
    needs_idempotency_key: bool = False
    """True for what moves money: a POST without ``Idempotency-Key`` is refused."""
    transaction: bool = True
    """False if the handler opens its own; then a repeated key must lead to the same ids."""

    @property
    def names(self) -> list[str]:
        """What varies in the path."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def tag(self) -> str:
        """The noun that groups it on the docs page: ``offers`` of ``/v1/offers/{offer_id}``."""
        return self.path.split("/")[2]

    @property
    def is_idempotent_by_key(self) -> bool:
        return self.method == "POST"


def checked(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """The same operations, once it is certain that they can be served; a slip is a bug."""
    every = tuple(operations)
    seen: set[str] = set()
    for operation in every:
        place = f"{operation.method} {re.sub(r'{[^}]+}', '{}', operation.path)}"
        assert seen.isdisjoint({operation.id, place}), f"{operation.id}: {place} is declared twice"
        seen |= {operation.id, place}
        _check(operation)
    return every


def _check(operation: Operation) -> None:
    name = operation.id
    assert re.fullmatch(r"[a-z][A-Za-z0-9]+", name), f"{name}: write the id in camelCase"
    assert re.fullmatch(r"/v\d+(/([a-z_]+|\{\w+\}))+", operation.path), f"{name}: {operation.path}"
    assert set(operation.ids) <= set(operation.names), f"{name}: an id is not in the path"
    assert operation.returns is not None or operation.status in (200, 204), f"{name}: no answer"
    assert operation.body is None or operation.method != "GET", f"{name}: a GET has no body"
    assert operation.returns is not Csv or operation.method == "GET", (
        f"{name}: only a GET gives CSV"
    )
    gives_file = operation.returns is File and operation.method == "GET"
    assert gives_file == bool(operation.media_types), (
        f"{name}: a GET gives a file, and of which kind"
    )
    arguments = len(inspect.signature(operation.handler).parameters)
    assert operation.raw is None or (operation.body is None and operation.method != "GET"), (
        f"{name}: a raw body is the only one"
    )
    expected = 1 if operation.body is None and operation.raw is None else 2
    assert arguments == expected, f"{name}: the handler takes the call{', body' * (expected - 1)}"
    if operation.body is not None and operation.example is not None:
        msgspec.convert(operation.example, operation.body)
    for struct in (operation.body, operation.query):
        if struct is not None:
            found = slips(struct)
            assert not found, "; ".join(found)
