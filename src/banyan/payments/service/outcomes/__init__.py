"""What a provider's answers lead to, applied in batches.

Everything that the attempts of a batch touch is locked and loaded; each answer is decided in
memory; the result is written at once: one call of the ledger and one insert of events, however many
there are.
"""

from banyan.payments.service.outcomes.applying import apply_answers

__all__ = ["apply_answers"]
