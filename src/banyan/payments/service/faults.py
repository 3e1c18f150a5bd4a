"""The sandbox's fault schedule."""

from datetime import datetime
from uuid import UUID

from banyan.kernel import Fault, new_id
from banyan.payments.errors import FaultNotFound, InvalidFault
from banyan.payments.model import FAULT, FaultKind, SandboxFault
from banyan.payments.store import faults as store
from banyan.runtime import Transaction


async def schedule_fault(
    tx: Transaction,
    *,
    provider: str,
    kind: FaultKind,
    starts_at: datetime,
    ends_at: datetime,
    share_bp: int,
    operations: list[str] | None,
) -> SandboxFault:
    """Let a sandbox fail from ``starts_at`` until ``ends_at``. ``InvalidFault`` in a live marketplace."""
    if tx.livemode:
        raise InvalidFault("Only the sandbox provider of a sandbox marketplace fails on request.")
    if starts_at >= ends_at:
        detail = "It has to end after it starts."
        raise InvalidFault(detail, faults=(Fault("invalid_range", detail, "/ends_at"),))
    fault = SandboxFault(
        marketplace_id=tx.marketplace_id,
        fault_id=new_id(tx.now),
        provider=provider,
        starts_at=starts_at,
        ends_at=ends_at,
        operations=operations,
        kind=kind,
        share_bp=share_bp,
    )
    await store.insert_fault(tx, fault)
    return fault


async def list_faults(tx: Transaction) -> list[SandboxFault]:
    """Those that have not ended, by when they start."""
    return await store.select_faults(tx)


async def cancel_fault(tx: Transaction, fault_id: UUID) -> SandboxFault:
    """End a fault now, or before it starts; ``FaultNotFound``."""
    cancelled = await store.delete_fault(tx, fault_id)
    if cancelled is None:
        raise FaultNotFound(f"There is no fault {FAULT.text(fault_id)}.")
    return cancelled
