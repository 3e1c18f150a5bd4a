"""What writes: posting, opening and closing accounts.

A batch goes to PostgreSQL as arrays, one a column. They are written as text here, which costs a
third of what the driver's general way of writing lists does.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from banyan.ledger.model import Account, AccountState, Transfer
from banyan.runtime import Database, Transaction

Accounts = Mapping[tuple[str, str], Account]
"""Accounts by path and currency."""

Places = Mapping[tuple[str, str], int]
"""Accounts by path and currency: their places in a call, from 1."""


_POST: LiteralString = """
    select ledger.post(
      %(marketplace_id)s, %(now)s, %(paths)s::text[], %(currencies)s::text[], %(normals)s::text[],
      %(floors)s::bigint[], %(ceilings)s::bigint[],
      %(transfer_ids)s::uuid[], %(subjects)s::text[], %(may_break_limits)s::boolean[],
      %(effective_at)s::timestamptz[], %(descriptions)s::text[], %(metadata)s::jsonb[],
      %(places)s::int[], %(legs)s::smallint[], %(kinds)s::text[], %(debits)s::int[],
      %(credits)s::int[], %(amounts)s::bigint[], %(codes)s::text[], %(pending_ids)s::uuid[],
      %(pending_legs)s::smallint[], %(expires_at)s::timestamptz[])
    """


async def post(tx: Transaction, accounts: Accounts, transfers: Sequence[Transfer]) -> list[str]:
    """Posts a run of transfers that touches some of ``accounts``; an outcome for each, as text."""
    return await tx.value(_POST, now=tx.now, **_columns(accounts, transfers))


async def post_alone(
    database: Database, marketplace_id: UUID, accounts: Accounts, transfers: Sequence[Transfer]
) -> list[str]:
    """The same as a transaction of its own, in one round trip; for live marketplaces."""
    rows = await database.alone(marketplace_id, _POST, **_columns(accounts, transfers))
    return rows[0][0]


def _columns(accounts: Accounts, transfers: Sequence[Transfer]) -> dict[str, str | None]:
    places = {key: place for place, key in enumerate(accounts, start=1)}
    return {
        **_account_columns(accounts.values()),
        **_transfer_columns(transfers),
        **_leg_columns(places, transfers),
    }


def _account_columns(accounts: Iterable[Account]) -> dict[str, str]:
    every = list(accounts)
    return {
        "paths": _texts(account.path for account in every),
        "currencies": _texts(account.currency for account in every),
        "normals": _texts(account.normal for account in every),
        "floors": _numbers(account.floor for account in every),
        "ceilings": _numbers(account.ceiling for account in every),
    }


def _transfer_columns(transfers: Sequence[Transfer]) -> dict[str, str | None]:
    return {
        "transfer_ids": _plain(transfer.id.hex for transfer in transfers),
        "subjects": _texts(transfer.subject for transfer in transfers),
        "may_break_limits": _plain("t" if each.may_break_limits else "f" for each in transfers),
        "effective_at": _instants([transfer.effective_at for transfer in transfers]),
        "descriptions": _optional_texts([transfer.description for transfer in transfers]),
        "metadata": _optional_texts(
            [
                msgspec.json.encode(each.metadata).decode() if each.metadata else ""
                for each in transfers
            ]
        ),
    }


def _leg_columns(places: Places, transfers: Sequence[Transfer]) -> dict[str, str | None]:
    legs = [leg for transfer in transfers for leg in transfer.legs]
    pending = [leg.pending for leg in legs]
    has_pending = any(pending)
    return {
        "places": _numbers(
            place for place, transfer in enumerate(transfers, start=1) for _ in transfer.legs
        ),
        "legs": _numbers(number for transfer in transfers for number in range(len(transfer.legs))),
        "kinds": _plain(leg.kind for leg in legs),
        "debits": _numbers(places[leg.debit.path, leg.debit.currency] for leg in legs),
        "credits": _numbers(places[leg.credit.path, leg.credit.currency] for leg in legs),
        "amounts": _numbers(leg.amount.minor for leg in legs),
        "codes": _texts(leg.code for leg in legs),
        "pending_ids": _plain(ref.transfer_id.hex if ref else "null" for ref in pending)
        if has_pending
        else None,
        "pending_legs": _numbers(ref.leg if ref else None for ref in pending)
        if has_pending
        else None,
        "expires_at": _instants([leg.expires_at for leg in legs]),
    }


def _plain(values: Iterable[str]) -> str:
    """An array of texts that need no quotes."""
    return f"{{{','.join(values)}}}"


def _numbers(values: Iterable[int | None]) -> str:
    return _plain("null" if value is None else str(value) for value in values)


def _texts(values: Iterable[str]) -> str:
    return _plain(_quoted(value) for value in values)


def _optional_texts(values: Sequence[str]) -> str | None:
    """An array in which empty texts are null; null itself if all are."""
    if not any(values):
        return None
    return _plain(_quoted(value) if value else "null" for value in values)


def _instants(values: Sequence[datetime | None]) -> str | None:
    if not any(values):
        return None
    return _plain("null" if value is None else f'"{value.isoformat()}"' for value in values)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


async def open_account(tx: Transaction, account: Account) -> None:
    """Opens the account unless one of its path and currency is open."""
    await tx.execute(
        """
        insert into ledger.accounts
          (marketplace_id, path, currency, normal, floor_minor, ceiling_minor, opened_at, recorded_at)
        values
          (%(marketplace_id)s, %(path)s, %(currency)s, %(normal)s, %(floor)s, %(ceiling)s, %(now)s, %(now)s)
        on conflict (marketplace_id, path, currency) do nothing
        """,
        path=account.path,
        currency=account.currency,
        normal=account.normal,
        floor=account.floor,
        ceiling=account.ceiling,
        now=tx.now,
    )


async def close_account(tx: Transaction, account_id: int) -> AccountState | None:
    """Closes an account on which nothing stands; None if something does, or it isn't there."""
    return await tx.one(
        AccountState,
        """
        update ledger.accounts
        set is_closed = true
        where marketplace_id = %(marketplace_id)s and account_id = %(account_id)s
          and posted_minor = 0 and pending_out_minor = 0 and pending_in_minor = 0
        returning account_id, path, currency, normal, floor_minor, ceiling_minor, is_closed,
          posted_minor, pending_out_minor, pending_in_minor, version, opened_at, recorded_at
        """,
        account_id=account_id,
    )
