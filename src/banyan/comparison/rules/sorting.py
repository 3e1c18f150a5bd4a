"""A batch of findings sorted into divergences: what is noise, what counts, what is new."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from banyan.comparison.model import EXAMPLES_MAX, Divergence, Finding, Place, Rates
from banyan.comparison.rules.causes import Cause, by_weight, cause_of
from banyan.comparison.rules.noise import is_noise, is_own_unsteadiness
from banyan.comparison.rules.titles import title_of
from banyan.difference import Difference
from banyan.kernel import derived_id, new_id

_ALSO_MAX = 20
_FIRST_EXAMPLES = 3
"""Those of the beginning stay; the places after them take turns."""


@dataclass(slots=True)
class Learned:
    """What is known of a plan's routes, and what a batch adds to it."""

    looks: dict[str, tuple[int, int]]
    rates: dict[Place, Rates]
    new_looks: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    new_rates: dict[Place, Rates] = field(default_factory=dict[Place, Rates])

    def take(self, finding: Finding) -> None:
        """Learn from one more request. Noise is legacy's: only a second answer of legacy tells it."""
        comparison = finding.comparison
        is_paired = comparison.baseline is not None and finding.primary_arm == "legacy"
        step = (1, 0) if is_paired else (0, 1)
        for looks in (self.looks, self.new_looks):
            paired, unpaired = looks.get(finding.route, (0, 0))
            looks[finding.route] = (paired + step[0], unpaired + step[1])
        within = (comparison.baseline or frozenset()) if is_paired else frozenset[tuple[str, str]]()
        between = {d.key for d in (*comparison.differences, *comparison.noise)}
        for pattern, kind in between | within:
            is_between, is_within = (pattern, kind) in between, (pattern, kind) in within
            seen = Rates(
                paired=0,
                both=int(is_between and is_within),
                between_only=int(is_paired and is_between and not is_within),
                within_only=int(is_within and not is_between),
                unpaired_seen=int(is_between and not is_paired),
            )
            place = Place(finding.route, pattern, kind)
            for rates in (self.rates, self.new_rates):
                rates[place] = _sum(rates.get(place), seen)

    def of(self, route: str, difference: Difference) -> Rates:
        paired, unpaired = self.looks.get(route, (0, 0))
        known = self.rates.get(Place(route, *difference.key), Rates(0, 0, 0, 0))
        return replace(known, paired=paired, unpaired=unpaired)

    def beyond_noise(self, finding: Finding) -> list[Difference]:
        """The differences of a finding that noise doesn't explain, the weightiest first."""
        comparison = finding.comparison
        kept = [d for d in comparison.differences if not is_noise(self.of(finding.route, d))]
        if finding.primary_arm == "candidate":
            kept += [d for d in comparison.noise if is_own_unsteadiness(self.of(finding.route, d))]
        return by_weight(kept)


@dataclass(slots=True)
class Sorted:
    """What a batch comes to."""

    divergences: dict[UUID, Divergence] = field(default_factory=dict[UUID, Divergence])
    found: list[UUID] = field(default_factory=list[UUID])
    returned: list[UUID] = field(default_factory=list[UUID])
    minutes: Counter[tuple[UUID, datetime]] = field(default_factory=Counter[tuple[UUID, datetime]])
    examples: dict[tuple[UUID, int], Finding] = field(
        default_factory=dict[tuple[UUID, int], Finding]
    )
    diverged: int = 0


def sort_findings(
    findings: Sequence[Finding],
    learned: Learned,
    known: Iterable[Divergence],
    *,
    marketplace_id: UUID,
    plan_id: UUID,
    now: datetime,
) -> Sorted:
    """Each finding to the divergence of its cause. ``learned`` takes the findings in, too."""
    by_cause = {_key(one): one for one in known}
    result = Sorted()
    batch_id = new_id(now)
    for finding in findings:
        learned.take(finding)
        differences = learned.beyond_noise(finding)
        if not differences:
            continue
        primary, is_counted = _primary(finding, differences, by_cause)
        key = (finding.route, finding.source, cause_of(primary))
        divergence = by_cause.get(key)
        if divergence is None:
            divergence = _new(
                finding, primary, plan_id, marketplace_id,
                derived_id(batch_id, finding.route, finding.source, repr(key[2])),
            )  # fmt: skip
            result.found.append(divergence.divergence_id)
        is_back = _has_returned(divergence, finding)
        if is_back:
            result.returned.append(divergence.divergence_id)
        seen = _seen(divergence, finding, primary, differences, is_back=is_back)
        by_cause[key] = seen
        result.divergences[seen.divergence_id] = seen
        result.minutes[seen.divergence_id, minute_of(finding.at)] += 1
        result.examples[seen.divergence_id, _place(seen.requests)] = replace(
            finding, comparison=replace(finding.comparison, differences=tuple(differences))
        )
        result.diverged += is_counted and seen.counts
    return result


def minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _primary(
    finding: Finding,
    differences: list[Difference],
    by_cause: Mapping[tuple[str, str, Cause], Divergence],
) -> tuple[Difference, bool]:
    """The difference that a request is counted by, and whether anything of it isn't accepted.

    What was accepted covers its cause, and what came along with it, only where it is there, too.
    """
    accepted = [
        divergence
        for one in differences
        if (divergence := by_cause.get((finding.route, finding.source, cause_of(one))))
        and divergence.state == "accepted"
    ]
    covered = {(one.pattern, one.kind) for one in accepted}
    along = {pattern for one in accepted for pattern in one.also}
    for one in differences:
        if (one.pattern, one.kind) not in covered and _mark(one) not in along:
            return one, True
    return differences[0], False


def _mark(difference: Difference) -> str:
    return f"{difference.kind} {difference.pattern}"


def _key(one: Divergence) -> tuple[str, str, Cause]:
    cause = Cause(one.pattern, one.kind, one.legacy_shape, one.candidate_shape)  # pyright: ignore[reportArgumentType]
    return one.route, one.source, cause


def _new(
    finding: Finding, primary: Difference, plan_id: UUID, marketplace_id: UUID, divergence_id: UUID
) -> Divergence:
    cause = cause_of(primary)
    return Divergence(
        marketplace_id=marketplace_id,
        divergence_id=divergence_id,
        plan_id=plan_id,
        route=finding.route,
        source=finding.source,
        pattern=cause.pattern,
        kind=cause.kind,
        legacy_shape=cause.legacy_shape,
        candidate_shape=cause.candidate_shape,
        title=title_of(primary),
        also=[],
        requests=0,
        requests_after=0,
        first_seen_at=finding.at,
        last_seen_at=finding.at,
        state="open",
        owner=None,
        why="",
        decided_by=None,
        decided_at=None,
        last_version="",
        fixed_in="",
        broken_in="",
        returned=0,
    )


def _seen(
    divergence: Divergence,
    finding: Finding,
    primary: Difference,
    differences: list[Difference],
    *,
    is_back: bool,
) -> Divergence:
    also = divergence.also
    if divergence.state != "accepted":  # what was not there to be seen was not accepted
        new = [_mark(one) for one in differences if one is not primary]
        also = list(dict.fromkeys([*also, *new]))[:_ALSO_MAX]
    return replace(
        divergence,
        also=also,
        requests=divergence.requests + 1,
        requests_after=divergence.requests_after + 1,
        first_seen_at=min(divergence.first_seen_at, finding.at),
        last_seen_at=max(divergence.last_seen_at, finding.at),
        last_version=finding.version or divergence.last_version,
        state="open" if is_back else divergence.state,
        returned=divergence.returned + is_back,
    )


def _has_returned(divergence: Divergence, finding: Finding) -> bool:
    """Whether it was said to be fixed before this was asked, of what ran then."""
    if divergence.state != "fixed" or divergence.decided_at is None:
        return False
    is_old_version = bool(finding.version) and (
        finding.version == divergence.broken_in and divergence.broken_in != divergence.fixed_in
    )
    return finding.at > divergence.decided_at and not is_old_version


def _place(requests: int) -> int:
    if requests <= _FIRST_EXAMPLES:
        return requests - 1
    return _FIRST_EXAMPLES + (requests - 1) % (EXAMPLES_MAX - _FIRST_EXAMPLES)


def _sum(known: Rates | None, seen: Rates) -> Rates:
    if known is None:
        return seen
    return Rates(
        paired=0,
        both=known.both + seen.both,
        between_only=known.between_only + seen.between_only,
        within_only=known.within_only + seen.within_only,
        unpaired_seen=known.unpaired_seen + seen.unpaired_seen,
    )
