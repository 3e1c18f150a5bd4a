"""How a window adds to the evidence."""

from msgspec.structs import replace

from banyan.migration.model.bounds import Bounds
from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.rules.judge.betting import BASELINE_MIN, with_bets
from banyan.migration.rules.judge.eprocess import against_rate
from banyan.migration.rules.judge.evidence import (
    BLOCK_US,
    Evidence,
    GroupEvidence,
    Lately,
    Speeds,
    Tally,
)
from banyan.migration.rules.latency import merged

SPAN_US = 5_000_000
"""Over how long the speed of both sides is compared, to see how much it varies."""

OUTAGE_PART = 0.2
OUTAGE_ERRORS_MIN = 5
LATELY_US = 60_000_000
SLOT_US = 5_000_000


def begin(bounds: Bounds, before: Evidence | None = None) -> Evidence:
    """Nothing yet, but for legacy's baseline out of the step ``before``."""
    groups = {} if before is None else {k: _carried(g) for k, g in before.groups.items()}
    return Evidence(divergence_max=bounds.divergence_max, groups=groups)


def gather(evidence: Evidence, window: Window) -> Evidence:
    """The evidence with one more window; windows come in order of time, groups in any."""
    spoils = window.is_ejected or not window.is_whole
    group = evidence.groups.get(window.group, GroupEvidence())
    groups = evidence.groups | {window.group: _grown(group, window, evidence.lately)}
    if spoils:
        groups = {name: _without_favour(member) for name, member in groups.items()}
    divergence = evidence.divergence
    bet = against_rate(window.compared, window.diverged, max(evidence.divergence_max, 1e-6))
    if bet is not None:
        divergence = divergence.after(bet, window.ended_at_us)
    return replace(
        evidence,
        began_at_us=evidence.began_at_us or window.began_at_us,
        ended_at_us=max(evidence.ended_at_us, window.ended_at_us),
        whole_since_us=window.ended_at_us
        if spoils
        else evidence.whole_since_us or window.began_at_us,
        windows=evidence.windows + 1,
        is_whole=window.is_whole,
        is_ejected=window.is_ejected,
        gaps=evidence.gaps + (not window.is_whole),
        ejections=evidence.ejections + (window.is_ejected and not evidence.is_ejected),
        compared=0 if spoils else evidence.compared + window.compared,
        diverged=0 if spoils else evidence.diverged + window.diverged,
        divergence=divergence,
        groups=groups,
        lately=_with_lately(evidence.lately, window),
    )


def _with_lately(lately: tuple[Lately, ...], window: Window) -> tuple[Lately, ...]:
    kept = [one for one in lately if one.ended_at_us > window.ended_at_us - LATELY_US]
    before = Tally()
    if kept and kept[-1].ended_at_us // SLOT_US == window.ended_at_us // SLOT_US:
        before = kept.pop().tally
    return (*kept, Lately(window.ended_at_us, before.plus(window)))


def _carried(group: GroupEvidence) -> GroupEvidence:
    """What the next step keeps: legacy as it was last, older counts only while there are few."""
    tally, latency = group.tally, dict(group.latency.legacy)
    baseline = Tally(legacy=tally.legacy, legacy_errors=tally.legacy_errors)
    if baseline.legacy < BASELINE_MIN:
        old = group.baseline
        baseline = Tally(
            legacy=old.legacy + tally.legacy, legacy_errors=old.legacy_errors + tally.legacy_errors
        )
        latency = merged(group.baseline_latency, latency)
    return GroupEvidence(baseline=baseline, baseline_latency=latency)


def _without_favour(group: GroupEvidence) -> GroupEvidence:
    return replace(group, tally=Tally(), latency=Speeds())


def _grown(group: GroupEvidence, window: Window, lately: tuple[Lately, ...]) -> GroupEvidence:
    clusters = (*window.legacy.failing.values(), *window.candidate.failing.values())
    group = replace(
        with_bets(group, window, lately),
        clusters=(
            group.clusters[0] + sum(clusters),
            group.clusters[1] + sum(size * size for size in clusters),
        ),
    )
    if is_outage(window.legacy) or not (window.legacy.attempts or window.candidate.attempts):
        return group
    if window.ended_at_us - group.block_began_at_us >= BLOCK_US:
        group = replace(
            group,
            last_block=group.block,
            block=Speeds(),
            block_began_at_us=window.began_at_us,
            blocks=group.blocks + 1,
        )
    return _with_spread(
        replace(
            group,
            tally=group.tally.plus(window),
            latency=group.latency.plus(window),
            block=group.block.plus(window),
            block_ended_at_us=window.ended_at_us,
        ),
        window,
    )


def _with_spread(group: GroupEvidence, window: Window) -> GroupEvidence:
    began = group.span_began_at_us or window.began_at_us
    span = group.span.plus(window)
    if window.ended_at_us - began < SPAN_US:
        return replace(group, span=span, span_began_at_us=began)
    return replace(
        group,
        latency=group.latency.with_span(span),
        block=group.block.with_span(span),
        span=Speeds(),
        span_began_at_us=0,
    )


def is_outage(legacy: ArmWindow) -> bool:
    """Whether legacy itself is down: such a while says nothing in the candidate's favour."""
    return legacy.errors >= OUTAGE_ERRORS_MIN and legacy.errors >= OUTAGE_PART * legacy.attempts
