"""What the gateway is told: a plan and where its routes stand, as a ``GatewaySpec``."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from banyan.gateway import (
    BP,
    Cookies,
    FallBack,
    GatewaySpec,
    Identity,
    PathMatch,
    RouteSpec,
    Shadow,
    Upstream,
)
from banyan.migration.model.plan import Phase, Plan, RoutePlan, ShadowPlan
from banyan.migration.model.standing import Position
from banyan.migration.rules.phases import may_lag, shares_data
from banyan.migration.rules.units import basis_points, milliseconds

_COMPARED = (Phase.SHADOW, Phase.CANARY, Phase.RAMP, Phase.CANDIDATE)


def spec_of(plan: Plan, positions: Mapping[str, Position]) -> GatewaySpec:
    """The gateway of a plan; a route without a position is in ``legacy``."""
    host, _, port = plan.gateway.listen.rpartition(":")
    return GatewaySpec(
        name=plan.plan,
        host="127.0.0.1" if host == "localhost" else host.strip("[]"),  # Envoy knows no names here
        port=int(port),
        legacy=_upstream("legacy", plan.legacy),
        candidates=tuple(_upstream(name, url) for name, url in plan.candidates.items()),
        routes=tuple(
            _route(plan, route, positions.get(route.name, Position(Phase.LEGACY)))
            for route in plan.routes
        ),
        identity=Identity(cookie=plan.gateway.identity.cookie, header=plan.gateway.identity.header),
        cookies=Cookies(
            legacy=plan.gateway.cookies.legacy, candidate=plan.gateway.cookies.candidate
        ),
    )


def match_of(route: RoutePlan) -> PathMatch:
    """Which paths a route takes; of a checked plan exactly one of the three is there."""
    if route.regex is not None:
        return PathMatch("regex", route.regex)
    if route.prefix is not None:
        return PathMatch("prefix", route.prefix)
    assert route.path is not None, "a checked plan says which paths"
    return PathMatch("template" if "{" in route.path else "exact", route.path)


def _route(plan: Plan, route: RoutePlan, at: Position) -> RouteSpec:
    is_retired = at.phase == Phase.RETIRED
    return RouteSpec(
        name=route.name,
        match=match_of(route),
        methods=route.methods,
        candidate=plan.candidate_of(route),
        read_bp=BP if is_retired else at.read_bp,
        writes_to=at.writes_to,
        # Where no set of data has to be verified both sides share it, so that either may take a write.
        writes_fall_back=at.writes_to == "candidate" and shares_data(plan, route),
        legacy_after_write=is_legacy_asked_after_write(plan, route, at),
        is_remembered=route.legacy_after_write,
        fall_back=None if is_retired else _fall_back(route),
        shadow=_shadow(route.shadow or plan.shadow, at),
        timeout_ms=None if route.timeout is None else milliseconds(route.timeout),
        is_retired=is_retired,
    )


def is_legacy_asked_after_write(plan: Plan, route: RoutePlan, at: Position) -> bool:
    """Whether customers who have just written at legacy read there, whatever the weight."""
    return at.phase in _COMPARED and route.legacy_after_write and may_lag(plan, route)


def _fall_back(route: RoutePlan) -> FallBack | None:
    if route.fall_back is None:
        return None
    return FallBack(
        after_ms=milliseconds(route.fall_back.after),
        buffer_bytes_max=route.fall_back.buffer_bytes_max,
    )


def _shadow(shadow: ShadowPlan, at: Position) -> Shadow:
    """Writes are shadowed at the candidate only as long as it doesn't take them for good."""
    name, _, value = shadow.dry_run_header.partition(":")
    return Shadow(
        sample_bp=basis_points(shadow.sample) if at.phase in _COMPARED else 0,
        writes=shadow.writes if at.writes_to == "legacy" else "never",
        dry_run_header=(name.strip().lower(), value.strip()),
        body_bytes_max=shadow.body_bytes_max,
    )


def _upstream(name: str, url: str) -> Upstream:
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    return Upstream(name, parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls)
