"""Rehearsals: each fault in each phase, what customers noticed, and whether the evidence is whole."""

from collections.abc import Sequence
from uuid import UUID

from banyan.console.errors import PageNotFound
from banyan.console.look import Pill, Tone, day_of
from banyan.console.migration.shared import crumbs, head_of, plan_href, plan_of, plan_subject
from banyan.console.views.frame import Crumb, Fact
from banyan.console.views.migration import (
    RehearsalCell,
    RehearsalLine,
    RehearsalRow,
    RehearsalsView,
    RehearsalView,
)
from banyan.console.visit import Shown, Visit
from banyan.kernel import plural
from banyan.migration import (
    Cell,
    Evidence,
    EvidenceInvalid,
    Plan,
    StoredRehearsal,
    find_evidence,
    list_rehearsals,
    signing_key,
    verify_evidence,
)

_SHOWN_MAX = 50
_PASSED, _FAILED = Pill("Passed", Tone.GO), Pill("Failed", Tone.LOST)


async def show_rehearsals(visit: Visit) -> Shown:
    stored = await plan_of(visit)
    found = await list_rehearsals(visit.tx, stored.plan_id, limit=_SHOWN_MAX)
    view = RehearsalsView(
        head=await head_of(visit, stored, "rehearsals"),
        rehearsals=tuple(_line(visit, stored.plan, one) for one in found),
    )
    return Shown(
        "migration/rehearsals.html",
        "Rehearsals",
        "migration",
        view,
        crumbs(visit, stored.plan, Crumb("Rehearsals")),
        live_subjects=(plan_subject(stored),),
    )


async def show_rehearsal(visit: Visit) -> Shown:
    stored = await plan_of(visit)
    found = await list_rehearsals(visit.tx, stored.plan_id, limit=_SHOWN_MAX)
    wanted = visit.path("rehearsal_id")
    one = next((each for each in found if str(each.rehearsal_id) == wanted), None)
    if one is None:
        raise PageNotFound(f"The plan {stored.name} has no such rehearsal.")
    signed = await find_evidence(visit.tx, stored.plan_id, UUID(wanted))
    evidence, signature, note = await _checked(visit, signed or b"")
    view = RehearsalView(
        head=await head_of(visit, stored, "rehearsals"),
        line=_line(visit, stored.plan, one),
        phases=tuple(evidence.phases) if evidence else (),
        rows=_rows(evidence) if evidence else (),
        facts=_facts(evidence) if evidence else (),
        signature=signature,
        signature_note=note,
    )
    listed = Crumb("Rehearsals", plan_href(visit, stored.name, "rehearsals"))
    return Shown(
        "migration/rehearsal.html",
        "Rehearsal",
        "migration",
        view,
        crumbs(visit, stored.plan, listed, Crumb(day_of(one.ended_at))),
    )


async def _checked(visit: Visit, signed: bytes) -> tuple[Evidence | None, Pill, str]:
    """The evidence, and whether its signature holds: it is looked at anew each time."""
    try:
        evidence, key_id = verify_evidence(signed)
    except EvidenceInvalid as refusal:
        return None, Pill("Signature broken", Tone.LOST), refusal.detail
    if await signing_key(visit.tx, key_id) is None:
        return evidence, Pill("Signed elsewhere", Tone.LOST), f"Signed with the key {key_id}."
    return evidence, Pill("Signature holds", Tone.GO), f"Signed with the key {key_id}."


def _line(visit: Visit, plan: Plan, one: StoredRehearsal) -> RehearsalLine:
    text = str(one.rehearsal_id)
    outcome = (
        "customers noticed nothing, and every way back worked"
        if one.has_passed
        else "not every fault was borne"
    )
    return RehearsalLine(
        rehearsal_id=text,
        href=plan_href(visit, plan.plan, "rehearsals", text),
        state=_PASSED if one.has_passed else _FAILED,
        sentence=f"Version {one.plan_version}: {outcome}.",
        by=one.recorded_by,
        at=one.ended_at,
    )


def _rows(evidence: Evidence) -> tuple[RehearsalRow, ...]:
    return tuple(
        RehearsalRow(
            fault.value,
            tuple(
                _cell([one for one in evidence.cells if (one.fault, one.phase) == (fault, phase)])
                for phase in evidence.phases
            ),
        )
        for fault in evidence.faults
    )


def _cell(cells: Sequence[Cell]) -> RehearsalCell | None:
    """Of all routes, the one that fared worst."""
    if not cells:
        return None
    worst = next((one for one in cells if not one.has_passed), cells[0])
    back = max((one.rolled_back_ms for one in cells if one.rolled_back_ms is not None), default=-1)
    if not worst.has_passed:
        return RehearsalCell(_FAILED, f"{worst.route}: {worst.sentence}")
    seen = sum(one.errors + one.differences for one in cells)
    note = f"back in {back / 1000:.1f} s" if back >= 0 else plural(len(cells), "route")
    return RehearsalCell(Pill("Nothing" if not seen else "Borne", Tone.GO), note)


def _facts(evidence: Evidence) -> tuple[Fact, ...]:
    requests = sum(one.requests for one in evidence.cells)
    passed = sum(one.has_passed for one in evidence.cells)
    facts = [
        Fact("Trials passed", f"{passed:,} of {len(evidence.cells):,}"),
        Fact("Customers", f"{evidence.customers:,}"),
        Fact("Requests", f"{requests:,}"),
        Fact("Errors that customers saw", f"{sum(one.errors for one in evidence.cells):,}"),
        Fact("Plan", f"{evidence.plan}, version {evidence.plan_version}"),
        Fact("Legacy", evidence.legacy),
        Fact("By", evidence.by),
        Fact("Software", evidence.software),
    ]
    facts += [Fact("Changed to rehearse it", sentence) for sentence in evidence.changed]
    facts += [
        Fact(route.route, f"{'passed' if route.has_passed else 'failed'}: {route.sentence}")
        for route in evidence.routes
    ]
    return tuple(facts)
