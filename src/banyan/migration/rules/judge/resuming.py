"""Evidence that one process began to gather and another goes on with, or one whose clock was set back."""

from msgspec.structs import replace

from banyan.migration.model.evidence import Window
from banyan.migration.rules.judge.eprocess import MOMENT_US, EProcess
from banyan.migration.rules.judge.evidence import Evidence, GroupEvidence
from banyan.migration.rules.judge.gathering import gather


def resumed(saved: Evidence, since: Evidence, now_us: int) -> Evidence:
    """What was saved and what was seen ``since``, with the gap between them.

    Nothing counts in the candidate's favour that was seen before the gap; what speaks against it is
    never forgotten: bets on one after the other multiply.
    """
    gap_end_us = since.began_at_us or now_us
    if saved.ended_at_us > gap_end_us:
        saved = set_back(saved, saved.ended_at_us - gap_end_us)
    gap = Window(began_at_us=saved.ended_at_us, ended_at_us=gap_end_us, is_whole=False)
    before = gather(saved, gap)
    if not since.windows:
        return before
    names = before.groups.keys() | since.groups.keys()
    return replace(
        since,
        began_at_us=before.began_at_us,
        whole_since_us=since.whole_since_us or gap_end_us,
        windows=before.windows + since.windows,
        gaps=before.gaps + since.gaps,
        ejections=before.ejections + since.ejections,
        divergence=_both(before.divergence, since.divergence),
        groups={name: _group(before.groups.get(name), since.groups.get(name)) for name in names},
    )


def set_back(evidence: Evidence, by_us: int) -> Evidence:
    """The same, as if the clock had always been so much slower: else nothing of it would ever be over."""

    def earlier(at_us: int) -> int:
        return max(0, at_us - by_us)  # 0 stays: not yet

    def bets(made: EProcess) -> EProcess:
        return replace(
            made,
            joined_at_us=earlier(made.joined_at_us),
            moment=earlier(made.moment * MOMENT_US) // MOMENT_US,
        )

    def group(one: GroupEvidence) -> GroupEvidence:
        return replace(
            one,
            errors=bets(one.errors),
            pending=replace(one.pending, began_at_us=earlier(one.pending.began_at_us)),
            span_began_at_us=earlier(one.span_began_at_us),
            block_began_at_us=earlier(one.block_began_at_us),
            block_ended_at_us=earlier(one.block_ended_at_us),
            seen={
                customer: (times, earlier(moment * MOMENT_US) // MOMENT_US)
                for customer, (times, moment) in one.seen.items()
            },
        )

    return replace(
        evidence,
        began_at_us=earlier(evidence.began_at_us),
        ended_at_us=earlier(evidence.ended_at_us),
        whole_since_us=earlier(evidence.whole_since_us),
        divergence=bets(evidence.divergence),
        groups={name: group(one) for name, one in evidence.groups.items()},
        lately=tuple(replace(one, ended_at_us=earlier(one.ended_at_us)) for one in evidence.lately),
    )


def _group(before: GroupEvidence | None, since: GroupEvidence | None) -> GroupEvidence:
    if before is None or since is None:
        return before or since or GroupEvidence()
    seen = dict(before.seen)
    for customer, (times, moment) in since.seen.items():
        seen[customer] = seen.get(customer, (0, 0))[0] + times, moment
    is_better_known = before.baseline.legacy > since.baseline.legacy
    return replace(
        since,
        errors=_both(before.errors, since.errors),
        last_block=since.last_block if since.blocks else before.recent,
        blocks=before.blocks + since.blocks,
        clusters=(
            before.clusters[0] + since.clusters[0],
            before.clusters[1] + since.clusters[1],
        ),
        seen=seen,
        baseline=before.baseline if is_better_known else since.baseline,
        baseline_latency=before.baseline_latency if is_better_known else since.baseline_latency,
    )


def _both(before: EProcess, since: EProcess) -> EProcess:
    """The money of ``before`` staked on what ``since`` was staked on; who joined since is left out."""
    won = since.whole
    return replace(
        before,
        whole=tuple(money + gain for money, gain in zip(before.whole, won, strict=True)),
        late=tuple(money + gain for money, gain in zip(before.late, won, strict=True)),
        bets=before.bets + since.bets,
        moment=since.moment,
        gains=since.gains,
    )
