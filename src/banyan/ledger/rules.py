"""Decisions of the ledger that need no database."""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from banyan.kernel import Money
from banyan.ledger.errors import InvalidMonth, NotReversible, TermsReserved
from banyan.ledger.model import (
    TRANSFER,
    Account,
    Entry,
    Kind,
    Leg,
    LegDigest,
    Outcome,
    PendingRef,
    Reason,
    RecordedLeg,
    RecordedTransfer,
    Rejection,
    Side,
    Transfer,
    TrialBalance,
)

_NUMBER_BITS = 63
_LEAF_BYTES = 32
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_MONTH = re.compile(r"(?!0000|9999)[0-9]{4}-(0[1-9]|1[0-2])")


_SELLERS = re.compile(r"seller:sel_")
_OURS = ("buyer:", "disputes:", "fx:", "payouts:", "platform:", "provider:", "tax:")


def check_terms(account: Account) -> None:
    """``TermsReserved`` for terms that would weaken or hinder what the product itself books.

    An account keeps the terms that it was opened on, whoever opened it.
    """
    given = (account.floor, account.ceiling)
    if _SELLERS.match(account.path) and (*given, account.normal) != (0, None, Side.CREDIT):
        raise TermsReserved(
            f"{account.path} is a seller's: its normal side is credit, its floor 0, and it has no "
            "ceiling."
        )
    if account.path.startswith(_OURS) and given != (None, None):
        raise TermsReserved(f"{account.path} has neither floor nor ceiling.")


def runs(transfers: Iterable[Transfer]) -> Iterator[list[Transfer]]:
    """The transfers cut, in their order, where one needs an earlier one to be decided first.

    That is where an id comes again, and where a leg resolves a pending leg that this run makes or
    resolves. What is left in a run depends on its order through the balances only.
    """
    run: list[Transfer] = []
    ids = set[UUID]()
    resolved = set[PendingRef]()
    for transfer in transfers:
        pending = {leg.pending for leg in transfer.legs if leg.pending is not None}
        needs = {transfer.id, *(ref.transfer_id for ref in pending)}
        if run and not (needs.isdisjoint(ids) and pending.isdisjoint(resolved)):
            yield run
            run, ids, resolved = [], set[UUID](), set[PendingRef]()
        run.append(transfer)
        ids.add(transfer.id)
        resolved |= pending
    if run:
        yield run


def outcome_of(text: str) -> Outcome | Rejection:
    """The outcome that the posting function has given as text."""
    if text == "posted":
        return Outcome.POSTED
    if text == "already_posted":
        return Outcome.ALREADY_POSTED
    return Rejection(Reason(text))


def reversal(
    transfer: RecordedTransfer, reversal_id: UUID, *, may_break_limits: bool = False
) -> Transfer:
    """The transfer that takes ``transfer`` back: mirrored legs, last one first; holds are voided.

    ``NotReversible`` if there is nothing to take back (it only voided holds, say).
    """
    mirrored = [_mirrored(transfer.id, leg) for leg in reversed(transfer.legs)]
    legs = tuple(leg for leg in mirrored if leg is not None)
    text = TRANSFER.text(transfer.id)
    if not legs:
        raise NotReversible(f"The transfer {text} has moved and holds nothing.")
    return Transfer(
        id=reversal_id,
        legs=legs,
        subject=transfer.subject,
        may_break_limits=may_break_limits,
        description=f"Reversal of {text}",
        metadata={"reverses": text},
    )


def _mirrored(transfer_id: UUID, leg: RecordedLeg) -> Leg | None:
    if leg.kind == Kind.PENDING:
        nothing = Money.zero(leg.currency)
        ref = PendingRef(transfer_id, leg.leg)
        return Leg(leg.debit, leg.credit, nothing, leg.code, Kind.VOID, ref)
    if leg.kind in (Kind.POSTED, Kind.POST):
        return Leg(leg.credit, leg.debit, leg.amount, leg.code)
    return None


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """The first instants of a month such as ``2018-03`` and of the next one, in UTC.

    ``InvalidMonth`` if it is none.
    """
    if not _MONTH.fullmatch(month):
        raise InvalidMonth(f"{month[:20]!r} is not a month such as 2018-03.")
    year, number = int(month[:4]), int(month[5:])
    first = datetime(year, number, 1, tzinfo=UTC)
    return first, first.replace(year=year + number // 12, month=number % 12 + 1)


def first_difference(leaves: bytes, found: Sequence[LegDigest]) -> str | None:
    """The first leg, by position, that is not as its seal remembers it, as a sentence.

    ``leaves`` are 32 bytes a leg: position, transfer, the first 8 bytes of its digest. None if all
    agree, so that it is the seal that was changed.
    """
    sealed = {leaf.position: leaf for leaf in _leaves(leaves)}
    present = {leg.position: leg for leg in found}
    for position in sorted(sealed.keys() | present.keys()):
        before, now = sealed.get(position), present.get(position)
        if before is None and now is not None:
            return f"transfer {now.transfer_id} (position {position}) was inserted"
        if before is not None and now is None:
            return f"transfer {before.transfer_id} (position {position}) was removed"
        if before is not None and before != now:
            return f"transfer {before.transfer_id} (position {position}) was altered"
    return None


def _leaves(leaves: bytes) -> Iterator[LegDigest]:
    for start in range(0, len(leaves) - len(leaves) % _LEAF_BYTES, _LEAF_BYTES):
        leaf = leaves[start : start + _LEAF_BYTES]
        yield LegDigest(
            int.from_bytes(leaf[:8], signed=True), UUID(bytes=leaf[8:24]), leaf[24:]
        )  # fmt: skip


def seal_genesis(marketplace_id: UUID) -> bytes:
    """What a marketplace's chain of seals begins with."""
    return hashlib.sha256(marketplace_id.bytes).digest()


def seal_hash(previous: bytes, batch: int, last_position: int, legs: int, root: bytes) -> bytes:
    """The hash of a seal, as ``ledger.seal_hash`` computes it in the database."""
    numbers = b"".join(
        number.to_bytes(size, signed=True)
        for number, size in ((batch, 8), (last_position, 8), (legs, 4))
    )
    return hashlib.sha256(previous + numbers + root).digest()


def trial_balance_csv(trials: Iterable[TrialBalance]) -> str:
    """A trial balance as CSV: a line an account or head, amounts as decimal numbers."""
    rows = [("currency", "path", "accounts", "debit", "credit")]
    for trial in trials:
        for line in trial.lines:
            sums = (str(line.debits.decimal), str(line.credits.decimal))
            rows.append((line.currency, line.head, str(line.accounts), *sums))
    return _csv(rows)


def statement_csv(entries: Iterable[Entry], opening: Money) -> str:
    """A statement as CSV: the opening balance, then a line an entry with the balance after it."""
    rows = [
        ("effective_at", "recorded_at", "transfer", "code", "about", "description",
         "other_account", "amount", "balance", "currency"),
        ("", "", "", "opening", "", "", "", "", str(opening.decimal), opening.currency.code),
    ]  # fmt: skip
    rows += [
        (
            entry.effective_at.isoformat(), entry.recorded_at.isoformat(),
            TRANSFER.text(entry.transfer_id), entry.code, entry.subject, entry.description,
            entry.other_path, str(entry.moved.decimal), str(entry.balance.decimal), entry.currency,
        )
        for entry in entries
    ]  # fmt: skip
    return _csv(rows)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    """RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return file.getvalue()


def _plain(cell: str) -> str:
    is_formula = cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell


def account_uuid(marketplace_id: UUID, account_id: int) -> UUID:
    """The id of an account at the edge: half of the marketplace's id, then its number.

    Numbers keep the ledger's keys short; the half in front makes an id of another marketplace
    unknown here, and is why nothing needs to be stored or looked up for it.
    """
    return UUID(int=marketplace_id.int >> 64 << 64 | account_id)


def account_number(marketplace_id: UUID, account: UUID) -> int | None:
    """The number behind an account's id; None if the id is of another marketplace."""
    number = account.int & (1 << 64) - 1
    is_ours = account.int >> 64 == marketplace_id.int >> 64 and number >> _NUMBER_BITS == 0
    return number if is_ours else None


def is_posted(outcomes: Sequence[Outcome | Rejection]) -> bool:
    """Whether every transfer stands in the ledger."""
    return all(isinstance(outcome, Outcome) for outcome in outcomes)
