"""How fast a key may call: GCRA (a leaky bucket kept as one number), in this process.

With several API processes each allows the whole quota; the limit guards against a runaway client,
it does not meter.
"""

import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from banyan.runtime.http.answers import Headers
from banyan.runtime.http.errors import RateExceeded

_KEYS_MAX = 10_000
_SECOND_NS = 1_000_000_000
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rate:
    """``quota`` requests in ``window_s`` seconds, of which all may come at once."""

    quota: int
    window_s: int = 60


class RateLimiter(Generic[Key]):
    """One rate class. Time is counted in nanoseconds of the machine's steady clock."""

    def __init__(self, name: str, rate: Rate) -> None:
        assert rate.quota > 0, "a rate allows something"
        self._window_ns = rate.window_s * _SECOND_NS
        self._step_ns = max(self._window_ns // rate.quota, 1)
        self._full_at_ns: dict[Key, int] = {}
        self._policy = (
            b"ratelimit-policy",
            f'"{name}";q={rate.quota};w={rate.window_s}'.encode(),
        )
        self._state = f'"{name}";r=%d;t=%d'.encode()

    def take(self, key: Key, headers: Headers, now_ns: int | None = None) -> None:
        """Takes one request of ``key`` and tells how many are left; else ``RateExceeded``."""
        now = time.monotonic_ns() if now_ns is None else now_ns
        full_at = max(self._full_at_ns.get(key, 0), now) + self._step_ns
        room = now + self._window_ns - full_at
        headers.append(self._policy)
        if room < 0:
            headers.append((b"ratelimit", self._state % (0, _seconds(-room))))
            raise RateExceeded(_seconds(-room))
        if len(self._full_at_ns) >= _KEYS_MAX:
            self._forget_idle(now)
        self._full_at_ns[key] = full_at
        left = (b"ratelimit", self._state % (room // self._step_ns, _seconds(full_at - now)))
        headers.append(left)

    def _forget_idle(self, now: int) -> None:
        self._full_at_ns = {key: at for key, at in self._full_at_ns.items() if at > now}


def _seconds(duration_ns: int) -> int:
    return max(-(-duration_ns // _SECOND_NS), 1)
