"""How much a side can take at the same latency, out of a measurement under rising load."""

from collections.abc import Sequence
from statistics import median

from banyan.migration.model.report import Capacity, Estimate, LoadPoint, LoadRun, Measurement

NEARLY_ALL = 0.9
ERRORS_MAX = 0.01


def capacity_of(measurement: Measurement) -> Capacity | None:
    """Both sides' requests a second at the p99 that legacy has where it gives nearly all it can.

    None where a side was not measured, or answered with errors only.
    """
    legacy = [run for run in measurement.runs if run.side == "legacy" and _good(run)]
    candidate = [run for run in measurement.runs if run.side == "candidate" and _good(run)]
    if not legacy or not candidate:
        return None
    limit_us = round(median(_knee(run).p99_us for run in legacy))
    return Capacity(
        limit_us=limit_us,
        legacy=_spanned([_within(run, limit_us) for run in legacy]),
        candidate=_spanned([_within(run, limit_us) for run in candidate]),
        is_client_bound=any(run.is_client_bound for run in candidate),
        measured_at=measurement.measured_at,
    )


def _good(run: LoadRun) -> list[LoadPoint]:
    """Points whose answers were answers: a side that refuses quickly has no capacity."""
    return [
        point
        for point in run.points
        if point.requests and point.errors <= ERRORS_MAX * point.requests
    ]


def _knee(run: LoadRun) -> LoadPoint:
    points = _good(run)
    most = max(point.per_second for point in points)
    return next(point for point in points if point.per_second >= NEARLY_ALL * most)


def _within(run: LoadRun, limit_us: int) -> float:
    """The highest rate with p99 within the limit, between two points as if all went straight."""
    best = 0.0
    before: LoadPoint | None = None
    for point in _good(run):
        if point.p99_us <= limit_us:
            best = max(best, point.per_second)
        elif before is not None and before.p99_us < limit_us < point.p99_us:
            part = (limit_us - before.p99_us) / (point.p99_us - before.p99_us)
            best = max(best, before.per_second + part * (point.per_second - before.per_second))
        before = point
    return best


def _spanned(found: Sequence[float]) -> Estimate:
    if len(found) == 1:
        return Estimate(found[0])
    return Estimate(median(found), min(found), max(found))
