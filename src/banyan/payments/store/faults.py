"""SQL of the sandbox's fault schedule."""

from uuid import UUID

from banyan.payments.model import SandboxFault
from banyan.runtime import Transaction


async def insert_fault(tx: Transaction, fault: SandboxFault) -> None:
    await tx.execute(
        """
        insert into payments.sandbox_faults
          (marketplace_id, fault_id, provider, starts_at, ends_at, operations, kind, share_bp)
        values
          (%(marketplace_id)s, %(fault_id)s, %(provider)s, %(starts_at)s, %(ends_at)s,
           %(operations)s, %(kind)s, %(share_bp)s)
        """,
        fault_id=fault.fault_id,
        provider=fault.provider,
        starts_at=fault.starts_at,
        ends_at=fault.ends_at,
        operations=fault.operations,
        kind=fault.kind,
        share_bp=fault.share_bp,
    )


async def select_faults(tx: Transaction) -> list[SandboxFault]:
    return await tx.all(
        SandboxFault,
        """
        select *
        from payments.sandbox_faults
        where marketplace_id = %(marketplace_id)s and ends_at > %(now)s
        order by starts_at, fault_id
        """,
        now=tx.now,
    )


async def delete_fault(tx: Transaction, fault_id: UUID) -> SandboxFault | None:
    return await tx.one(
        SandboxFault,
        """
        delete from payments.sandbox_faults
        where marketplace_id = %(marketplace_id)s and fault_id = %(fault_id)s
        returning *
        """,
        fault_id=fault_id,
    )
