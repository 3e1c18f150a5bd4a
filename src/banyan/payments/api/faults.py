"""The sandbox's fault schedule over HTTP: what goes wrong, when, and for how many calls."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.payments import model
from banyan.payments.errors import FaultNotFound, InvalidFault
from banyan.payments.model import FAULT
from banyan.payments.service import faults
from banyan.runtime.http import Call, List, Operation


class ScheduleFault(Struct, kw_only=True, forbid_unknown_fields=True):
    """``share_bp`` of the calls from ``starts_at`` (default: now) until ``ends_at`` go wrong.

    ``operations`` left out: all of them. The same call goes wrong each time that it is made.
    """

    provider: model.ProviderName = "sandbox"
    kind: model.FaultKind
    starts_at: datetime | None = None
    ends_at: datetime
    share_bp: Annotated[int, Meta(ge=1, le=10_000)] = 10_000
    operations: Annotated[list[model.Operation], Meta(min_length=1, max_length=11)] | None = None


class SandboxFaultView(Struct, kw_only=True):
    id: str
    object: Literal["sandbox_fault"] = "sandbox_fault"
    livemode: bool
    provider: str
    kind: model.FaultKind
    starts_at: datetime
    ends_at: datetime
    share_bp: int
    operations: list[str] | None


def operations() -> list[Operation]:
    return [
        Operation(
            id="scheduleFault",
            method="POST",
            path="/v1/sandbox_faults",
            summary="Let the sandbox provider fail for a while",
            handler=schedule_fault,
            scope="payments:write",
            body=ScheduleFault,
            returns=SandboxFaultView,
            status=201,
            errors=(InvalidFault,),
            needs_idempotency_key=True,
            example={"kind": "outage", "ends_at": "2030-01-01T00:00:00Z", "share_bp": 5000},
        ),
        Operation(
            id="listFaults",
            method="GET",
            path="/v1/sandbox_faults",
            summary="List what goes wrong now or will",
            handler=list_faults,
            scope="payments:read",
            returns=List[SandboxFaultView],
        ),
        Operation(
            id="cancelFault",
            method="POST",
            path="/v1/sandbox_faults/{fault_id}/cancel",
            ids={"fault_id": FAULT},
            summary="Let the sandbox provider work again",
            handler=cancel_fault,
            scope="payments:write",
            returns=SandboxFaultView,
            errors=(FaultNotFound,),
        ),
    ]


async def schedule_fault(call: Call, body: ScheduleFault) -> SandboxFaultView:
    fault = await faults.schedule_fault(
        call.tx,
        provider=body.provider,
        kind=body.kind,
        starts_at=body.starts_at or call.tx.now,
        ends_at=body.ends_at,
        share_bp=body.share_bp,
        operations=None if body.operations is None else list(body.operations),
    )
    return _view(fault, livemode=call.key.livemode)


async def list_faults(call: Call) -> List[SandboxFaultView]:
    return List[SandboxFaultView].whole(
        _view(fault, livemode=call.key.livemode) for fault in await faults.list_faults(call.tx)
    )


async def cancel_fault(call: Call) -> SandboxFaultView:
    fault = await faults.cancel_fault(call.tx, call.path["fault_id"])
    return _view(fault, livemode=call.key.livemode)


def _view(fault: model.SandboxFault, *, livemode: bool) -> SandboxFaultView:
    return SandboxFaultView(
        id=FAULT.text(fault.fault_id),
        livemode=livemode,
        provider=fault.provider,
        kind=fault.kind,
        starts_at=fault.starts_at,
        ends_at=fault.ends_at,
        share_bp=fault.share_bp,
        operations=fault.operations,
    )
