"""What a payment provider is asked, and what it may answer.

A provider is another company's machine: it may answer late, twice, or not at all. Its answers are
values. Every instruction carries a key, made before the first call.
"""

from banyan.payments.providers.answers import (
    Absent,
    Answer,
    AwaitingPayment,
    Declined,
    Definite,
    DisputeReport,
    Found,
    Pending,
    RequiresAction,
    Settled,
    Succeeded,
    Unavailable,
    Unknown,
    Webhook,
)
from banyan.payments.providers.provider import (
    Connected,
    Instruction,
    Provider,
    Returning,
    Traits,
)
from banyan.payments.providers.registry import Connect, Providers

__all__ = [
    "Absent",
    "Answer",
    "AwaitingPayment",
    "Connect",
    "Connected",
    "Declined",
    "Definite",
    "DisputeReport",
    "Found",
    "Instruction",
    "Pending",
    "Provider",
    "Providers",
    "RequiresAction",
    "Returning",
    "Settled",
    "Succeeded",
    "Traits",
    "Unavailable",
    "Unknown",
    "Webhook",
]
