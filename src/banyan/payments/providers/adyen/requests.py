"""What is asked of Adyen, as its bodies. Pure."""

from collections.abc import Mapping
from typing import Any

from banyan.payments.model import METHODS, Authentication, Method, MethodType
from banyan.payments.providers.provider import Instruction

Body = dict[str, Any]

NAMES: Mapping[MethodType, str] = {
    "card": "scheme",
    "debit_card": "scheme",
    "apple_pay": "applepay",
    "google_pay": "googlepay",
    "boleto": "boletobancario",
    "sepa_debit": "sepadirectdebit",
    "bancontact": "bcmc",
    "upi": "upi_collect",
    "bank_transfer": "bankTransfer_IBAN",
}
"""Adyen's names of methods, where they differ from ours."""

_EXEMPTIONS: Mapping[Authentication, str] = {
    "low_value": "lowValue",
    "low_risk": "transactionRiskAnalysis",
    "trusted": "trustedBeneficiary",
}


def reference(instruction: Instruction) -> str:
    """Our names, as Adyen's merchant reference: it stands in every notice and every report. A
    dispute is told with that of the authorization, which therefore names the payment, too."""
    if instruction.operation != "authorize":
        return instruction.key
    return f"{instruction.key}/{instruction.payment}"


def names(merchant_reference: str) -> tuple[str, str]:
    """Our key and our payment in a merchant reference."""
    key, _, payment = merchant_reference.partition("/")
    return key[:80], payment[:80]


def authorization(
    instruction: Instruction, units: int, merchant_account: str, return_url: str
) -> Body:
    method = instruction.method
    assert method is not None, "an authorization has a method"
    is_taken_at_once = METHODS[method.type].is_captured_at_once
    more: dict[str, str] = {} if is_taken_at_once else {"manualCapture": "true"}
    if instruction.authentication in _EXEMPTIONS:
        more["scaExemption"] = _EXEMPTIONS[instruction.authentication]
    off_session = instruction.authentication == "merchant_initiated"
    body: Body = {
        "merchantAccount": merchant_account,
        "amount": amount(instruction, units),
        "reference": reference(instruction),
        "merchantOrderReference": instruction.subject,
        "paymentMethod": _method(method),
        "channel": "Web",
        "returnUrl": instruction.return_url or return_url,
        "shopperInteraction": "ContAuth" if off_session else "Ecommerce",
        "additionalData": more,
    }
    shopper, _, stored = method.token.partition("/")
    if stored:
        body["shopperReference"] = shopper
        model = "UnscheduledCardOnFile" if off_session else "CardOnFile"
        body["recurringProcessingModel"] = model
    if instruction.country:
        body["countryCode"] = instruction.country
    if instruction.authentication in ("challenge", "out_of_scope"):
        always = instruction.authentication == "challenge"
        body["authenticationData"] = {"attemptAuthentication": "always" if always else "never"}
    if method.installments > 1:
        body["installments"] = {"value": method.installments}
    return body


def modification(instruction: Instruction, merchant_account: str, units: int | None = None) -> Body:
    body: Body = {"merchantAccount": merchant_account, "reference": reference(instruction)}
    if units is not None:
        body["amount"] = amount(instruction, units)
    return body


def transfer(instruction: Instruction, units: int, source: str, target: str) -> Body:
    """Between two balance accounts of our platform."""
    return {
        "amount": amount(instruction, units),
        "balanceAccountId": source,
        "counterparty": {"balanceAccountId": target},
        "category": "internal",
        "type": "internalTransfer",
        "reference": instruction.key,
        "description": instruction.subject[:140] or instruction.key,
    }


def amount(instruction: Instruction, units: int) -> Body:
    return {"currency": instruction.amount.currency.code, "value": units}


def _method(method: Method) -> Body:
    """A stored method is ``shopper/id``: Adyen asks for both. A method's own name means a method
    that needs to know nothing of the buyer beforehand."""
    name = NAMES.get(method.type, method.type)
    if method.token == method.type:
        return {"type": name}
    shopper, _, stored = method.token.partition("/")
    return {"type": name, "storedPaymentMethodId": stored or shopper}
