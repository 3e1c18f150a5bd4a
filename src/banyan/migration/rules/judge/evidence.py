"""What has been seen since a route came to its phase and step, and how a window adds to it."""

from collections.abc import Iterable, Mapping
from math import log

from msgspec import Struct, field
from msgspec.structs import replace

from banyan.migration.model.bounds import Bounds
from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.rules.judge.bounds import share_interval
from banyan.migration.rules.judge.eprocess import (
    MOMENT_US,
    EProcess,
    against_concurrent,
    against_rate,
)
from banyan.migration.rules.judge.spread import SPREADS, Spread, with_span
from banyan.migration.rules.latency import merged

REPEATS_MAX = 2
"""In so many moments a customer's failures count in the bets: a robot that asks for one broken page
all night is no news after that."""

BROAD_CUSTOMERS = 3
BROAD_PART = 0.1
"""Where so many customers fail within two moments, and lately so large a part of the attempts, it is no
lone robot, and they count again: a shop with few customers has no others who could."""

REMEMBERED_MAX = 500
BET_ATTEMPTS_MIN = 5
"""So many of both sides are bet on at once; fewer wait for more, a moment long."""

BET_AGE_MAX_US = 30_000_000
SPAN_US = 5_000_000
"""Over how long the speed of both sides is compared, to see how much it varies."""

BLOCK_US = 10 * 60_000_000
"""How long a block of recent latency is: a regression that comes late shows in the last one."""

CONTROL_PART_MIN = 0.1
"""Legacy answers at least this part of what the candidate does, or its last baseline stands in."""

BASELINE_MIN = 1_000
BASELINE_INFLATION = 2.0
"""Yesterday's legacy is no control: its rate may have doubled before the candidate is blamed."""

UNKNOWN_RATE_MAX = 0.1
"""Legacy of whom little is known, and no failure, is believed to fail no more often: a route of few
writes comes to its cutover without a baseline, and a candidate that fails must be told there too."""

OUTAGE_PART = 0.2
OUTAGE_ERRORS_MIN = 5
TOTAL_ERRORS_MIN = 3
TOTAL_PART = 0.5
"""A candidate that fails half of the time is not having a bad moment."""

LATELY_US = 60_000_000
SLOT_US = 5_000_000


class Tally(Struct, frozen=True):
    """Attempts and failures of both sides."""

    legacy: int = 0
    legacy_errors: int = 0
    candidate: int = 0
    candidate_errors: int = 0

    def plus(self, window: Window) -> "Tally":
        return Tally(
            self.legacy + window.legacy.attempts,
            self.legacy_errors + window.legacy.errors,
            self.candidate + window.candidate.attempts,
            self.candidate_errors + window.candidate.errors,
        )


class Speeds(Struct, frozen=True):
    """How long answers of both sides took (bucket to count), and how much that varies."""

    legacy: dict[int, int] = field(default_factory=dict[int, int])
    candidate: dict[int, int] = field(default_factory=dict[int, int])
    spreads: tuple[Spread, ...] = (Spread(),) * len(SPREADS)

    def plus(self, window: Window) -> "Speeds":
        return Speeds(
            merged(self.legacy, window.legacy.buckets),
            merged(self.candidate, window.candidate.buckets),
            self.spreads,
        )

    def with_span(self, span: "Speeds") -> "Speeds":
        return replace(
            self, spreads=with_span(self.spreads, self.legacy, span.legacy, span.candidate)
        )


class Pending(Struct, frozen=True):
    """What was seen and not yet bet on: units (customers, where they are known) and their failures."""

    began_at_us: int = 0
    legacy: int = 0
    legacy_errors: int = 0
    candidate: int = 0
    candidate_errors: int = 0


class GroupEvidence(Struct, frozen=True):
    """Of one group of a route's requests (reads, writes).

    ``errors`` is what speaks against the candidate and is never forgotten within a step. ``tally`` and
    ``latency`` can speak for it and count from the last gap or ejection on. ``block`` and ``last_block``
    are the latency of the ten minutes that run and of those before. ``baseline`` is what legacy did in the steps before.
    ``clusters`` are failures by customer: their sum and the sum of their squares. ``seen``: in how many
    moments a customer's failures were bet on, and in which one the customer failed last.
    """

    errors: EProcess = EProcess()
    pending: Pending = Pending()
    tally: Tally = Tally()
    latency: Speeds = Speeds()
    span: Speeds = Speeds()
    span_began_at_us: int = 0
    block: Speeds = Speeds()
    block_began_at_us: int = 0
    block_ended_at_us: int = 0
    blocks: int = 0
    last_block: Speeds = Speeds()
    clusters: tuple[int, int] = (0, 0)
    seen: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    baseline: Tally = Tally()
    baseline_latency: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def recent(self) -> Speeds:
        """The block that runs, or the one before while it is young."""
        is_young = self.block_ended_at_us - self.block_began_at_us < BLOCK_US / 2
        return self.last_block if is_young and self.last_block.candidate else self.block

    @property
    def cluster_size(self) -> float:
        """How many failures one misfortune brings: the size of its cluster that a failure sees."""
        total, squares = self.clusters
        return max(1.0, squares / total) if total else 1.0


class Lately(Struct, frozen=True):
    """One of the last few seconds, for what can't wait for statistics."""

    ended_at_us: int
    tally: Tally


class Evidence(Struct, frozen=True):
    """All that is known of a route in its phase and step; it goes to JSON and comes back the same.

    ``divergence_max`` is the bound that the bets of ``divergence`` are about.
    """

    divergence_max: float
    began_at_us: int = 0
    ended_at_us: int = 0
    whole_since_us: int = 0
    windows: int = 0
    is_whole: bool = True
    is_ejected: bool = False
    gaps: int = 0
    ejections: int = 0
    compared: int = 0
    diverged: int = 0
    fall_backs: int = 0
    divergence: EProcess = EProcess()
    groups: dict[str, GroupEvidence] = field(default_factory=dict[str, GroupEvidence])
    lately: tuple[Lately, ...] = ()


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
        fall_backs=evidence.fall_backs + window.fall_backs,
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


def is_known(baseline: Tally) -> bool:
    """Whether legacy was seen often enough before to stand in for legacy now."""
    return baseline.legacy >= BASELINE_MIN // 10


def baseline_rate_max(baseline: Tally) -> float:
    """The highest error rate that legacy's last baseline lets one believe in."""
    likely = share_interval(baseline.legacy_errors, baseline.legacy, 0.01).high
    rate = min(0.5, likely * BASELINE_INFLATION)
    is_guess = not is_known(baseline) and not baseline.legacy_errors
    return min(rate, UNKNOWN_RATE_MAX) if is_guess else rate


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
        _with_bets(group, window, lately),
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


def _with_bets(group: GroupEvidence, window: Window, lately: tuple[Lately, ...]) -> GroupEvidence:
    """What is seen waits until there is enough to bet on: that may depend on attempts, not failures."""
    seen = dict(group.seen)
    moment = window.ended_at_us // MOMENT_US
    is_broad = _is_broad(seen, moment, lately)
    candidate, candidate_errors = _units(window.candidate, seen, moment, is_broad=is_broad)
    legacy, legacy_errors = _units(window.legacy, seen, moment, is_broad=is_broad)
    if not candidate and not legacy:
        return group
    before = group.pending
    pending = Pending(
        before.began_at_us or window.began_at_us,
        before.legacy + legacy,
        before.legacy_errors + legacy_errors,
        before.candidate + candidate,
        before.candidate_errors + candidate_errors,
    )
    baseline = _baseline_of(group)
    if not _is_ripe(pending, baseline, window.ended_at_us - pending.began_at_us):
        return replace(group, pending=pending, seen=seen)
    bet = _bet(pending, baseline)
    is_total = (
        pending.candidate_errors >= TOTAL_ERRORS_MIN
        and pending.candidate_errors >= TOTAL_PART * pending.candidate
    )
    errors = group.errors
    if bet is not None:
        errors = errors.after(bet, window.ended_at_us, is_total=is_total)
    return replace(group, errors=errors, pending=Pending(), seen=seen)


def _baseline_of(group: GroupEvidence) -> Tally:
    """Legacy of before; where that is little, with what was seen of it since."""
    if is_known(group.baseline):
        return group.baseline
    return Tally(
        legacy=group.baseline.legacy + group.tally.legacy,
        legacy_errors=group.baseline.legacy_errors + group.tally.legacy_errors,
    )


def _is_ripe(pending: Pending, baseline: Tally, age_us: int) -> bool:
    """Whether there is enough to bet on, or it was waited for long enough."""
    is_old = age_us >= MOMENT_US
    fewest = pending.candidate if is_known(baseline) else min(pending.candidate, pending.legacy)
    if not fewest and is_old and pending.candidate >= BET_ATTEMPTS_MIN:
        return True  # legacy isn't asked any more, and hardly was
    is_ripe = fewest >= BET_ATTEMPTS_MIN or (fewest >= 1 and is_old)
    return is_ripe or age_us >= BET_AGE_MAX_US


def _bet(pending: Pending, baseline: Tally) -> tuple[float, ...] | None:
    """The pay-offs: against legacy of the same moment if it has enough, else against its baseline."""
    is_controlled = pending.legacy >= CONTROL_PART_MIN * pending.candidate
    if pending.legacy and (is_controlled or not is_known(baseline)):
        return against_concurrent(
            pending.candidate, pending.candidate_errors, pending.legacy, pending.legacy_errors
        )
    return against_rate(pending.candidate, pending.candidate_errors, baseline_rate_max(baseline))


def _is_broad(seen: Mapping[int, tuple[int, int]], moment: int, lately: tuple[Lately, ...]) -> bool:
    """Whether a side's failures are many customers', and a large part of what it answers."""
    if sum(last >= moment - 1 for _, last in seen.values()) < BROAD_CUSTOMERS:
        return False
    tally = _sum(one.tally for one in lately)
    return (
        tally.candidate_errors >= BROAD_PART * max(1, tally.candidate)
        or tally.legacy_errors >= BROAD_PART * max(1, tally.legacy)
    )  # fmt: skip


def _units(
    arm: ArmWindow, seen: dict[int, tuple[int, int]], moment: int, *, is_broad: bool
) -> tuple[int, int]:
    """Trials and failures that are bet on: customers where they are known, else attempts.

    A customer's failures count once in a moment, and unless they are one of many in ``REPEATS_MAX``
    moments. Those that don't count are left out as trials, too.
    """
    if not arm.customers:
        return arm.attempts, arm.errors
    failed = 0
    for customer in arm.failing:
        times, last = seen.get(customer, (0, -1))
        counts = last != moment and (is_broad or times < REPEATS_MAX)
        failed += counts
        if times or len(seen) < REMEMBERED_MAX:
            seen[customer] = (min(times + counts, REPEATS_MAX), moment)
    return arm.customers - (len(arm.failing) - failed), failed


def log_threshold(alpha: float) -> float:
    """How large the logarithm of an e-value has to be."""
    return log(1 / alpha)


def tallies(groups: Mapping[str, GroupEvidence]) -> Tally:
    """All groups of a route together."""
    return _sum(group.tally for group in groups.values())


def _sum(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for one in tallies:
        whole = Tally(
            whole.legacy + one.legacy,
            whole.legacy_errors + one.legacy_errors,
            whole.candidate + one.candidate,
            whole.candidate_errors + one.candidate_errors,
        )
    return whole
