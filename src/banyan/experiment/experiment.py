"""Experiments: which runs are sampled, which side answers, and how long a candidate may take."""

import asyncio
import contextvars
import functools
import hashlib
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from banyan.difference import IgnoreRule, MaskingRule, comparing
from banyan.experiment.reporter import Reporter
from banyan.experiment.runs import Outcome, Run, Terms, ending_of, measured, measured_async
from banyan.experiment.trial import AsyncTrial, Trial
from banyan.kernel import SystemClock, new_id

T = TypeVar("T")
P = ParamSpec("P")

_WHOLE_BP = 10_000


class Experiment:
    """Runs the legacy function (control) and its candidate beside each other.

    ``name`` is the route under which divergences are found. ``sample_bp`` of runs (10,000 are all)
    ask both; the others only the side that answers. ``serve_candidate_bp`` of sticky keys are answered
    by the candidate, always the same ones, and more when it rises; where the candidate fails or takes
    longer than ``deadline_s``, control answers.

    The candidate runs in a thread of its own (async: a task) with a copy of the context variables.
    Control is never delayed by it, but for the start of a thread and a snapshot of its value. At most
    ``threads_max`` candidates run at a time; beyond that they are skipped. A candidate that is late is
    reported and left alone: a thread can't be ended. Both must be free of effects, or harmless twice.

    ``ignore``, ``numbers`` and ``unordered`` compare as the gateway does; ``clean`` is applied to both
    values before. ``masking`` adds to the default rules. ``is_enabled`` is asked on every run.
    """

    def __init__(
        self,
        name: str,
        reporter: Reporter,
        *,
        sample_bp: int = _WHOLE_BP,
        serve_candidate_bp: int = 0,
        deadline_s: float = 1.0,
        is_enabled: bool | Callable[[], bool] = True,
        ignore: Sequence[str | IgnoreRule] = (),
        numbers: float = 0.0,
        unordered: Sequence[str] = (),
        masking: Sequence[MaskingRule] = (),
        clean: Callable[[Any], Any] | None = None,
        context: Mapping[str, str] | None = None,
        version: str = "",
        threads_max: int = 4,
    ) -> None:
        assert 0 <= sample_bp <= _WHOLE_BP, "a share in basis points"
        assert 0 <= serve_candidate_bp <= _WHOLE_BP, "a share in basis points"
        assert deadline_s > 0, "a candidate needs some time"
        self.name = name
        self.sample_bp = sample_bp
        self.serve_candidate_bp = serve_candidate_bp
        self.is_enabled = is_enabled
        self._reporter = reporter
        self._context = context or {}
        self._free = threading.BoundedSemaphore(threads_max)
        self._tasks: set[asyncio.Task[None]] = set()
        self._tasks_max = threads_max
        rules = [IgnoreRule(path=one) if isinstance(one, str) else one for one in ignore]
        self._terms = Terms(
            name=name,
            how=comparing(
                ignore=rules,
                numbers=numbers,
                unordered=unordered,
                masking=masking,
                key=reporter.masking_key,
            ),
            clean=clean,
            deadline_s=deadline_s,
            version=version,
        )

    def serves_candidate(self, sticky: str | None) -> bool:
        """Whether this key is answered by the candidate. Without a key control answers."""
        if sticky is None or not self._is_on():
            return False
        digest = hashlib.sha256(f"{self.name}\0{sticky}".encode("utf-8", "replace")).digest()
        return int.from_bytes(digest[:8]) % _WHOLE_BP < self.serve_candidate_bp

    def run(
        self,
        control: Callable[[], T],
        candidate: Callable[[], T],
        *,
        sticky: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> T:
        """Control's value or exception; the candidate's value where the key is served by it."""
        is_served, is_sampled = self.serves_candidate(sticky), self._is_sampled()
        if not (is_served or is_sampled):
            return control()
        run, answer = self._begin(context), list[T]()
        thread = self._thread(run, candidate, answer)
        if thread is None:
            return control()
        is_first = is_served or bool(_dice(2))
        if is_first and not self._start(run, thread):
            return control()
        if is_served and not is_sampled:
            thread.join(self._terms.deadline_s)
            if answer:
                return answer[0]
        value, outcome = measured(self._terms, control)
        self._end_with(run, outcome, has_place=not is_first)
        run.take_control(outcome)
        if not is_first:
            self._start(run, thread)
        if is_served:
            thread.join(max(run.due_s - time.monotonic(), 0))
            if answer:
                return answer[0]
        if outcome.error is not None:
            raise outcome.error
        return value

    async def run_async(
        self,
        control: Callable[[], Awaitable[T]],
        candidate: Callable[[], Awaitable[T]],
        *,
        sticky: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> T:
        """The same for coroutines: the candidate is a task, cancelled at its deadline."""
        is_served, is_sampled = self.serves_candidate(sticky), self._is_sampled()
        if not (is_served or is_sampled):
            return await control()
        if len(self._tasks) >= self._tasks_max:
            self._reporter.skip()
            return await control()
        run, answer = self._begin(context), list[T]()
        task = self._task(run, candidate, answer) if is_served or _dice(2) else None
        if task is not None and is_served and not is_sampled:
            await asyncio.wait({task}, timeout=self._terms.deadline_s)
            if answer:
                return answer[0]
        value, outcome = await measured_async(self._terms, control)
        self._end_with(run, outcome)
        run.take_control(outcome)
        task = task or self._task(run, candidate, answer)
        if is_served:
            await asyncio.wait({task}, timeout=max(run.due_s - time.monotonic(), 0))
            if answer:
                return answer[0]
        if outcome.error is not None:
            raise outcome.error
        return value  # pyright: ignore[reportReturnType]  # without an error there is one

    def trial(
        self, *, sticky: str | None = None, context: Mapping[str, str] | None = None
    ) -> Trial:
        """A context manager that is told both sides, and runs them where it ends."""
        return Trial(functools.partial(self.run, sticky=sticky, context=context))

    def trial_async(
        self, *, sticky: str | None = None, context: Mapping[str, str] | None = None
    ) -> AsyncTrial:
        return AsyncTrial(functools.partial(self.run_async, sticky=sticky, context=context))

    def beside(
        self,
        candidate: Callable[P, T],
        *,
        sticky: Callable[P, str | None] | None = None,
        context: Callable[P, Mapping[str, str]] | None = None,
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """A decorator of the legacy function. ``sticky`` and ``context`` are made of the arguments."""

        def decorate(control: Callable[P, T]) -> Callable[P, T]:
            is_async = inspect.iscoroutinefunction(control)
            assert is_async == inspect.iscoroutinefunction(candidate), (
                "both sides are async, or neither"
            )
            runner: Any = self.run_async if is_async else self.run

            def both(*args: P.args, **kwargs: P.kwargs) -> Any:
                return runner(
                    functools.partial(control, *args, **kwargs),
                    functools.partial(candidate, *args, **kwargs),
                    sticky=None if sticky is None else sticky(*args, **kwargs),
                    context=None if context is None else context(*args, **kwargs),
                )

            async def both_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await both(*args, **kwargs)

            wrapper: Any = both_async if is_async else both  # frameworks ask what it is
            return functools.wraps(control)(wrapper)

        return decorate

    def _is_on(self) -> bool:
        return self.is_enabled() if callable(self.is_enabled) else self.is_enabled

    def _is_sampled(self) -> bool:
        return self._is_on() and _dice(_WHOLE_BP) < self.sample_bp

    def _begin(self, context: Mapping[str, str] | None) -> Run:
        return Run(
            self._terms,
            SystemClock().now(),
            {**self._context, **(context or {})},
            self._reporter.complete,
        )

    def _end_with(self, run: Run, outcome: Outcome, *, has_place: bool = False) -> None:
        """Where control's outcome ends whoever asked. A candidate that hasn't begun still has a place."""
        ending = ending_of(outcome)
        if ending is None:
            return
        if has_place:
            self._free.release()
        run.abandon()
        raise ending

    def _thread(
        self, run: Run, candidate: Callable[[], T], answer: list[T]
    ) -> threading.Thread | None:
        """For the candidate; None if too many are still running."""
        if not self._free.acquire(blocking=False):
            self._reporter.skip()
            return None
        variables = contextvars.copy_context()

        def work() -> None:
            try:
                value, outcome = variables.run(measured, self._terms, candidate)
                if outcome.error is None:
                    answer.append(value)
                is_late = outcome.took_us > self._terms.deadline_s * 1_000_000
                run.take_candidate(Outcome(is_late=True) if is_late else outcome)
            finally:
                self._free.release()

        return threading.Thread(target=work, name=f"banyan-experiment-{self.name}", daemon=True)

    def _start(self, run: Run, thread: threading.Thread) -> bool:
        """Whether the machine has had a thread left."""
        run.due_s = time.monotonic() + self._terms.deadline_s
        try:
            thread.start()
        except RuntimeError:
            self._free.release()
            self._reporter.skip()
            return False
        self._reporter.begin(run)
        return True

    def _task(
        self, run: Run, candidate: Callable[[], Awaitable[T]], answer: list[T]
    ) -> "asyncio.Task[None]":
        async def work() -> None:
            limited = functools.partial(asyncio.wait_for, timeout=self._terms.deadline_s)
            value, outcome = await measured_async(self._terms, lambda: limited(candidate()))
            if isinstance(outcome.error, asyncio.CancelledError):
                raise outcome.error
            if outcome.error is None:
                answer.append(value)  # pyright: ignore[reportArgumentType]  # there is one
            is_late = isinstance(outcome.error, TimeoutError) and (
                outcome.took_us >= self._terms.deadline_s * 990_000
            )
            run.take_candidate(Outcome(is_late=True) if is_late else outcome)

        run.due_s = time.monotonic() + self._terms.deadline_s
        task = asyncio.get_running_loop().create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._reporter.begin(run)
        return task


def _dice(sides: int) -> int:
    """A number below ``sides``; the low bits of a new id are random."""
    return (new_id().int & 0xFFFFFFFFFF) % sides
