"""What is connected, over HTTP. Secrets go in and never come out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from banyan.payments.errors import (
    ConnectionNameTaken,
    ConnectionNotFound,
    InvalidConnection,
    WrongMode,
)
from banyan.payments.model import (
    Capability,
    ConnectionDetails,
    ConnectionDraft,
    MethodType,
    ProviderKind,
)
from banyan.payments.service import connections
from banyan.payments.service.connections import Changeable
from banyan.payments.service.opening import Addresses, check_connection
from banyan.runtime import Database, Vault
from banyan.runtime.http import Call, Operation

Name = Annotated[
    str,
    Meta(
        pattern="^[a-z][a-z0-9_]{1,39}$",
        description="What payments, events and the webhooks' address call it.",
        examples=["stripe"],
    ),
]
Texts = Annotated[
    dict[Annotated[str, Meta(max_length=40)], Annotated[str, Meta(max_length=2_000)]],
    Meta(max_length=20),
]
MethodTypes = Annotated[list[MethodType], Meta(min_length=1, max_length=len(get_args(MethodType)))]
Currencies = Annotated[
    list[Annotated[str, Meta(pattern="^[A-Z]{3}$")]], Meta(min_length=1, max_length=200)
]
Countries = Annotated[
    list[Annotated[str, Meta(pattern="^[A-Z]{2}$")]], Meta(min_length=1, max_length=250)
]
FeeBp = Annotated[int, Meta(ge=0, le=10_000, description="Expected cost, hundredths of a percent.")]
FeeFixed = Annotated[int, Meta(ge=0, le=1_000_000, description="Expected cost, minor units.")]


class ConnectionView(Struct, kw_only=True):
    """A connected provider. Of `secrets` the last letters are shown. A list that is null means:
    whatever the provider can take."""

    object: Literal["payment_provider"] = "payment_provider"
    livemode: bool
    name: str
    kind: ProviderKind
    is_enabled: bool
    settings: dict[str, str]
    secrets: dict[str, str]
    method_types: list[str] | None
    currencies: list[str] | None
    countries: list[str] | None
    fee_bp: int
    fee_fixed_minor: int
    webhook_path: str
    created_at: datetime
    updated_at: datetime


class ConnectionsView(Struct, kw_only=True):
    """All of them; there are never many."""

    object: Literal["list"] = "list"
    data: list[ConnectionView]


class ConnectProvider(Struct, kw_only=True, forbid_unknown_fields=True):
    """What `settings` and `secrets` a kind needs is in docs/providers.md."""

    name: Name
    kind: ProviderKind
    settings: Texts = {}
    secrets: Texts = {}
    method_types: MethodTypes | None = None
    currencies: Currencies | None = None
    countries: Countries | None = None
    fee_bp: FeeBp = 0
    fee_fixed_minor: FeeFixed = 0


class ChangeProvider(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays. Of `settings` and `secrets` name those that change; an empty text
    takes one away."""

    settings: Texts = {}
    secrets: Texts = {}
    method_types: MethodTypes | UnsetType | None = UNSET
    currencies: Currencies | UnsetType | None = UNSET
    countries: Countries | UnsetType | None = UNSET
    fee_bp: FeeBp | UnsetType = UNSET
    fee_fixed_minor: FeeFixed | UnsetType = UNSET


class CheckView(Struct, kw_only=True):
    """What was tried at the provider, changing nothing, and what came of it."""

    object: Literal["payment_provider_check"] = "payment_provider_check"
    livemode: bool
    name: str
    works: bool
    checks: list[Capability]


@dataclass(frozen=True, slots=True)
class _Handlers:
    """The handlers, with what they need beside the call."""

    vault: Vault
    addresses: Addresses

    async def connect(self, call: Call, body: ConnectProvider) -> ConnectionView:
        draft = ConnectionDraft(
            name=body.name,
            kind=body.kind,
            settings=body.settings,
            secrets=body.secrets,
            method_types=_texts(body.method_types),
            currencies=body.currencies,
            countries=body.countries,
            fee_bp=body.fee_bp,
            fee_fixed_minor=body.fee_fixed_minor,
        )
        return _view(call, await connections.connect(call.tx, self.vault, draft))

    async def change(self, call: Call, body: ChangeProvider) -> ConnectionView:
        fields: tuple[Changeable, ...] = get_args(Changeable)
        others: dict[Changeable, object] = {
            name: getattr(body, name) for name in fields if getattr(body, name) is not UNSET
        }
        changed = await connections.change_connection(
            call.tx,
            self.vault,
            call.text["name"],
            settings=body.settings,
            secrets=body.secrets,
            others=others,
        )
        return _view(call, changed)

    async def check(self, call: Call) -> CheckView:
        database = call.database
        assert isinstance(database, Database), "it is declared with transaction=False"
        name = call.text["name"]
        checks = await check_connection(
            database, self.vault, self.addresses, call.key.marketplace_id, name
        )
        return CheckView(
            livemode=call.key.livemode,
            name=name,
            works=all(check.works for check in checks),
            checks=checks,
        )


def operations(vault: Vault, addresses: Addresses) -> list[Operation]:
    handlers = _Handlers(vault, addresses)
    return [
        Operation(
            id="connectPaymentProvider",
            method="POST",
            path="/v1/payment_providers",
            summary="Connect a payment provider",
            handler=handlers.connect,
            scope="providers:write",
            body=ConnectProvider,
            returns=ConnectionView,
            status=201,
            errors=(ConnectionNameTaken, InvalidConnection, WrongMode),
            example={"name": "second_sandbox", "kind": "sandbox", "fee_bp": 290},
        ),
        Operation(
            id="listPaymentProviders",
            method="GET",
            path="/v1/payment_providers",
            summary="List the connected payment providers",
            handler=_list,
            scope="providers:read",
            returns=ConnectionsView,
        ),
        Operation(
            id="getPaymentProvider",
            method="GET",
            path="/v1/payment_providers/{name}",
            summary="Fetch a connected payment provider",
            handler=_get,
            scope="providers:read",
            returns=ConnectionView,
            errors=(ConnectionNotFound,),
        ),
        Operation(
            id="updatePaymentProvider",
            method="PATCH",
            path="/v1/payment_providers/{name}",
            summary="Change a connected payment provider, or its secrets",
            handler=handlers.change,
            scope="providers:write",
            body=ChangeProvider,
            returns=ConnectionView,
            errors=(ConnectionNotFound, InvalidConnection, WrongMode),
            example={"fee_bp": 250, "currencies": ["EUR"]},
        ),
        Operation(
            id="disablePaymentProvider",
            method="POST",
            path="/v1/payment_providers/{name}/disable",
            summary="Send a provider no new payments",
            description="What is under way through it goes on.",
            handler=_disable,
            scope="providers:write",
            returns=ConnectionView,
            errors=(ConnectionNotFound,),
        ),
        Operation(
            id="enablePaymentProvider",
            method="POST",
            path="/v1/payment_providers/{name}/enable",
            summary="Send a provider new payments again",
            handler=_enable,
            scope="providers:write",
            returns=ConnectionView,
            errors=(ConnectionNotFound,),
        ),
        Operation(
            id="checkPaymentProvider",
            method="POST",
            path="/v1/payment_providers/{name}/check",
            summary="Ask a provider, changing nothing, whether the connection works",
            handler=handlers.check,
            scope="providers:read",
            returns=CheckView,
            errors=(ConnectionNotFound,),
            transaction=False,
        ),
    ]


async def _list(call: Call) -> ConnectionsView:
    found = await connections.list_connections(call.tx)
    return ConnectionsView(data=[_view(call, connection) for connection in found])


async def _get(call: Call) -> ConnectionView:
    return _view(call, await connections.get_connection(call.tx, call.text["name"]))


async def _disable(call: Call) -> ConnectionView:
    return _view(call, await connections.set_enabled(call.tx, call.text["name"], is_enabled=False))


async def _enable(call: Call) -> ConnectionView:
    return _view(call, await connections.set_enabled(call.tx, call.text["name"], is_enabled=True))


def _texts(names: list[MethodType] | None) -> list[str] | None:
    return None if names is None else [*names]


def _view(call: Call, connection: ConnectionDetails) -> ConnectionView:
    return ConnectionView(
        livemode=call.key.livemode,
        name=connection.name,
        kind=connection.kind,
        is_enabled=connection.is_enabled,
        settings=dict(connection.settings),
        secrets=dict(connection.hints),
        method_types=connection.method_types,
        currencies=connection.currencies,
        countries=connection.countries,
        fee_bp=connection.fee_bp,
        fee_fixed_minor=connection.fee_fixed_minor,
        webhook_path=connections.webhook_path(connection),
        created_at=connection.created_at,
        updated_at=connection.updated_at,
    )
