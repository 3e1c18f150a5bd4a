"""HTTP: the proof that the ledger is sound."""

from typing import Literal

from msgspec import Struct

from banyan.ledger import service
from banyan.ledger.api.periods import LedgerSealView, seal_view
from banyan.runtime.http import Call, Operation


class FindingView(Struct, kw_only=True):
    check: str
    detail: str


class VerificationView(Struct, kw_only=True):
    """Every invariant, computed again from the entries; ``findings`` lists what is broken.

    ``sealed_through`` is the last seal; what was recorded after it isn't sealed yet.
    """

    object: Literal["ledger_verification"] = "ledger_verification"
    livemode: bool
    is_balanced: bool
    accounts: int
    transfers: int
    legs: int
    findings: list[FindingView]
    sealed_through: LedgerSealView | None


def operations() -> list[Operation]:
    return [
        Operation(
            id="verifyLedger",
            method="GET",
            path="/v1/ledger/verification",
            summary="Prove the ledger from its entries; reads all of it, so ask seldom",
            handler=verify_ledger,
            scope="ledger:read",
            returns=VerificationView,
        )
    ]


async def verify_ledger(call: Call) -> VerificationView:
    report = await service.verify(call.tx)
    return VerificationView(
        livemode=call.key.livemode,
        is_balanced=report.is_sound,
        accounts=report.accounts,
        transfers=report.transfers,
        legs=report.legs,
        findings=[FindingView(check=one.check, detail=one.detail) for one in report.findings],
        sealed_through=None if report.head is None else seal_view(call, report.head),
    )
