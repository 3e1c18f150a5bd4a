"""What a rehearsal asks for, and what its evidence is worth."""

from banyan.migration.rules.rehearsal.evidence import (
    Signed,
    canonical,
    key_id_of,
    new_key,
    read_signed,
    sign,
    verify,
)
from banyan.migration.rules.rehearsal.judging import Seen, result_of, verdict_on
from banyan.migration.rules.rehearsal.plan import (
    fingerprint_of,
    missing_of,
    rehearsal_plan,
)

__all__ = [
    "Seen",
    "Signed",
    "canonical",
    "fingerprint_of",
    "key_id_of",
    "missing_of",
    "new_key",
    "read_signed",
    "rehearsal_plan",
    "result_of",
    "sign",
    "verdict_on",
    "verify",
]
