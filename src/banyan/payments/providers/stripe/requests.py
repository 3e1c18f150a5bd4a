"""What is asked of Stripe, as its parameters. Pure."""

from collections.abc import Mapping
from typing import Any

from banyan.payments.model import METHODS, MethodType
from banyan.payments.providers.provider import Instruction
from banyan.payments.providers.stripe.shapes import EXPAND, KEY, PAYMENT

Parameters = dict[str, Any]

NAMES: Mapping[MethodType, str] = {
    "debit_card": "card",
    "apple_pay": "card",
    "google_pay": "card",
    "bank_transfer": "customer_balance",
    "sepa_instant": "customer_balance",
}
"""Stripe's names of methods, where they differ from ours."""

_EVIDENCE_FIELDS: Mapping[str, str] = {
    "product_description": "product_description",
    "refund_policy": "refund_policy_disclosure",
    "shipped_at": "shipping_date",
    "shipping_carrier": "shipping_carrier",
    "shipping_tracking_number": "shipping_tracking_number",
}
"""The kinds of evidence that Stripe has a field for."""

_EVIDENCE_CHARACTERS_MAX = 20_000


def method_name(method_type: MethodType) -> str:
    return NAMES.get(method_type, method_type)


def metadata(instruction: Instruction) -> dict[str, str]:
    """Our names, by which the operation is found again."""
    return {KEY: instruction.key, PAYMENT: instruction.payment}


def group(instruction: Instruction) -> str:
    """Ties an order's charges together; Stripe lists by it at once, where searching lags behind."""
    return instruction.subject or instruction.payment or instruction.key


def authorization(instruction: Instruction, units: int, return_url: str) -> Parameters:
    """A payment intent that is confirmed as it is made: what can be authorized first is."""
    method = instruction.method
    assert method is not None, "an authorization has a method"
    name = method_name(method.type)
    is_card = name == "card"
    parameters: Parameters = {
        "amount": units,
        "currency": instruction.amount.currency.code.lower(),
        "confirm": True,
        "payment_method_types": [name],
        "capture_method": "automatic" if METHODS[method.type].is_captured_at_once else "manual",
        "metadata": metadata(instruction),
        "transfer_group": group(instruction),
        "expand": EXPAND,
    }
    if method.token == method.type:  # nothing is known of the buyer but the kind of method
        parameters["payment_method_data"] = {"type": name}
    else:
        parameters["payment_method"] = method.token
    if is_card:
        parameters["payment_method_options"] = {"card": _card_options(instruction)}
    if name == "sepa_debit":
        parameters["mandate_data"] = {"customer_acceptance": {"type": "offline"}}
    if instruction.authentication == "merchant_initiated":
        parameters["off_session"] = True
    elif instruction.return_url or return_url:
        parameters["return_url"] = instruction.return_url or return_url
    return parameters


def contest(instruction: Instruction) -> Parameters:
    """The evidence that Stripe has fields for; the rest goes into one text."""
    known = {
        field: instruction.evidence[kind]
        for kind, field in _EVIDENCE_FIELDS.items()
        if kind in instruction.evidence
    }
    rest = [
        f"{kind.replace('_', ' ').capitalize()}: {text}"
        for kind, text in instruction.evidence.items()
        if kind not in _EVIDENCE_FIELDS
    ]
    evidence = {name: text[:_EVIDENCE_CHARACTERS_MAX] for name, text in known.items()}
    if rest:
        evidence["uncategorized_text"] = "\n".join(rest)[:_EVIDENCE_CHARACTERS_MAX]
    return {"evidence": evidence, "submit": True, "metadata": {KEY: instruction.key}}


def _card_options(instruction: Instruction) -> Parameters:
    """Exemptions are Stripe's to claim; we may only insist on a challenge."""
    asks = "challenge" if instruction.authentication == "challenge" else "automatic"
    options: Parameters = {"request_three_d_secure": asks}
    method = instruction.method
    if method is not None and method.installments > 1:
        options["installments"] = {
            "enabled": True,
            "plan": {
                "type": "fixed_count",
                "interval": "month",
                "count": method.installments,
            },
        }
    return options
