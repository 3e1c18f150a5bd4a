"""How the answers of a route are compared, as its plan says."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from banyan.comparison import Comparing, IgnoreRule, InvalidRule, MaskingRule, comparing
from banyan.migration.model.plan import Plan, RoutePlan


def how_of(plan: Plan, route: RoutePlan, key: bytes | None = None) -> Comparing:
    """``InvalidRule`` where a rule of the plan can't be used. ``key`` is the plan's for masking."""
    compare = route.compare
    return comparing(
        body=compare.body,
        headers=compare.headers,
        numbers=compare.numbers,
        unordered=compare.unordered,
        ignore=[
            IgnoreRule(path=rule.path, pattern=rule.pattern)
            for rule in plan.noise
            if not rule.routes or route.name in rule.routes
        ],
        masking=[
            MaskingRule(path=rule.path, field=rule.field, pattern=rule.pattern)
            for rule in plan.masking
        ],
        key=key,
        hosts=hosts_of(plan),
    )


def hosts_of(plan: Plan) -> frozenset[str]:
    """Where the sides and the gateway are: names of one place, to a customer."""
    urls = (plan.legacy, *plan.candidates.values())
    return frozenset({plan.gateway.listen, *(urlsplit(url).netloc for url in urls)})


def rule_faults(plan: Plan) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where the plan says how to compare in a way that can't be used."""
    for at, rule in enumerate(plan.noise):
        if rule.path is None and rule.pattern is None:
            yield ("noise", at), "A noise rule needs a path, a pattern, or both."
        else:
            yield from _fault(
                ("noise", at), ignore=[IgnoreRule(path=rule.path, pattern=rule.pattern)]
            )
    for at, mask in enumerate(plan.masking):
        if mask.path is None and mask.pattern is None and mask.field is None:
            yield ("masking", at), "A mask needs a path, a field or a pattern."
        else:
            yield from _fault(
                ("masking", at),
                masking=[MaskingRule(path=mask.path, field=mask.field, pattern=mask.pattern)],
            )
    for at, route in enumerate(plan.routes):
        yield from _fault(("routes", at, "compare", "unordered"), unordered=route.compare.unordered)


def _fault(
    path: tuple[str | int, ...],
    *,
    ignore: list[IgnoreRule] | None = None,
    masking: list[MaskingRule] | None = None,
    unordered: tuple[str, ...] = (),
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    try:
        comparing(ignore=ignore or [], masking=masking or [], unordered=unordered)
    except InvalidRule as error:
        yield path, error.detail
