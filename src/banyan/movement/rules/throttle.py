"""How long to rest after reading, so that the database's own users don't notice."""

from banyan.movement.model import Throttle

_REST_S_MAX = 5.0
_FORGETS = 1.002
"""The best time so far grows by so much with each look, so that one lucky one doesn't stay."""


class Pace:
    """Keeps the rate below the plan's, and backs off while the database is slower than at best."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._best_s: float | None = None

    def rest_s(self, rows: int, took_s: float) -> float:
        """Seconds to rest after ``rows`` were read in ``took_s``."""
        if rows <= 0:
            return 0.0
        by_rate = rows / self._throttle.rows_per_s - took_s if self._throttle.rows_per_s else 0.0
        per_row_s = max(took_s / rows, 1e-7)
        best_s = per_row_s if self._best_s is None else min(self._best_s * _FORGETS, per_row_s)
        self._best_s = best_s
        excess = per_row_s / (best_s * self._throttle.latency_factor)
        by_latency = took_s * excess if excess > 1 else 0.0
        return min(max(by_rate, by_latency, 0.0), max(_REST_S_MAX, by_rate))
