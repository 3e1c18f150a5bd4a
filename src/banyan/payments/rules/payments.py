"""What a payment is called."""

from banyan.payments.model import PaymentState


def state_after_refund(captured_minor: int, refunded_minor: int) -> PaymentState:
    """What a payment of which so much was taken and given back is called."""
    if refunded_minor == 0:
        return "captured"
    return "refunded" if refunded_minor == captured_minor else "partially_refunded"
