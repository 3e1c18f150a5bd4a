"""What Stripe's objects and failures mean for us."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import stripe

from banyan.kernel import Money, new_id
from banyan.payments import Method, MethodType
from banyan.payments.providers import (
    Absent,
    AwaitingPayment,
    Declined,
    Instruction,
    Pending,
    RequiresAction,
    Settled,
    Succeeded,
    Unavailable,
    Unknown,
)
from banyan.payments.providers.stripe import answer_to, reading, requests, shapes

NOW = datetime(2018, 3, 1, tzinfo=UTC)


def _intent(**fields: Any) -> shapes.Intent:
    base = {
        "id": "pi_1",
        "amount": 10_000,
        "currency": "brl",
        "status": "succeeded",
        "created": 100,
    }
    return shapes.intent_of({**base, **fields})


def _charge(**fields: Any) -> dict[str, Any]:
    return {"id": "ch_1", "amount": 10_000, "currency": "brl", "status": "succeeded", **fields}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "processing"}, Pending),
        ({"status": "requires_confirmation"}, Absent),
        ({"status": "requires_payment_method"}, Absent),
        ({"status": "canceled"}, Declined),
        ({"status": "something_new"}, Unknown),
    ],
)
def test_states_of_a_payment(fields: dict[str, Any], expected: type) -> None:
    assert isinstance(reading.authorization(_intent(**fields), NOW), expected)


def test_the_issuers_reason_counts_more_than_the_error() -> None:
    error = {"code": "card_declined", "decline_code": "stolen_card", "message": "Declined."}
    intent = _intent(status="requires_payment_method", last_payment_error=error)
    answer = reading.authorization(intent, NOW)
    assert isinstance(answer, Declined)
    assert (answer.code, answer.is_hard) == ("stolen_card", True)


def test_what_is_settled_in_another_currency_is_told_with_its_fee_in_that_currency() -> None:
    booked = {"id": "txn_1", "amount": 1_600, "fee": 80, "net": 1_520, "currency": "eur"}
    answer = reading.capture(_intent(latest_charge=_charge(balance_transaction=booked)))
    assert isinstance(answer, Succeeded)
    assert (answer.amount_minor, answer.currency, answer.fee_minor) == (10_000, "BRL", 0)
    assert answer.settled == Settled(1_600, "EUR", 80)


@pytest.mark.parametrize(
    ("result", "liability"),
    [("authenticated", "issuer"), ("attempt_acknowledged", "issuer"), ("failed", "merchant")],
)
def test_who_bears_a_chargeback(result: str, liability: str) -> None:
    details = {"card": {"three_d_secure": {"result": result}}}
    intent = _intent(latest_charge=_charge(payment_method_details=details))
    answer = reading.authorization(intent, NOW)
    assert isinstance(answer, Succeeded)
    assert answer.liability == liability


def test_the_buyer_is_sent_to_the_bank() -> None:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example"}}
    answer = reading.authorization(_intent(status="requires_action", next_action=action), NOW)
    assert answer == RequiresAction("pi_1", "https://bank.example", NOW + timedelta(hours=1))


def test_the_buyer_is_told_how_to_pay_and_until_when_by_our_clock() -> None:
    code = {"data": "00020126", "expires_at": 3_700, "image_url_png": "https://x.example/q.png"}
    action = {"type": "pix_display_qr_code", "pix_display_qr_code": code}
    answer = reading.authorization(_intent(status="requires_action", next_action=action), NOW)
    assert isinstance(answer, AwaitingPayment)
    assert answer.instructions["data"] == "00020126"
    assert answer.expires_at == NOW + timedelta(hours=1), "an hour after it was made"


@pytest.mark.parametrize(
    ("fields", "state", "stage"),
    [
        ({"status": "warning_needs_response"}, "open", "inquiry"),
        ({"status": "warning_closed"}, "won", "inquiry"),
        ({"status": "under_review"}, "under_review", "chargeback"),
        ({"status": "won"}, "won", "chargeback"),
        ({"status": "lost"}, "lost", "chargeback"),
        ({"status": "lost", "reason": "debit_not_authorized"}, "lost", "return"),
    ],
)
def test_disputes_and_how_far_they_have_gone(
    fields: dict[str, Any], state: str, stage: str
) -> None:
    base = {
        "id": "du_1",
        "amount": 500,
        "currency": "eur",
        "reason": "fraudulent",
        "payment_intent": {"metadata": {"payment": "pay_1"}},
    }
    report = reading.dispute_report(shapes.dispute_of({**base, **fields}))
    assert report is not None
    assert (report.payment, report.state, report.stage) == ("pay_1", state, stage)
    nobodys = {**base, **fields, "payment_intent": None}
    assert reading.dispute_report(shapes.dispute_of(nobodys)) is None


def _broken(cause: Exception) -> stripe.StripeError:
    error = stripe.APIConnectionError("broken")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_broken(httpx.ConnectError("refused")), Unavailable),
        (_broken(httpx.ConnectTimeout("slow")), Unavailable),
        (_broken(httpx.PoolTimeout("full")), Unavailable),
        (_broken(httpx.ReadTimeout("slow")), Unknown),
        (_broken(httpx.WriteError("reset")), Unknown),
        (_broken(httpx.RemoteProtocolError("cut")), Unknown),
        (stripe.RateLimitError("slower", http_status=429), Unavailable),
        (stripe.AuthenticationError("who?", http_status=401), Unavailable),
        (stripe.PermissionError("no", http_status=403), Unavailable),
        (stripe.IdempotencyError("other content", http_status=400), Unknown),
        (stripe.APIError("in use", http_status=409), Unknown),
        (stripe.APIError("oops", http_status=500), Unknown),
        (stripe.InvalidRequestError("no", "amount", code="amount_too_small"), Declined),
        (stripe.CardError("no", "card", "card_declined"), Declined),
    ],
)
def test_only_what_was_certainly_not_done_is_called_so(
    error: stripe.StripeError, expected: type
) -> None:
    assert isinstance(answer_to(error), expected)


def test_errors_show_nothing_of_what_was_sent() -> None:
    error = stripe.InvalidRequestError("No such key: sk_live_123456", "key", http_status=400)
    assert "sk_live" not in repr(answer_to(error))


@pytest.mark.parametrize(
    ("kind", "token", "capture", "sent"),
    [
        ("card", "pm_1", "manual", {"payment_method": "pm_1", "payment_method_types": ["card"]}),
        ("apple_pay", "pm_1", "manual", {"payment_method_types": ["card"]}),
        ("boleto", "boleto", "automatic", {"payment_method_data": {"type": "boleto"}}),
        ("sepa_debit", "pm_2", "automatic", {"payment_method": "pm_2"}),
    ],
)
def test_what_is_asked_for(
    kind: MethodType, token: str, capture: str, sent: dict[str, Any]
) -> None:
    instruction = Instruction(
        marketplace_id=new_id(),
        key="att_1",
        operation="authorize",
        payment="pay_1",
        subject="ord_1",
        amount=Money.of(500, "EUR"),
        method=Method(kind, token),
        authentication="challenge",
    )
    asked = requests.authorization(instruction, 500, "https://shop.example")
    assert asked["capture_method"] == capture
    assert sent.items() <= asked.items()
    assert asked["metadata"] == {"attempt": "att_1", "payment": "pay_1"}
    assert asked["transfer_group"] == "ord_1"
    assert asked["return_url"] == "https://shop.example"
    options = asked.get("payment_method_options", {}).get("card", {})
    assert options.get("request_three_d_secure") == ("challenge" if capture == "manual" else None)
