"""The ledger: accounts, entries, transfers, and the proof that they balance."""

import asyncio
from datetime import timedelta

from banyan.console.errors import PageNotFound
from banyan.console.links import subject_href
from banyan.console.look import amount, took, words
from banyan.console.views.frame import Crumb, Fact, Pages
from banyan.console.views.ledger import (
    AccountLine,
    AccountView,
    EntryLine,
    LedgerView,
    LegLine,
    Proof,
    TransferLine,
    TransfersView,
    TransferView,
    TrialLine,
    TrialTotal,
)
from banyan.console.views.sellers import Balance
from banyan.console.visit import Shown, Visit
from banyan.kernel import LIMIT_DEFAULT, Money
from banyan.ledger import (
    TRANSFER,
    AccountState,
    Entry,
    RecordedLeg,
    RecordedTransfer,
    TrialBalance,
    account_uuid,
    accounts_at,
    balances,
    entries,
    get_transfer,
    list_accounts,
    list_transfers,
    trial_balance,
    verify,
)
from banyan.parties import SELLER, Seller

_PROVED_UNASKED_MAX = 200_000
_PARTS_OF_SELLER = (
    ("pending", "Pending", "until the buyer's protection ends"),
    ("available", "Available", "goes out with the next payout"),
    ("held", "Delayed", "becomes available by the seller's terms"),
    ("reserve", "Reserve", "kept against refunds"),
)


async def show_ledger(visit: Visit) -> Shown:
    """Trial balance and accounts; the entries are added up at once if they are not too many."""
    prefix = visit.query.get("prefix", "").strip()[:120]
    cursor = visit.query.get("cursor")
    totals = await trial_balance(visit.tx)
    page = await list_accounts(visit.tx, prefix=prefix, limit=LIMIT_DEFAULT, cursor=cursor)
    view = LedgerView(
        prefix=prefix,
        prefixes=tuple(sorted({line.head for total in totals for line in total.lines})),
        totals=tuple(trial_total(visit, total) for total in totals),
        proof=await _proof(visit) if await _is_proof_wanted(visit) else None,
        proof_href=visit.again(proof="yes"),
        accounts=tuple(_account_line(visit, account) for account in page.data),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=page.next_cursor) if page.next_cursor else "",
        ),
        read_at=visit.tx.now,
    )
    return Shown("ledger/ledger.html", "Ledger", "ledger", view)


async def show_account(visit: Visit) -> Shown:
    account = await account_at(visit)
    before = visit.query.get("cursor")
    account_id = account_uuid(visit.tx.marketplace_id, account.account_id)
    page = await entries(visit.tx, account_id, limit=LIMIT_DEFAULT, cursor=before)
    balance = account.balance
    facts = [
        Fact("Normal side", account.normal),
        Fact("Available", amount(by_side(account, balance.available))),
        Fact("Held to go out", amount(balance.pending_out)),
        Fact("Held to come in", amount(balance.pending_in)),
        Fact("Entries", f"{account.version:,}"),
        Fact("Opened", f"{account.opened_at:%d %b %Y, %H:%M}"),
    ]
    if account.floor_minor is not None:
        floor = Money.of(account.floor_minor, account.currency)
        facts.insert(1, Fact("May not go below", amount(floor)))
    view = AccountView(
        path=account.path,
        currency=account.currency,
        balance=by_side(account, balance.posted),
        facts=tuple(facts),
        statement_href=account_href(visit, account.path, account.currency) + "/statement",
        entries=tuple(entry_line(visit, account, entry) for entry in page.data),
        pages=Pages(
            first_href=visit.again(cursor=None) if before else "",
            next_href=visit.again(cursor=page.next_cursor) if page.next_cursor else "",
        ),
    )
    crumbs = (Crumb("Ledger", visit.href("ledger")), Crumb(account.path))
    return Shown("ledger/account.html", account.path, "ledger", view, crumbs)


async def show_transfer(visit: Visit) -> Shown:
    transfer = await get_transfer(visit.tx, TRANSFER.parse(visit.path("transfer_id")))
    title = _title(transfer)
    view = TransferView(
        transfer_id=TRANSFER.text(transfer.id),
        description=title,
        subject=transfer.subject,
        subject_href=subject_href(visit.base, transfer.subject),
        effective_at=transfer.effective_at,
        recorded_at=transfer.recorded_at,
        legs=tuple(_leg_line(visit, leg) for leg in transfer.legs),
        metadata=tuple(Fact(words(name), value) for name, value in transfer.metadata.items()),
    )
    crumbs = (Crumb("Ledger", visit.href("ledger")), Crumb(view.transfer_id))
    return Shown("ledger/transfer.html", title, "ledger", view, crumbs)


async def show_transfers(visit: Visit) -> Shown:
    """Transfers, the newest first; ``subject`` narrows them to one order or payout."""
    subject = visit.query.get("subject", "").strip()[:80]
    cursor = visit.query.get("cursor")
    page = await list_transfers(
        visit.tx, subject=subject or None, limit=LIMIT_DEFAULT, cursor=cursor
    )
    view = TransfersView(
        subject=subject,
        subject_href=subject_href(visit.base, subject),
        transfers=tuple(_transfer_line(visit, transfer) for transfer in page.data),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=page.next_cursor) if page.next_cursor else "",
        ),
    )
    crumbs = (Crumb("Ledger", visit.href("ledger")), Crumb("Transfers"))
    return Shown("ledger/transfers.html", "Transfers", "ledger", view, crumbs)


async def balances_of_seller(visit: Visit, seller: Seller) -> tuple[Balance, ...]:
    """What the marketplace owes a seller, by when it will be theirs."""
    root = f"seller:{SELLER.text(seller.seller_id)}"
    paths = [f"{root}:{part}" for part, _, _ in _PARTS_OF_SELLER]
    known = {
        (balance.path, balance.currency): balance.posted
        for balance in await balances(visit.tx, paths)
    }
    currencies = sorted({currency for _, currency in known} | {seller.currency})
    return tuple(
        Balance(
            label if len(currencies) == 1 else f"{label}, {currency}",
            known.get((f"{root}:{part}", currency), Money.zero(currency)),
            note,
            account_href(visit, f"{root}:{part}", currency)
            if (f"{root}:{part}", currency) in known
            else visit.href("ledger", prefix=root),
        )
        for currency in currencies
        for part, label, note in _PARTS_OF_SELLER
    )


def account_href(visit: Visit, path: str, currency: str) -> str:
    return visit.href(f"ledger/accounts/{path}/{currency}")


async def account_at(visit: Visit) -> AccountState:
    path, currency = visit.path("path"), visit.path("currency")
    found = [one for one in await accounts_at(visit.tx, [path]) if one.currency == currency]
    if not found:
        raise PageNotFound(f"There is no account {path[:120]} in {currency[:3]}.")
    return found[0]


async def _is_proof_wanted(visit: Visit) -> bool:
    """Whether it was asked for, or is cheap: positions count the legs of all marketplaces."""
    if visit.query.get("proof"):
        return True
    last = (await list_transfers(visit.tx, limit=1)).data
    return bool(last) and last[0].position <= _PROVED_UNASKED_MAX


async def _proof(visit: Visit) -> Proof:
    """Add up the entries; on a large ledger this takes a while."""
    clock = asyncio.get_running_loop().time
    started_s = clock()
    report = await verify(visit.tx)
    return Proof(
        is_sound=report.is_sound,
        accounts=report.accounts,
        transfers=report.transfers,
        legs=report.legs,
        took=took(timedelta(seconds=clock() - started_s)),
        findings=tuple(Fact(words(found.check), found.detail) for found in report.findings),
    )


def trial_total(visit: Visit, total: TrialBalance) -> TrialTotal:
    return TrialTotal(
        currency=total.currency,
        debits=total.debits,
        credits=total.credits,
        is_balanced=total.is_balanced,
        lines=tuple(
            TrialLine(
                line.head,
                visit.href("ledger", prefix=line.head),
                line.accounts,
                line.debits,
                line.credits,
            )
            for line in total.lines
        ),
    )


def by_side(account: AccountState, value: Money) -> Money:
    """A balance as accountants write it: above zero on the account's normal side."""
    return -value if account.normal == "debit" else value


def _account_line(visit: Visit, account: AccountState) -> AccountLine:
    return AccountLine(
        path=account.path,
        href=account_href(visit, account.path, account.currency),
        currency=account.currency,
        balance=by_side(account, Money.of(account.posted_minor, account.currency)),
        held=Money.of(account.pending_out_minor, account.currency),
        normal=account.normal,
    )


def entry_line(visit: Visit, account: AccountState, entry: Entry) -> EntryLine:
    transfer = TRANSFER.text(entry.transfer_id)
    moved = entry.amount if entry.side == "credit" else -entry.amount
    note = "" if entry.kind in ("posted", "post") else f" ({entry.kind})"
    return EntryLine(
        at=entry.effective_at,
        code=f"{entry.code}{note}",
        transfer=transfer,
        transfer_href=visit.href(f"ledger/transfers/{transfer}"),
        subject=entry.subject,
        subject_href=subject_href(visit.base, entry.subject),
        other=entry.other_path,
        other_href=account_href(visit, entry.other_path, entry.currency),
        amount=by_side(account, moved),
        balance=by_side(account, entry.balance),
    )


def _title(transfer: RecordedTransfer) -> str:
    codes = dict.fromkeys(words(leg.code) for leg in transfer.legs)
    return transfer.description or ", ".join(codes)


def _transfer_line(visit: Visit, transfer: RecordedTransfer) -> TransferLine:
    text = TRANSFER.text(transfer.id)
    return TransferLine(
        transfer_id=text,
        href=visit.href(f"ledger/transfers/{text}"),
        title=_title(transfer),
        kinds=", ".join(dict.fromkeys(leg.kind for leg in transfer.legs)),
        legs=len(transfer.legs),
        subject=transfer.subject,
        subject_href=subject_href(visit.base, transfer.subject),
        first=transfer.legs[0].amount,
        at=transfer.effective_at,
    )


def _leg_line(visit: Visit, leg: RecordedLeg) -> LegLine:
    return LegLine(
        nth=leg.leg,
        kind=f"{leg.kind}, open" if leg.is_open else leg.kind,
        code=leg.code,
        debit=leg.debit_path,
        debit_href=account_href(visit, leg.debit_path, leg.currency),
        credit=leg.credit_path,
        credit_href=account_href(visit, leg.credit_path, leg.currency),
        amount=leg.amount,
    )
