"""Reports of experiments, sent from a thread of their own, so that nobody waits for them."""

import atexit
import hashlib
import json
import logging
import os
import queue
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from banyan.experiment.runs import Outcome, Run, differences_of
from banyan.kernel import new_id

_log = logging.getLogger(__name__)

_TICK_S = 0.2
_BATCH_MAX = 100
_DIFFERENCES_MAX = 20
_OBSERVATIONS_MAX = 25
"""Of a request: the API takes no more than a megabyte."""
_TRIES_MAX = 3


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: the key is for no one but who was named."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


@dataclass(frozen=True, slots=True)
class Figures:
    """Since the process began: runs ``compared`` and of them ``different``; ``sent`` to Banyan;
    ``dropped`` because the queue was full or Banyan couldn't be reached; ``skipped`` because too many
    candidates were still running."""

    compared: int = 0
    different: int = 0
    sent: int = 0
    dropped: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class _Report:
    """One request to send; under its key it is taken once, however often it is sent."""

    body: bytes
    runs: int
    key: str
    tries: int = 0
    not_before_s: float = 0.0


class Reporter:
    """Compares complete runs and sends what came of them to Banyan; one for each process.

    ``url`` is Banyan's, ``key`` an API key with the scope ``divergences:write``; ``plan`` the plan
    that experiments are counted in. A full queue (``queue_max``) drops, and counts. What is left is
    sent when the process ends, for at most ``exit_wait_s``. After a fork the child has its own thread.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        plan: str | None = None,
        every_s: float = 5.0,
        timeout_s: float = 10.0,
        queue_max: int = 1_000,
        exit_wait_s: float = 3.0,
    ) -> None:
        assert url.startswith(("http://", "https://")), "the URL of Banyan, such as https://…"
        self._url = url.rstrip("/") + "/v1/divergence_reports"
        self._key = key
        self._plan = plan
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._queue_max = queue_max
        self._exit_wait_s = exit_wait_s
        self.masking_key = hashlib.sha256(b"masking of experiments\0" + key.encode()).digest()
        """Of this key's pseudonyms: alike in all processes of the application."""
        self._reset()
        atexit.register(self.close)

    @property
    def figures(self) -> Figures:
        with self._lock:
            return self._figures

    def begin(self, run: Run) -> None:
        """Watch a run: its candidate may be late, or never end."""
        self._ensure_thread()
        self._put(self._pending, run)

    def complete(self, run: Run) -> None:
        self._ensure_thread()
        self._put(self._complete, run)

    def skip(self) -> None:
        with self._lock:
            self._figures = replace(self._figures, skipped=self._figures.skipped + 1)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Send what there is; whether all of it was taken in time."""
        if self._thread is None:
            return True
        done = threading.Event()
        self._flushes.put(done)
        return done.wait(timeout_s)

    def close(self) -> None:
        """Send what there is, and stop."""
        if self._thread is None or self._pid != os.getpid():
            return
        self.flush(self._exit_wait_s)
        self._is_closing.set()
        self._thread.join(self._exit_wait_s)
        atexit.unregister(self.close)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._figures = Figures()
        self._pending: queue.Queue[Run] = queue.Queue(self._queue_max)
        self._complete: queue.Queue[Run] = queue.Queue(self._queue_max)
        self._flushes: queue.Queue[threading.Event] = queue.Queue()
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._watched: list[Run] = []
        self._equal: Counter[str] = Counter()
        self._observed: dict[str, list[dict[str, Any]]] = {}
        self._unsent: list[_Report] = []

    def _ensure_thread(self) -> None:
        if self._thread is not None and self._pid == os.getpid():
            return
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="banyan-reporter", daemon=True)
                self._thread = thread
                thread.start()

    def _put(self, where: "queue.Queue[Run]", run: Run) -> None:
        try:
            where.put_nowait(run)
        except queue.Full:
            if where is self._complete:
                self._drop(1)

    def _drop(self, count: int) -> None:
        with self._lock:
            self._figures = replace(self._figures, dropped=self._figures.dropped + count)

    def _work(self) -> None:
        last_s = time.monotonic()
        while not self._is_closing.is_set():
            try:
                flush = self._gather()
                if (
                    flush is not None
                    or time.monotonic() - last_s >= self._every_s
                    or self._is_full()
                ):
                    last_s = time.monotonic()
                    self._send_all(is_last=flush is not None)
                if flush is not None:
                    flush.set()
            except Exception:  # the application goes on, and so do later reports
                _log.exception("could not report an experiment")

    def _is_full(self) -> bool:
        return any(len(observed) >= _BATCH_MAX for observed in self._observed.values())

    def _gather(self) -> threading.Event | None:
        """Compare what is complete; wait a moment if nothing is. A flush that was asked for."""
        flush = None if self._flushes.empty() else self._flushes.get()
        try:
            run = self._complete.get(timeout=0 if flush else _TICK_S)
            for _ in range(self._queue_max):
                self._compare(run)
                run = self._complete.get_nowait()
        except queue.Empty:
            pass
        while not self._pending.empty():
            self._watched.append(self._pending.get())
        now_s = time.monotonic()
        for run in self._watched:
            if run.due_s <= now_s and run.control is not None:
                run.take_candidate(Outcome(is_late=True))
        self._watched = [run for run in self._watched if not run.is_settled]
        return flush

    def _compare(self, run: Run) -> None:
        differences = differences_of(run)
        name = run.terms.name
        with self._lock:
            known = self._figures
            self._figures = replace(
                known,
                compared=known.compared + 1,
                different=known.different + bool(differences),
            )
        if not differences:
            self._equal[name] += 1
            return
        observed = self._observed.setdefault(name, [])
        if len(observed) >= 2 * _BATCH_MAX:
            self._drop(1)
            return
        masker = run.terms.how.masker
        observed.append(
            {
                "id": run.id,
                "at": run.at.isoformat(),
                "differences": [
                    {
                        "path": one.path,
                        "pattern": one.pattern,
                        "kind": one.kind,
                        "legacy": one.legacy,
                        "candidate": one.candidate,
                        "legacy_shape": one.legacy_shape,
                        "candidate_shape": one.candidate_shape,
                        "detail": one.detail[:80],
                    }
                    for one in differences[:_DIFFERENCES_MAX]
                ],
                "control_us": run.control.took_us if run.control else 0,
                "candidate_us": run.candidate.took_us if run.candidate else 0,
                "version": run.terms.version,
                "context": _context(run.context, masker.named),
            }
        )

    def _send_all(self, *, is_last: bool) -> None:
        for name in sorted({*self._equal, *self._observed}):
            observed = self._observed.pop(name, [])
            equal = self._equal.pop(name, 0)
            for start in range(0, max(len(observed), 1), _OBSERVATIONS_MAX):
                some = observed[start : start + _OBSERVATIONS_MAX]
                body: dict[str, Any] = {"experiment": name, "equal": equal, "observations": some}
                if self._plan:
                    body["plan"] = self._plan
                self._unsent.append(
                    _Report(json.dumps(body).encode(), equal + len(some), str(new_id()))
                )
                equal = 0
        now_s = time.monotonic()
        waiting = self._unsent
        self._unsent = []
        for report in waiting:
            if report.not_before_s > now_s and not is_last:
                self._unsent.append(report)
            else:
                self._send(report)

    def _send(self, report: _Report) -> None:
        outcome = self._post(report)
        if outcome == "taken":
            with self._lock:
                self._figures = replace(self._figures, sent=self._figures.sent + report.runs)
        elif outcome == "later" and report.tries + 1 < _TRIES_MAX and len(self._unsent) < 20:
            wait_s = self._every_s * 2**report.tries
            self._unsent.append(
                replace(report, tries=report.tries + 1, not_before_s=time.monotonic() + wait_s)
            )
        else:
            self._drop(report.runs)

    def _post(self, report: _Report) -> str:
        request = urllib.request.Request(  # noqa: S310  # the URL was checked
            self._url,
            data=report.body,
            method="POST",
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/json",
                "Idempotency-Key": report.key,
            },
        )
        try:
            with _OPENER.open(request, timeout=self._timeout_s) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status = error.code
            if status in (408, 409, 425, 429) or status >= 500:
                return "later"
            _log.warning("Banyan refused a report of experiments: HTTP %d", status)
            return "refused"
        except OSError as error:
            _log.warning("could not send a report of experiments: %s", error)
            return "later"
        return "taken"


def _context(context: Mapping[str, str], named: Any) -> dict[str, str]:
    return {str(key)[:80]: named(str(key), str(context[key])) for key in [*context][:20]}
