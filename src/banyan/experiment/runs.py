"""One run of an experiment: what each side came to, and what of that differs."""

import math
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from banyan.difference import Comparing, Difference, Masker, compare_values, snapshot
from banyan.kernel import new_id

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a side came to: a value (as a snapshot, that nobody changes any more) or an exception.

    ``uncomparable`` says why there is no snapshot.
    """

    value: Any = None
    error: BaseException | None = None
    uncomparable: str = ""
    took_us: int = 0
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an experiment says of all its runs."""

    name: str
    how: Comparing
    clean: Callable[[Any], Any] | None
    deadline_s: float
    version: str


@dataclass(slots=True)
class Run:
    """Both sides report to it, from whichever thread; the second of them completes it."""

    terms: Terms
    at: datetime
    context: Mapping[str, str]
    on_complete: Callable[["Run"], None]
    due_s: float = math.inf
    """By ``time.monotonic``: when the candidate is late; it may begin after control."""
    id: str = field(default_factory=lambda: str(new_id()))
    control: Outcome | None = None
    candidate: Outcome | None = None
    is_abandoned: bool = False
    """Whoever asked is being ended: nothing will be reported."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take_control(self, outcome: Outcome) -> None:
        with self._lock:
            self.control = outcome
            is_complete = self.candidate is not None
        if is_complete:
            self.on_complete(self)

    def take_candidate(self, outcome: Outcome) -> None:
        """What comes after it was found to be late is passed over."""
        with self._lock:
            if self.candidate is not None:
                return
            self.candidate = outcome
            is_complete = self.control is not None
        if is_complete:
            self.on_complete(self)

    def abandon(self) -> None:
        self.is_abandoned = True

    @property
    def is_settled(self) -> bool:
        return self.candidate is not None or self.is_abandoned


def ending_of(outcome: Outcome) -> BaseException | None:
    """A cancellation, an interrupt or an exit, which ends whoever asked and says nothing of a side."""
    return None if isinstance(outcome.error, Exception) else outcome.error


def measured(terms: Terms, function: Callable[[], Any]) -> tuple[Any, Outcome]:
    """Call it: its value, and what is kept of it. Its exception is in the outcome."""
    started = time.perf_counter()
    try:
        value = function()
    except BaseException as error:
        return None, Outcome(error=error, took_us=_us_since(started))
    return value, outcome_of(terms, value, _us_since(started))


async def measured_async(
    terms: Terms, function: Callable[[], Awaitable[T]]
) -> tuple[T | None, Outcome]:
    """The same for a coroutine function; a cancellation is in the outcome, too."""
    started = time.perf_counter()
    try:
        value = await function()
    except BaseException as error:
        return None, Outcome(error=error, took_us=_us_since(started))
    return value, outcome_of(terms, value, _us_since(started))


def outcome_of(terms: Terms, value: Any, took_us: int) -> Outcome:
    try:
        kept = snapshot(value if terms.clean is None else terms.clean(value))
    except Exception as error:  # of the application's own code, which must not be hurt by us
        return Outcome(uncomparable=f"{type(error).__name__}: {error}", took_us=took_us)
    return Outcome(kept, took_us=took_us)


def differences_of(run: Run) -> tuple[Difference, ...]:
    """What the sides differ in. The same exception on both is no difference."""
    control, candidate = run.control, run.candidate
    assert control is not None, "a complete run has both"
    assert candidate is not None, "a complete run has both"
    masker = run.terms.how.masker
    if candidate.is_late:
        late = f"more than {run.terms.deadline_s:g} s"
        return (Difference("deadline", "deadline", "extra", None, late),)
    if control.error is not None or candidate.error is not None:
        return _of_errors(control.error, candidate.error, masker)
    if control.uncomparable or candidate.uncomparable:
        if control.uncomparable:
            return ()
        text = masker.text(candidate.uncomparable)
        return (Difference("$", "$", "type", "comparable", text, "comparable", "not comparable"),)
    try:
        return compare_values(control.value, candidate.value, run.terms.how).differences
    except ValueError:
        return ()


def _of_errors(
    control: BaseException | None, candidate: BaseException | None, masker: Masker
) -> tuple[Difference, ...]:
    ours, theirs = (type(e).__name__ if e is not None else "" for e in (control, candidate))
    if ours == theirs:
        return ()
    return (
        Difference(
            "exception",
            "exception",
            "extra" if not ours else "missing" if not theirs else "changed",
            masker.text(f"{ours}: {control}") if ours else None,
            masker.text(f"{theirs}: {candidate}") if theirs else None,
            ours[:80],
            theirs[:80],
        ),
    )


def _us_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1_000_000)
