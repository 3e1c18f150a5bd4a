"""Adyen's webhooks, verified and read. Pure.

Two formats: notifications of payments, whose signature covers eight of their fields, and events of
the balance platform, whose signature covers the body.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, cast

import msgspec
from msgspec import Struct, field

from banyan.payments.providers.adyen.store import Notice
from banyan.payments.providers.exponents import ADYEN_UNITS

TRANSFER_SIGNATURE_HEADER = "hmacsignature"

DISPUTE_EVENTS = frozenset({
    "REQUEST_FOR_INFORMATION", "INFORMATION_SUPPLIED", "NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK",
    "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK", "PREARBITRATION_WON", "PREARBITRATION_LOST",
    "DISPUTE_DEFENSE_PERIOD_ENDED", "PREARBITRATION_OPEN", "ISSUER_RESPONSE_TIMEFRAME_EXPIRED",
})  # fmt: skip

REPORT_EVENT = "REPORT_AVAILABLE"


class Amount(Struct, frozen=True):
    currency: str
    value: int


class Item(Struct, frozen=True, kw_only=True, rename="camel"):
    psp_reference: str
    event_code: str
    success: str
    merchant_account_code: str
    event_date: str = ""
    merchant_reference: str = ""
    original_reference: str = ""
    amount: Amount | None = None
    reason: str | None = None
    additional_data: dict[str, str] = {}


class _Wrapped(Struct, frozen=True):
    item: Item = field(name="NotificationRequestItem")


class _Notification(Struct, frozen=True, rename="camel"):
    live: str
    notification_items: list[_Wrapped]


class Transfer(Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    status: str
    amount: Amount
    reference: str = ""
    reason: str = ""
    sequence_number: int = 0


class _TransferEvent(Struct, frozen=True):
    data: Transfer
    environment: str
    type: str


class Forged(Exception):
    """Not signed by Adyen for us."""


def read_notification(body: bytes, hmac_key: str, merchant_account: str, *, livemode: bool) -> Item:
    """``Forged``. Adyen sends one item at a time."""
    try:
        notification = msgspec.json.decode(body, type=_Notification)
        [wrapped] = notification.notification_items
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise Forged from error
    item = wrapped.item
    expected = sign_item(item, hmac_key)
    given = item.additional_data.get("hmacSignature", "")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Forged
    if item.merchant_account_code != merchant_account or notification.live != _text(livemode):
        raise Forged  # signed for another account, or from the other world
    return item


def read_transfer_event(
    headers: Mapping[str, str], body: bytes, hmac_key: str, *, livemode: bool
) -> Transfer | None:
    """``Forged``. None if it is about no transfer."""
    given = headers.get(TRANSFER_SIGNATURE_HEADER, "")
    if not hmac.compare_digest(sign_body(body, hmac_key).encode(), given.encode()):
        raise Forged
    try:
        kind = cast(dict[str, Any], msgspec.json.decode(body)).get("type", "")
        if not str(kind).startswith("balancePlatform.transfer."):
            return None
        event = msgspec.json.decode(body, type=_TransferEvent)
    except (msgspec.MsgspecError, AttributeError) as error:
        raise Forged from error
    if event.environment != ("live" if livemode else "test"):
        raise Forged
    return event.data


def sign_item(item: Item, hmac_key: str) -> str:
    amount = item.amount or Amount("", 0)
    signed = ":".join((
        item.psp_reference,
        item.original_reference,
        item.merchant_account_code,
        item.merchant_reference,
        str(amount.value) if item.amount else "",
        amount.currency,
        item.event_code,
        item.success,
    ))  # fmt: skip
    return sign_body(signed.encode(), hmac_key)


def sign_body(body: bytes, hmac_key: str) -> str:
    digest = hmac.new(bytes.fromhex(hmac_key), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def notice_of(item: Item, names: tuple[str, str]) -> Notice:
    """``names``: our key and our payment. Only what the signature covers decides about money; the
    reason and the rest are for people."""
    key, payment = names
    money = None
    if item.amount is not None and item.event_code != REPORT_EVENT:
        money = ADYEN_UNITS.money(item.amount.value, item.amount.currency)
    told = {
        name: item.additional_data[name]
        for name in ("defensePeriodEndsAt", "disputeStatus", "chargebackReasonCode")
        if name in item.additional_data
    }
    return Notice(
        notice_id=f"{item.psp_reference[:60]}:{item.event_code[:50]}:{item.success[:5]}",
        key=key,
        reference=item.psp_reference[:80],
        event=item.event_code[:60],
        is_success=item.success == "true",
        amount_minor=None if money is None else money.minor,
        currency=None if money is None else money.currency.code,
        reason=(item.reason or "")[:500],
        details={"at": item.event_date, "payment": payment, **told},
    )


def notice_of_transfer(transfer: Transfer) -> Notice:
    money = ADYEN_UNITS.money(abs(transfer.amount.value), transfer.amount.currency)
    return Notice(
        notice_id=f"{transfer.id[:60]}:{transfer.sequence_number}:{transfer.status[:30]}",
        key=transfer.reference[:80],
        reference=transfer.id[:80],
        event=f"transfer.{transfer.status[:50]}",
        is_success=transfer.status == "booked",
        amount_minor=money.minor,
        currency=money.currency.code,
        reason=transfer.reason[:500],
        details={"sequence": str(transfer.sequence_number)},
    )


def _text(livemode: bool) -> str:
    return "true" if livemode else "false"
