"""Our books' side: what payments have booked on the providers' balances becomes lines."""

from datetime import UTC, datetime, timedelta

from banyan import payments
from banyan.kernel import derived_id
from banyan.payments import ATTEMPT, DISPUTE, PAYMENT, SettlementEntry
from banyan.reconciliation.model import ReadLine
from banyan.reconciliation.store import imports as store
from banyan.reconciliation.store import lines as lines_store
from banyan.runtime import Transaction

_START = datetime(1970, 1, 1, tzinfo=UTC)
_OVERLAP = timedelta(hours=1)


async def collect(tx: Transaction) -> int:
    """Write down what was booked since the last time; how many lines that are.

    What is read twice is written once: a line is known by its type and key.
    """
    count = 0
    for provider in await payments.used_providers(tx):
        until = await payments.settlement_horizon(tx, provider)
        last = await store.collected_at(tx, provider)
        since = _START if last is None else last - _OVERLAP
        entries = await payments.settlement_entries(tx, provider, since, until)
        if entries:
            count += await lines_store.insert_lines(
                tx,
                [
                    derived_id(entry.key, "reconciliation", entry.type, entry.ordinal)
                    for entry in entries
                ],
                [_line(entry) for entry in entries],
                side="books",
                source=provider,
                import_id=None,
            )
        await store.save_progress(tx, provider, until)
    return count


def _line(entry: SettlementEntry) -> ReadLine:
    is_dispute = entry.type in ("dispute_fee", "chargeback", "chargeback_reversal")
    kind = DISPUTE if is_dispute else ATTEMPT
    key = kind.text(entry.key)
    return ReadLine(
        place="",
        name=f"{entry.type}/{key}/{entry.ordinal}",
        type=entry.type,
        on=entry.at.date(),
        currency=entry.currency,
        gross_minor=entry.gross_minor,
        fee_minor=entry.fee_minor,
        key=key,
        reference=entry.reference,
        group=PAYMENT.text(entry.payment_id) if entry.payment_id else "",
    )
