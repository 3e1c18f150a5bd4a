"""How a bank names what we asked for."""

from uuid import UUID

from banyan.kernel import InvalidId
from banyan.payments.model import ATTEMPT


def end_to_end_id(attempt_id: UUID) -> str:
    """Our reference within SEPA's 35 characters and its set of them, which has no underscore."""
    return ATTEMPT.text(attempt_id).replace("_", "-")


def attempt_of(reference: str) -> UUID | None:
    """The attempt behind an end-to-end id, as a bank may give it back; None if it is not ours."""
    try:
        return ATTEMPT.parse(reference.strip().lower().replace("-", "_"))
    except InvalidId:
        return None
