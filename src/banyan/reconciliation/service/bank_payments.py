"""Payouts and debits of our own on the bank's statement: what left by file, confirmed or returned."""

import re
from collections.abc import Sequence
from datetime import timedelta

from banyan import payments
from banyan.reconciliation.model import Break, Outcome, Proposal, StoredLine
from banyan.reconciliation.rules import attempts_named
from banyan.reconciliation.rules.words import about
from banyan.reconciliation.store import lines as lines_store
from banyan.runtime import Transaction

LOOK_BACK = timedelta(days=90)
"""How long after it was matched a duplicate at the bank, or a wrong batch, is still noticed."""

_REASON_CODE = re.compile(r"\b(?:AC|AG|AM|BE|CN|CU|DT|ED|FF|MD|MS|RC|RR|SL|TM)[0-9]{2}\b")
"""Why a bank sends a payment back, among its words (ISO 20022's external return reasons)."""


async def take_bank_payments(tx: Transaction, lines: Sequence[StoredLine]) -> Outcome:
    """Confirm and return what open lines of the bank name; what they come to.

    A line is matched by itself: it is the bank's word on what payments have asked of it. Lines that
    name nothing that left by file are in no part of the outcome.
    """
    outcome = Outcome()
    named = [(line, names) for line in lines if (names := attempts_named(line))]
    if not named:
        return outcome
    oldest = min(line.on for line, _ in named)
    matched = await lines_store.select_matched_attempts(tx, oldest - LOOK_BACK)
    seen = {way: line for line in matched for way in _ways(line, attempts_named(line))}
    for line, names in sorted(named, key=lambda one: (one[0].on, one[0].line_id)):
        entry = await payments.take_bank_entry(
            tx,
            names,
            line.net,
            reference=line.reference or line.key,
            code=_reason_code(line),
            note=f"The bank's statement shows {line.net} on {line.on}.",
        )
        if entry is None:
            continue
        before = next((seen[way] for way in _ways(line, names) if way in seen), None)
        found = _judged(line, entry, before)
        if isinstance(found, Break):
            outcome.breaks.append(found)
            continue
        outcome.proposals.append(found)
        seen |= dict.fromkeys(_ways(line, names), line)
    return outcome


def _judged(
    line: StoredLine, entry: payments.BankEntry, before: StoredLine | None
) -> Proposal | Break:
    at_risk = abs(line.net_minor)
    if before is not None:
        reason = f"{about(line)} came before: what it names is matched already."
        return Break("duplicate", line, reason, at_risk, before)
    match entry.verdict:
        case "agrees":
            return Proposal((), (line,), "reference", 100, f"{about(line)} is a payment of ours.")
        case "amount_differs":
            reason = f"{about(line)}: the amount is {line.net}, not {entry.expected}."
            is_same = line.currency == entry.expected.currency.code
            differs = abs(entry.expected.minor - line.net_minor) if is_same else at_risk
            return Break("amount_differs", line, reason, differs)
        case "contradicts":
            reason = f"{about(line)} is on the bank's statement, though {entry.detail}."
            return Break("missing_in_books", line, reason, at_risk)


def _ways(line: StoredLine, names: Sequence[str]) -> list[tuple[str, bool]]:
    """What a line says of each attempt: that it went, or that it came."""
    return [(name, line.net_minor < 0) for name in names]


def _reason_code(line: StoredLine) -> str:
    found = _REASON_CODE.search(line.text)
    return found.group().lower() if found else ""
