"""SQL of masking keys."""

from uuid import UUID

from banyan.runtime import Transaction


async def find_sealed(tx: Transaction, plan_id: UUID) -> bytes | None:
    return await tx.value(
        """
        select sealed
        from comparison.masking_keys
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        """,
        plan_id=plan_id,
    )


async def insert_sealed(tx: Transaction, plan_id: UUID, sealed: bytes) -> None:
    """Unless another one was quicker."""
    await tx.execute(
        """
        insert into comparison.masking_keys (marketplace_id, plan_id, sealed, made_at)
        values (%(marketplace_id)s, %(plan_id)s, %(sealed)s, %(now)s)
        on conflict (marketplace_id, plan_id) do nothing
        """,
        plan_id=plan_id,
        sealed=sealed,
        now=tx.now,
    )
