"""What a marketplace has connected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from banyan.payments.model.routing import Connection, ProviderKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDetails(Connection):
    """A connection, and what it is connected by.

    ``settings`` hold no secrets; ``secrets`` are sealed, and ``hints`` are all that is shown of
    them. ``version`` counts the changes.
    """

    settings: Mapping[str, str]
    secrets: bytes | None = field(repr=False)
    hints: Mapping[str, str]
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDraft:
    """What is to be connected; ``secrets`` are as they were given."""

    name: str
    kind: ProviderKind
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    method_types: list[str] | None = None
    currencies: list[str] | None = None
    countries: list[str] | None = None
    fee_bp: int = 0
    fee_fixed_minor: int = 0


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a check has tried at a provider, and what came of it in one sentence."""

    name: str
    works: bool
    detail: str
