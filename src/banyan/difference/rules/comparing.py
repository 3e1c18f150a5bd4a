"""Two answers to the same request, and what of their difference is more than chance."""

from banyan.difference.model import Answer, Asked, BodyKind, Comparison, Side
from banyan.difference.rules.bodies import Read, compare_bodies
from banyan.difference.rules.cookies import compare_cookies
from banyan.difference.rules.headers import compare_headers
from banyan.difference.rules.how import Comparing
from banyan.difference.rules.sheet import Sheet

_WITHOUT_BODY = frozenset({204, 205, 304})


def compare(
    legacy: Answer,
    candidate: Answer,
    baseline: Answer | None = None,
    how: Comparing | None = None,
    *,
    asked: Asked | None = None,
    baseline_of: Side = "legacy",
) -> Comparison:
    """What differs between the sides, without what differs within one at the same moment.

    ``baseline`` is a second answer of the side ``baseline_of``. A difference between the sides is
    noise where the same place differs in the same way between the two answers of one. Never raises
    for what an answer holds. Equal answers give no difference; swapped sides the mirrored ones.
    """
    how = (how or Comparing()).at_host(_host(asked))
    pages: Read = {}
    found, body = _differences(legacy, candidate, asked, how, pages)
    if baseline is None:
        return Comparison(
            differences=tuple(found.found), is_whole=_is_whole(found, legacy, candidate), body=body
        )
    own = legacy if baseline_of == "legacy" else candidate
    pair = (own, baseline) if baseline_of == "legacy" else (baseline, own)
    within, _ = _differences(*pair, asked, how, pages)
    places = {(one.path, one.kind) for one in within.found}
    return Comparison(
        differences=tuple(d for d in found.found if (d.path, d.kind) not in places),
        noise=tuple(d for d in found.found if (d.path, d.kind) in places),
        baseline=frozenset(d.key for d in within.found),
        is_unsteady=own.status != baseline.status and not how.ignores_place("status", []),
        is_whole=_is_whole(found, legacy, candidate),
        body=body,
    )


def _differences(
    legacy: Answer, candidate: Answer, asked: Asked | None, how: Comparing, pages: Read
) -> tuple[Sheet, BodyKind]:
    sheet = Sheet(how.masker)
    one, two = str(legacy.status), str(candidate.status)
    is_other = one != two and not how.ignores_place("status", [one, two])
    if is_other:
        sheet.note("status", "changed", one, two, shapes=(one, two))
    compare_headers(legacy, candidate, asked, how, sheet)
    if "set-cookie" in how.headers:
        compare_cookies(legacy, candidate, how, sheet)
    if is_other or _has_no_body(legacy, asked) or _has_no_body(candidate, asked):
        return sheet, "none"
    return sheet, compare_bodies(legacy, candidate, how, sheet, pages)


def _has_no_body(answer: Answer, asked: Asked | None) -> bool:
    """None is to be expected, or nobody sees it (what a redirection says)."""
    return (
        answer.status in _WITHOUT_BODY
        or 300 <= answer.status < 400
        or (asked is not None and asked.method == "HEAD")
    )


def _host(asked: Asked | None) -> str | None:
    if asked is None:
        return None
    return next((v for k, v in asked.headers if k in ("host", ":authority")), None)


def _is_whole(sheet: Sheet, legacy: Answer, candidate: Answer) -> bool:
    return sheet.is_whole and not legacy.is_cut and not candidate.is_cut
