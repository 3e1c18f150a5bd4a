"""Who uses the console, and what each role may do.

Every role sees the same pages; a role differs by the actions that it is offered. ``PERMISSIONS`` is
the only place that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from banyan.kernel import IdKind

USER = IdKind("usr")


class Role(StrEnum):
    VIEWER = "viewer"
    ANALYST = "analyst"
    OPERATOR = "operator"
    FINANCE = "finance"
    ENGINEER = "engineer"
    ADMIN = "admin"


class Permission(StrEnum):
    VIEW = "view"
    WORK_CASES = "work_cases"
    """Take a case and decide it."""
    ACT_ON_ORDERS = "act_on_orders"
    """Cancel an order."""
    MOVE_MONEY = "move_money"
    """Refund a buyer."""
    MIGRATE = "migrate"
    """Move routes of a migration, decide divergences, tick runbooks, give out status pages."""
    READ_AUDIT = "read_audit"
    """See who did what."""


PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Permission.VIEW}),
        Role.ANALYST: frozenset({Permission.VIEW, Permission.WORK_CASES}),
        Role.OPERATOR: frozenset(
            {
                Permission.VIEW,
                Permission.WORK_CASES,
                Permission.ACT_ON_ORDERS,
                Permission.MOVE_MONEY,
                Permission.MIGRATE,
            }
        ),
        Role.FINANCE: frozenset({Permission.VIEW, Permission.MOVE_MONEY, Permission.READ_AUDIT}),
        Role.ENGINEER: frozenset({Permission.VIEW, Permission.MIGRATE, Permission.READ_AUDIT}),
        Role.ADMIN: frozenset(Permission),
    }
)


@dataclass(frozen=True, slots=True)
class User:
    user_id: UUID
    email: str
    role: Role
    password_hash: str
    is_active: bool
    created_at: datetime

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[Role(self.role)]


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. ``token`` is known to the browser alone; the table keeps its digest."""

    user: User
    token: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A privileged action, as it was recorded."""

    at: datetime
    marketplace_id: UUID | None
    actor: str
    action: str
    subject: str
    note: str
