"""What the control plane knows of each route, in memory; and what follows from it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from banyan.gateway import Attempt
from banyan.migration.model.bounds import Bounds
from banyan.migration.model.plan import Phase, Plan, RoutePlan
from banyan.migration.model.standing import Position, RouteStanding
from banyan.migration.model.verdict import Situation, Verdict
from banyan.migration.rules.criteria import bounds_of, is_candidate_asked
from banyan.migration.rules.judge import (
    Evidence,
    begin,
    gather,
    judge,
    resumed,
    set_back,
    windows_of,
)
from banyan.migration.rules.judge.eprocess import EProcess
from banyan.migration.rules.phases import (
    data_before_cutover,
    describe,
    freeze_of,
    next_position,
    path_of,
)
from banyan.migration.rules.reports import fair_attempts
from banyan.migration.rules.specs import is_legacy_asked_after_write
from banyan.migration.rules.units import milliseconds

ANSWER_AGE_MAX_S = 5.0
"""So long "legacy has all writes" is believed: customers go on writing."""

ATTEMPTS_MAX = 20_000
"""Of one route in one tick; what is beyond makes the window not whole."""


@dataclass(slots=True)
class Missing:
    """What others have said that a route lacks, as it was last asked; None: nobody has been asked."""

    data: Mapping[str, str] | None = None
    rehearsal: str | None = None
    return_of_writes: str = "nobody has been asked yet"
    asked_at_s: float | None = None
    """When, by the machine's own steady clock."""


@dataclass(slots=True)
class RouteControl:
    """One route: where it stands, what was seen of it since, and the verdict on that."""

    plan: Plan
    route: RoutePlan
    standing: RouteStanding
    bounds: Bounds
    evidence: Evidence
    missing: Missing = field(default_factory=Missing)
    verdict: Verdict | None = None
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    overflow: int = 0
    compared: int = 0
    diverged: int = 0
    is_unsaved: bool = False
    told_at_us: int | None = None
    """When the data plane had taken the phase and step that it stands in; None: it has not yet."""
    said: tuple[str, str] = ("", "")
    """The verdict that the database has: its kind and sentence."""

    @classmethod
    def of(cls, plan: Plan, route: RoutePlan, standing: RouteStanding) -> "RouteControl":
        bounds = bounds_of(plan, route, standing.at)
        return cls(plan, route, standing, bounds, begin(bounds))

    @property
    def ahead(self) -> Position | None:
        return next_position(path_of(self.plan, self.route), self.standing.at)

    def follow(self, plan: Plan, route: RoutePlan, standing: RouteStanding) -> None:
        """Take over what the database says; where the route has moved, evidence begins anew."""
        has_moved = standing.entered_change != self.standing.entered_change
        self.plan, self.route, self.standing = plan, route, standing
        self.bounds = bounds_of(plan, route, standing.at)
        if has_moved:
            self.evidence = begin(self.bounds, self.evidence)
            self.verdict = None
            self.compared = self.diverged = 0
            self.attempts, self.overflow = [], 0
            self.told_at_us = None
            self.is_unsaved = True

    def note_told(self, now_us: int) -> None:
        """The data plane does what the standing says: what is seen from now on is evidence of it."""
        if self.told_at_us is None:
            self.told_at_us = now_us
            self.attempts, self.overflow = [], 0
            self.compared = self.diverged = 0

    def is_of_this_step(self, at_us: int) -> bool:
        """Whether what was asked then was asked in the present phase and step."""
        return self.told_at_us is not None and at_us >= self.told_at_us

    def resume(self, saved: Evidence, now_us: int) -> None:
        """Go on with what was gathered before this process began: nobody knows what came between."""
        self.evidence = resumed(saved, self.evidence, now_us)
        self.is_unsaved = True

    def hear(self, attempt: Attempt) -> None:
        if self.told_at_us is not None and attempt.started_at_us < self.told_at_us:
            return
        if len(self.attempts) < ATTEMPTS_MAX:
            self.attempts.append(attempt)
        else:
            self.overflow += 1

    def gather(
        self, began_at_us: int, ended_at_us: int, *, is_whole: bool, is_ejected: bool
    ) -> bool:
        """Add what came since the last time to the evidence; whether anything did.

        As long as the data plane still does what it did before, nothing counts in the candidate's
        favour; its failures do count against it. Where time went back meanwhile, what went before is
        told as by the clock of now, and what came of it is no longer known to be whole.
        """
        if ended_at_us < began_at_us:
            self.evidence = set_back(self.evidence, began_at_us - ended_at_us)
            self.told_at_us = None if self.told_at_us is None else ended_at_us
            began_at_us, is_whole = ended_at_us, False
        is_whole = is_whole and self.told_at_us is not None
        attempts, self.attempts = fair_attempts(self.standing.phase, self.attempts), []
        compared, self.compared = self.compared, 0
        diverged, self.diverged = self.diverged, 0
        overflow, self.overflow = self.overflow, 0
        for window in windows_of(
            attempts,
            began_at_us=began_at_us,
            ended_at_us=ended_at_us,
            compared=compared,
            diverged=diverged,
            is_whole=is_whole and not overflow,
            is_ejected=is_ejected,
        ):
            self.evidence = gather(self.evidence, window)
        is_news = bool(attempts or compared or is_ejected or not is_whole)
        self.is_unsaved = self.is_unsaved or is_news
        return is_news

    def forgive(self, diverged: int) -> None:
        """A person has accepted some of what diverged: only so much of it counts still."""
        self.evidence = replace(self.evidence, diverged=diverged, divergence=EProcess())
        self.is_unsaved = True

    def judge(self, now: datetime) -> Verdict:
        self.verdict = judge(self.evidence, self.situation(now))
        return self.verdict

    def situation(self, now: datetime) -> Situation:
        standing, bounds = self.standing, self.bounds
        ahead = self.ahead
        freeze = freeze_of(self.plan, self.route.name, now)
        now_us = _us(now)
        return Situation(
            phase=standing.phase,
            bounds=bounds,
            now_us=now_us,
            entered_at_us=self._entered_at_us(now_us),
            step=standing.step,
            next_step="" if ahead is None else describe(ahead),
            data_missing=self._data_missing(),
            rehearsal_missing=self._rehearsal_missing(),
            is_approved=ahead is not None and standing.approved_for == ahead.phase.value,
            stays_in_phase=ahead is not None and ahead.phase == standing.phase,
            held_why=standing.held_why,
            frozen_why=""
            if freeze is None
            else f"{freeze.why} (until {freeze.end:%Y-%m-%d %H:%M %Z})",
            notice_us=self._notice_us(),
            notice_until_us=self._notice_until_us(ahead),
            is_candidate_asked=is_candidate_asked(self.plan, self.route, standing.at),
            is_legacy_asked_after_write=is_legacy_asked_after_write(
                self.plan, self.route, standing.at
            ),
        )

    def _entered_at_us(self, now_us: int) -> int:
        """By our own clock: a sandbox's marketplace has one that may stand still."""
        return self.evidence.began_at_us or now_us

    def _data_missing(self) -> Mapping[str, str]:
        if self.missing.data is None:
            return dict.fromkeys(self.bounds.data, "nobody has been asked yet")
        return {name: why for name, why in self.missing.data.items() if name in self.bounds.data}

    def _rehearsal_missing(self) -> str:
        if not self.bounds.rehearsed:
            return ""
        return (
            "nobody has been asked yet"
            if self.missing.rehearsal is None
            else self.missing.rehearsal
        )

    def _notice_us(self) -> int:
        is_early = self.standing.phase in (Phase.LEGACY, Phase.RETIRED)
        return 0 if is_early else milliseconds(self.plan.notice) * 1_000

    def _notice_until_us(self, ahead: Position | None) -> int | None:
        standing = self.standing
        if ahead is None or standing.announced_at is None or not self.is_announced:
            return None
        return _us(standing.announced_at) + self._notice_us()

    @property
    def is_announced(self) -> bool:
        """Whether teams were told of the step that comes next, and not of one that came before."""
        ahead = self.ahead
        return (
            ahead is not None and self.standing.announced_for == f"{ahead.phase.value}/{ahead.step}"
        )

    @property
    def can_be_taken_back(self) -> bool:
        """Whether its customers can be sent to legacy without losing what the candidate has written."""
        return not self.why_stuck

    @property
    def why_stuck(self) -> str:
        """Why its customers can't be sent to legacy; empty: they can.

        Without the database nobody carries writes back, and nobody can say that they will be: the
        mover needs it, too.
        """
        takes_writes = self.standing.writes_to == "candidate"
        if not takes_writes or not data_before_cutover(self.plan, self.route):
            return ""
        asked_at_s = self.missing.asked_at_s
        if self.missing.return_of_writes or asked_at_s is None:
            return self.missing.return_of_writes or "nobody has been asked yet"
        age_s = time.monotonic() - asked_at_s
        if age_s > ANSWER_AGE_MAX_S:
            return (
                f"Banyan's database has not said for more than {ANSWER_AGE_MAX_S:.0f} s whether legacy "
                "gets it"
            )
        return ""


def _us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
