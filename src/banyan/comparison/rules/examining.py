"""One captured request, compared and masked: from here on nothing personal is left in it."""

from collections.abc import Mapping
from datetime import datetime

from banyan.comparison.model import Finding
from banyan.difference import Answer, Asked, Comparing, Masker, Side, compare

_KEPT_HEADERS = (
    "accept", "accept-language", "content-type", "host", ":authority", "user-agent",
    "x-requested-with", "hx-request", "origin",
)  # fmt: skip


def examine(
    route: str,
    request_id: str,
    asked: Asked,
    *,
    primary_arm: Side,
    primary: Answer,
    legacy: Answer | None,
    candidate: Answer | None,
    how: Comparing,
    at: datetime,
    version: str = "",
    context: Mapping[str, str] | None = None,
) -> Finding | None:
    """What came of one request; None where only one side has answered.

    ``primary`` went to the customer and came from ``primary_arm``; ``legacy`` and ``candidate`` are
    the shadows. The second answer of the primary's side is the baseline of noise; it may be missing.
    It takes milliseconds and no input or output: call it in a thread or a process of its own.
    """
    assert how.masker.is_on, "give comparing() the plan's masking key: what is found is stored"
    ours, theirs = (primary, candidate) if primary_arm == "legacy" else (legacy, primary)
    if ours is None or theirs is None:
        return None
    return Finding(
        request_id=request_id,
        route=route,
        at=at,
        asked=masked(asked, how.masker),
        comparison=compare(
            ours,
            theirs,
            legacy if primary_arm == "legacy" else candidate,
            how,
            asked=asked,
            baseline_of=primary_arm,
        ),
        primary_arm=primary_arm,
        legacy_status=ours.status,
        candidate_status=theirs.status,
        legacy_us=ours.duration_us,
        candidate_us=theirs.duration_us,
        version=version,
        context=context or {},
    )


def masked(asked: Asked, masker: Masker) -> Asked:
    """How to ask again: the headers that matter, and the names of cookies without their values."""
    headers = [
        (name, masker.header(name, value)) for name, value in asked.headers if name in _KEPT_HEADERS
    ]
    names = [
        masker.text(part.partition("=")[0].strip())
        for name, value in asked.headers
        if name == "cookie"
        for part in value.split(";")
        if part.strip()
    ]
    if names:
        headers.append(("cookie", "; ".join(f"{name}=…" for name in names[:40])))
    return Asked(asked.method[:20], masker.url(asked.path), tuple(headers[:20]))
