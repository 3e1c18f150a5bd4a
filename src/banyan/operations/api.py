"""HTTP operations on cases."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from banyan.operations import service
from banyan.operations.errors import CaseClosed, CaseNotFound, ResolutionNotAllowed
from banyan.operations.model import CASE, Case
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation


class CaseView(Struct, kw_only=True):
    """A question that a person has to answer, and the answer once it is there."""

    id: str
    object: Literal["case"] = "case"
    livemode: bool
    state: Literal["open", "resolved", "withdrawn"]
    queue: str
    kind: str
    subject: str
    title: str
    reason: str
    evidence: dict[str, Any]
    at_risk: Amount | None
    owner: str | None
    opened_at: datetime
    due_at: datetime
    resolutions: list[str]
    resolution: str | None
    note: str | None
    resolved_by: str | None
    closed_at: datetime | None


class ListCases(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: Literal["open", "closed"] = "open"
    queue: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    owner: Annotated[str, Meta(min_length=1, max_length=120)] | None = None


class ResolveCase(Struct, kw_only=True, forbid_unknown_fields=True):
    resolution: Annotated[str, Meta(min_length=1, max_length=40)]
    note: Annotated[str, Meta(max_length=2000)] = ""


class AssignCase(Struct, kw_only=True, forbid_unknown_fields=True):
    owner: Annotated[str, Meta(min_length=1, max_length=120)] | None


def operations() -> list[Operation]:
    return [
        Operation(
            id="listCases",
            method="GET",
            path="/v1/cases",
            summary="List cases: open ones by deadline, closed ones the latest first",
            handler=list_cases,
            scope="cases:read",
            query=ListCases,
            returns=List[CaseView],
        ),
        Operation(
            id="getCase",
            method="GET",
            path="/v1/cases/{case_id}",
            ids={"case_id": CASE},
            summary="Fetch a case",
            handler=get_case,
            scope="cases:read",
            returns=CaseView,
            errors=(CaseNotFound,),
        ),
        Operation(
            id="resolveCase",
            method="POST",
            path="/v1/cases/{case_id}/resolve",
            ids={"case_id": CASE},
            summary="Resolve a case with one of its resolutions; what waited for it goes on",
            handler=resolve_case,
            scope="cases:write",
            body=ResolveCase,
            returns=CaseView,
            errors=(CaseNotFound, CaseClosed, ResolutionNotAllowed),
            example={"resolution": "approve", "note": "Known buyer, called back."},
        ),
        Operation(
            id="assignCase",
            method="POST",
            path="/v1/cases/{case_id}/assign",
            ids={"case_id": CASE},
            summary="Give a case to somebody, or back to its queue",
            handler=assign_case,
            scope="cases:write",
            body=AssignCase,
            returns=CaseView,
            errors=(CaseNotFound, CaseClosed),
            example={"owner": "ana@example.com"},
        ),
    ]


async def list_cases(call: Call[ListCases]) -> List[CaseView]:
    query = call.query
    page = await service.list_cases(
        call.tx,
        is_open=query.state == "open",
        queue=query.queue,
        owner=query.owner,
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[CaseView].of(page, lambda case: _view(call, case))


async def get_case(call: Call) -> CaseView:
    return _view(call, await service.get_case(call.tx, call.path["case_id"]))


async def resolve_case(call: Call, body: ResolveCase) -> CaseView:
    case = await service.resolve_case(
        call.tx,
        call.path["case_id"],
        body.resolution,
        note=body.note,
        actor=call.tx.cause.actor,
    )
    return _view(call, case)


async def assign_case(call: Call, body: AssignCase) -> CaseView:
    return _view(call, await service.assign_case(call.tx, call.path["case_id"], body.owner))


def _view(call: Call, case: Case) -> CaseView:
    return CaseView(
        id=CASE.text(case.case_id),
        livemode=call.key.livemode,
        state=case.state,
        queue=case.queue,
        kind=case.kind,
        subject=case.subject,
        title=case.title,
        reason=case.reason,
        evidence=case.evidence,
        at_risk=Amount.of(case.at_risk) if case.at_risk else None,
        owner=case.owner,
        opened_at=case.opened_at,
        due_at=case.due_at,
        resolutions=case.resolutions,
        resolution=case.resolution,
        note=case.note,
        resolved_by=case.resolved_by,
        closed_at=case.closed_at,
    )
