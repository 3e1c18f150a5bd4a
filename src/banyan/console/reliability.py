"""How well payments work: approvals by provider and method, open questions, money on its way."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from banyan.console.look import Pill, Tone, took, words
from banyan.console.views.frame import Choice, Crumb
from banyan.console.views.reliability import (
    ApprovalLine,
    ProviderLine,
    QuestionLine,
    ReliabilityView,
    TransitLine,
)
from banyan.console.visit import Shown, Visit
from banyan.kernel import Money
from banyan.payments import (
    Age,
    Approvals,
    InTransit,
    OpenQuestions,
    Transit,
    circuits,
    reliability,
)

_DAYS = (1, 7, 30, 365)
_CIRCUITS = {
    "closed": Pill("Answers", Tone.GO),
    "probing": Pill("Being tried", Tone.WAIT),
    "open": Pill("Spared", Tone.LOST),
}
_TRANSIT: dict[Transit, tuple[str, str]] = {
    "authorization": ("Asked of providers", "payments?state=authorizing"),
    "awaiting_buyer": ("Waiting for buyers", "payments?state=awaiting_payment"),
    "capture": ("Authorized, not taken yet", "payments?state=authorized"),
    "refund": ("On its way back to buyers", "payments?state=captured"),
    "payout": ("On its way to sellers", "payouts?state=pending"),
    "dispute": ("Held by buyers' banks", "disputes?state=open"),
}


async def show_reliability(visit: Visit) -> Shown:
    days = next((n for n in _DAYS if str(n) == visit.query.get("days")), 30)
    figures = await reliability(visit.tx, visit.tx.now - timedelta(days=days))
    states = await circuits(visit.tx)
    view = ReliabilityView(
        is_well=not figures.open_questions and set(states.values()) <= {"closed"},
        sentence=_sentence(figures.open_questions, states),
        periods=tuple(
            Choice(str(n), f"{n} days" if n > 1 else "1 day", visit.again(days=str(n)), n == days)
            for n in _DAYS
        ),
        providers=_providers(figures.approvals, states),
        approvals=tuple(_approval(one) for one in figures.approvals),
        questions=tuple(
            QuestionLine(one.provider, words(one.operation), one.count, one.amount, one.oldest_at)
            for one in figures.open_questions
        ),
        transit=_transit(visit, figures.in_transit),
    )
    crumbs = (Crumb("Payments", visit.href("payments")), Crumb("Status"))
    return Shown("payments/status.html", "Payments status", "payments", view, crumbs)


def _sentence(questions: Sequence[OpenQuestions], states: Mapping[str, str]) -> str:
    spared = sorted(name for name, state in states.items() if state != "closed")
    if spared:
        return f"Not answering, and spared new payments: {', '.join(spared)}."
    if questions:
        count = sum(one.count for one in questions)
        calls = "1 call has" if count == 1 else f"{count:,} calls have"
        return f"{calls} no definite answer yet; none is tried elsewhere before it is known."
    return "Every provider answers, and no outcome is unknown."


def _providers(
    approvals: Sequence[Approvals], states: Mapping[str, str]
) -> tuple[ProviderLine, ...]:
    names = sorted({one.provider for one in approvals} | states.keys())
    return tuple(_provider(name, approvals, states.get(name, "closed")) for name in names)


def _provider(name: str, approvals: Sequence[Approvals], state: str) -> ProviderLine:
    own = [one for one in approvals if one.provider == name]
    approved = sum(one.approved for one in own)
    answered = approved + sum(one.declined + one.unavailable for one in own)
    unavailable = sum(one.unavailable for one in own)
    return ProviderLine(
        name=name,
        circuit=_CIRCUITS[state],
        asked=sum(one.asked for one in own),
        approved_percent=_percent(approved / answered if answered else None),
        note=f"{unavailable:,} could not be asked" if unavailable else "",
    )


def _approval(one: Approvals) -> ApprovalLine:
    return ApprovalLine(
        provider=one.provider,
        method=words(one.method_type),
        asked=one.asked,
        approved=one.approved,
        declined=one.declined,
        unavailable=one.unavailable,
        open=one.open,
        approved_percent=_percent(one.approval_rate),
        typical=_took(one.confirm_p50_s),
        slow=_took(one.confirm_p95_s),
    )


def _transit(visit: Visit, moving: Sequence[InTransit]) -> tuple[TransitLine, ...]:
    groups: dict[tuple[Transit, str], dict[Age, InTransit]] = {}
    for one in moving:
        groups.setdefault((one.what, one.currency), {})[one.age] = one
    lines: list[TransitLine] = []
    for what, (label, path) in _TRANSIT.items():
        for (kind, currency), by_age in sorted(groups.items()):
            if kind == what:
                amounts = {age: one.amount for age, one in by_age.items()}
                lines.append(
                    TransitLine(
                        what=label,
                        href=visit.href(path),
                        total=sum(amounts.values(), Money.zero(currency)),
                        count=sum(one.count for one in by_age.values()),
                        hour=amounts.get("hour"),
                        day=amounts.get("day"),
                        week=amounts.get("week"),
                        older=amounts.get("older"),
                    )
                )
    return tuple(lines)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _took(seconds: float | None) -> str:
    return "" if seconds is None else took(timedelta(seconds=seconds))
