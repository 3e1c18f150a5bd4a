"""What has been seen since a route came to its phase and step."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from banyan.migration.model.evidence import Window
from banyan.migration.rules.judge.eprocess import EProcess
from banyan.migration.rules.judge.spread import SPREADS, Spread, with_span
from banyan.migration.rules.latency import merged

BLOCK_US = 10 * 60_000_000
"""How long a block of recent latency is: a regression that comes late shows in the last one."""


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
    divergence: EProcess = EProcess()
    groups: dict[str, GroupEvidence] = field(default_factory=dict[str, GroupEvidence])
    lately: tuple[Lately, ...] = ()


def tallies(groups: Mapping[str, GroupEvidence]) -> Tally:
    """All groups of a route together."""
    return summed(group.tally for group in groups.values())


def summed(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for one in tallies:
        whole = Tally(
            whole.legacy + one.legacy,
            whole.legacy_errors + one.legacy_errors,
            whole.candidate + one.candidate,
            whole.candidate_errors + one.candidate_errors,
        )
    return whole
