"""Is the machine well? And what did people do?"""

from banyan.console import store
from banyan.console.links import subject_href
from banyan.console.look import Pill, Tone, took
from banyan.console.markets import by_slug
from banyan.console.views.health import AuditLine, AuditView, HealthView, QueueLine
from banyan.console.views.home import HealthLine
from banyan.console.visit import Shown, Visit
from banyan.operations import case_counts
from banyan.runtime import Backlog, backlog, list_marketplaces

_SLOW_S = 60.0
_AUDIT_ROWS = 100


async def show_health(visit: Visit) -> Shown:
    work = await backlog(visit.tx)
    lines = await health_lines(visit, work)
    worst = [line for line in lines if line.pill.tone in (Tone.WAIT, Tone.LOST)]
    view = HealthView(
        is_well=not worst,
        sentence=worst[0].note.capitalize() if worst else "Everything that is due is being done.",
        lines=lines,
        queues=tuple(
            QueueLine(one.kind, one.due, one.waiting, one.failed, one.last_error or "")
            for one in work
        ),
        read_at=visit.tx.now,
    )
    return Shown("health/health.html", "Health", "health", view)


async def health_lines(visit: Visit, work: list[Backlog]) -> tuple[HealthLine, ...]:
    """The short list that the overview shows too."""
    cases = await case_counts(visit.tx)
    failed = sum(one.failed for one in work)
    return (
        HealthLine("Database", Pill("Answers", Tone.GO), "this page was read from it"),
        _work_line(work),
        HealthLine(
            "Failed work",
            Pill(f"{failed:,} failed", Tone.LOST) if failed else Pill("None", Tone.GO),
            "given up after the last try" if failed else "nothing was given up",
        ),
        HealthLine(
            "Deadlines",
            Pill(f"{cases.overdue:,} overdue", Tone.WAIT)
            if cases.overdue
            else Pill("Kept", Tone.GO),
            f"{cases.open:,} cases open" if cases.open else "no case is open",
        ),
    )


async def show_audit(visit: Visit) -> Shown:
    """The newest actions in every marketplace, and sign-ins."""
    async with visit.console.database.across_marketplaces() as queries:
        entries = await store.select_audit(queries, _AUDIT_ROWS)
        markets = by_slug(await list_marketplaces(queries))
    bases = {market.marketplace_id: f"/console/{slug}" for slug, market in markets.items()}
    lines: list[AuditLine] = []
    for entry in entries:
        base = bases.get(entry.marketplace_id) if entry.marketplace_id else None
        href = subject_href(base, entry.subject) if base else ""
        lines.append(
            AuditLine(entry.at, entry.actor, entry.action, entry.subject, href, entry.note)
        )
    return Shown("health/audit.html", "Audit", "audit", AuditView(tuple(lines)))


def _work_line(work: list[Backlog]) -> HealthLine:
    due = sum(one.due for one in work)
    oldest = max((one.oldest for one in work if one.oldest is not None), default=None)
    if not due or oldest is None:
        return HealthLine("Work", Pill("Idle", Tone.GO), "nothing is due")
    note = f"{due:,} due, the oldest for {took(oldest)}"
    if oldest.total_seconds() > _SLOW_S:
        return HealthLine("Work", Pill("Behind", Tone.WAIT), note)
    return HealthLine("Work", Pill("Moving", Tone.GO), note)
