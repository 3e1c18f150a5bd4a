"""When sellers are paid out, and why one isn't for now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

Cadence = Literal["daily", "weekly", "monthly", "manual"]

CalendarKind = Literal["every_day", "business_days"]

HoldKind = Literal["not_eligible", "account_changed", "by_hand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """On which days a seller is paid out. ``weekday`` 1 is Monday; ``month_day`` 31 the last day.

    Sales become available ``delay_days`` after they were settled. Less than ``minimum_minor``, in
    minor units of whichever currency, waits.
    """

    cadence: Cadence
    delay_days: int
    minimum_minor: int
    weekday: int | None = None
    month_day: int | None = None


class BankAccount(Struct, frozen=True, kw_only=True):
    """The marketplace's own account at a bank, for files; ``creditor_id`` allows to debit sellers."""

    holder: str
    iban: str
    bic: str | None = None
    creditor_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutSettings:
    """How a marketplace pays its sellers; the schedule of all who have none of their own.

    The cut-off hour is of ``time_zone``. After a seller's account was changed nothing is paid out
    for ``change_hold_days``. What a seller owes for ``debit_after_days`` is debited (None: never).
    """

    schedule: Schedule
    cutoff_hour: int
    time_zone: str
    calendar: CalendarKind
    change_hold_days: int
    debit_after_days: int | None
    bank: BankAccount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutHold:
    """Why a seller is not paid out. It ends at ``until_at``, or when it is lifted (None)."""

    marketplace_id: UUID
    seller_id: UUID
    kind: HoldKind
    reason: str
    held_by: str
    held_at: datetime
    until_at: datetime | None
