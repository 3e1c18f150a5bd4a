"""Seals: how far they may go, writing the next one, and checking each against its legs."""

from collections.abc import Sequence
from dataclasses import dataclass

from banyan.ledger.model import LegDigest, Seal
from banyan.runtime import Transaction


@dataclass(frozen=True, slots=True)
class Horizon:
    """A position, and whether every posting that may have drawn one up to it has ended."""

    position: int
    is_passed: bool


async def find_horizon(tx: Transaction) -> Horizon | None:
    """The horizon that was staged, if one was."""
    return await tx.one(
        Horizon,
        """
        select position, not in_flight && ledger.in_flight(%(marketplace_id)s) as is_passed
        from ledger.seal_horizons
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def last_drawn_position(tx: Transaction) -> int:
    """The last position drawn, of all marketplaces, whether or not it will be committed."""
    return await tx.value("select coalesce(pg_sequence_last_value('ledger.positions'), 0)")


async def stage_horizon(tx: Transaction, position: int) -> Horizon:
    """Wait from now on for the postings that are under way; ``position`` was read before."""
    staged = await tx.one(
        Horizon,
        """
        insert into ledger.seal_horizons (marketplace_id, position, in_flight)
        values (%(marketplace_id)s, %(position)s, ledger.in_flight(%(marketplace_id)s))
        on conflict (marketplace_id)
        do update set position = excluded.position, in_flight = excluded.in_flight
        returning position, in_flight = '{}' as is_passed
        """,
        position=position,
    )
    assert staged is not None
    return staged


async def seal_next(tx: Transaction, through: int, legs_max: int) -> int:
    """Seals the next batch behind the horizon ``through``; how many legs it has."""
    return await tx.value(
        "select ledger.seal_next(%(marketplace_id)s, %(now)s, %(through)s, %(legs_max)s)",
        now=tx.now,
        through=through,
        legs_max=legs_max,
    )


async def has_unsealed(tx: Transaction) -> bool:
    return await tx.value(
        """
        select coalesce(
          (select max(position) from ledger.transfers where marketplace_id = %(marketplace_id)s)
          > coalesce(
            (select max(last_position) from ledger.seals where marketplace_id = %(marketplace_id)s), 0),
          false)
        """
    )


async def find_seal(tx: Transaction, batch: int | None) -> Seal | None:
    """The seal of a batch, or the last one."""
    return await tx.one(
        Seal,
        """
        select batch, last_position, legs, hash, sealed_at
        from ledger.seals
        where marketplace_id = %(marketplace_id)s
          and (%(batch)s::bigint is null or batch = %(batch)s)
        order by batch desc
        limit 1
        """,
        batch=batch,
    )


async def list_seals(tx: Transaction, before_batch: int, limit: int) -> list[Seal]:
    """Seals of batches below ``before_batch``, newest first."""
    return await tx.all(
        Seal,
        """
        select batch, last_position, legs, hash, sealed_at
        from ledger.seals
        where marketplace_id = %(marketplace_id)s and batch < %(before)s
        order by batch desc
        limit %(limit)s
        """,
        before=before_batch,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class CheckedSeal:
    """A seal held against the one before and against its legs, which lie behind ``after``."""

    batch: int
    legs: int
    after: int
    last_position: int
    follows: bool
    """Its number is the next one."""
    is_chained: bool
    """Its hash is that of the one before and its own parts."""
    is_whole: bool
    """Its root is that of the legs that are there."""
    has_its_leaves: bool


async def check_seals(tx: Transaction, after_batch: int, limit: int) -> list[CheckedSeal]:
    """The next seals behind a batch, computed again from the legs."""
    return await tx.all(
        CheckedSeal,
        """
        select s.batch, s.legs, s.after, s.last_position, s.follows,
          s.hash = ledger.seal_hash(s.previous, s.batch, s.last_position, s.legs, s.root) as is_chained,
          s.root is not distinct from l.root as is_whole,
          s.leaves is not distinct from l.leaves as has_its_leaves
        from (
          select batch, last_position, legs, root, leaves, hash,
            coalesce(lag(batch) over w, 0) + 1 = batch as follows,
            coalesce(lag(hash) over w, ledger.seal_genesis(%(marketplace_id)s)) as previous,
            coalesce(lag(last_position) over w, -9223372036854775807) as after
          from ledger.seals
          where marketplace_id = %(marketplace_id)s and batch >= %(after_batch)s
          window w as (order by batch)
          order by batch
          limit %(limit)s + 1
        ) s
        cross join lateral (
          select sha256(string_agg(digest, '' order by position)) as root,
            string_agg(
              int8send(position) || uuid_send(transfer_id) || substr(digest, 1, 8), ''
              order by position) as leaves
          from ledger.digests(%(marketplace_id)s, s.after, s.last_position)
        ) l
        where s.batch > %(after_batch)s
        order by s.batch
        """,
        after_batch=after_batch,
        limit=limit,
    )


async def leaves_of(tx: Transaction, batch: int) -> bytes:
    return await tx.value(
        """
        select leaves from ledger.seals
        where marketplace_id = %(marketplace_id)s and batch = %(batch)s
        """,
        batch=batch,
    )


async def digests_between(tx: Transaction, after: int, through: int) -> list[LegDigest]:
    """The legs behind ``after`` up to ``through``, with the start of their digests."""
    return await tx.all(
        LegDigest,
        """
        select position, transfer_id, substr(digest, 1, 8) as digest
        from ledger.digests(%(marketplace_id)s, %(after)s, %(through)s)
        order by position
        """,
        after=after,
        through=through,
    )


@dataclass(frozen=True, slots=True)
class SealParts:
    """A seal with all that its hash is made of."""

    batch: int
    last_position: int
    legs: int
    root: bytes
    hash: bytes


async def seals_between(tx: Transaction, after: int, through: int) -> list[SealParts]:
    """The seals of the legs behind position ``after`` up to ``through``, in order."""
    return await tx.all(
        SealParts,
        """
        select batch, last_position, legs, root, hash
        from ledger.seals
        where marketplace_id = %(marketplace_id)s
          and last_position > %(after)s and last_position <= %(through)s
        order by batch
        """,
        after=after,
        through=through,
    )


async def seal_at(tx: Transaction, position: int) -> SealParts | None:
    """The seal that ends with the leg of this position."""
    return await tx.one(
        SealParts,
        """
        select batch, last_position, legs, root, hash
        from ledger.seals
        where marketplace_id = %(marketplace_id)s and last_position = %(position)s
        """,
        position=position,
    )


async def leg_texts(tx: Transaction, after: int, through: int) -> Sequence[tuple[str]]:
    """The legs behind ``after`` up to ``through`` as they are hashed, in order."""
    return await tx.rows(
        """
        select ledger.leg_text(t, d, c)
        from ledger.transfers t
        left join ledger.accounts d
          on d.marketplace_id = %(marketplace_id)s and d.account_id = t.debit_account_id
        left join ledger.accounts c
          on c.marketplace_id = %(marketplace_id)s and c.account_id = t.credit_account_id
        where t.marketplace_id = %(marketplace_id)s
          and t.position > %(after)s and t.position <= %(through)s
        order by t.position
        """,
        after=after,
        through=through,
    )


async def genesis(tx: Transaction) -> bytes:
    return await tx.value("select ledger.seal_genesis(%(marketplace_id)s)")
