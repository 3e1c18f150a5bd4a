"""How a bank names what we asked for."""

from uuid import UUID

from banyan.kernel import InvalidId
from banyan.payments.model import ATTEMPT, BATCH


def end_to_end_id(attempt_id: UUID) -> str:
    """Our reference within SEPA's 35 characters and its set of them, which has no underscore."""
    return ATTEMPT.text(attempt_id).replace("_", "-")


def message_id(batch_id: UUID) -> str:
    """Our name of a batch's file."""
    return BATCH.text(batch_id).replace("_", "-")


def batch_of(reference: str) -> UUID | None:
    """The batch behind a message id, or the id of the file's only group (``…-1``)."""
    try:
        return BATCH.parse(reference.strip().lower().removesuffix("-1").replace("-", "_"))
    except InvalidId:
        return None


def attempt_of(reference: str) -> UUID | None:
    """The attempt behind an end-to-end id, as a bank may give it back; None if it is not ours."""
    try:
        return ATTEMPT.parse(reference.strip().lower().replace("-", "_"))
    except InvalidId:
        return None
