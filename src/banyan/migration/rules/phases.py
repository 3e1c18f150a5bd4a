"""The way of a route: ``legacy → shadow → canary → ramp → candidate → retired``.

| phase | customers' reads | their writes | compared |
|---|---|---|---|
| legacy | legacy | legacy | no |
| shadow | legacy | legacy | a sample |
| canary | the first step's share to the candidate | legacy | a sample |
| ramp | the further steps, one after the other | legacy | a sample |
| candidate | candidate; legacy answers where it fails | candidate, once the data is verified | a sample |
| retired | candidate | candidate | no |

Writes move only if the plan says which data has to be verified (``data: []``: none has to, both sides
share a database). A plan that says nothing keeps them on legacy.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from msgspec import UNSET
from msgspec.structs import fields

from banyan.gateway import BP, SAFE_METHODS
from banyan.kernel import plural
from banyan.migration.model.plan import Criteria, Freeze, Phase, Plan, RoutePlan
from banyan.migration.model.standing import MilestoneStanding, Position, RouteStanding
from banyan.migration.rules.units import basis_points, percent

ORDER = {phase: place for place, phase in enumerate(Phase)}
STEPS = ("1%", "5%", "25%", "50%")
"""The weights of a route whose plan names none."""

_JUDGED = ("shadow", "canary", "ramp", "candidate")


def criteria_of(plan: Plan, route: RoutePlan, phase: Phase) -> Criteria:
    """What holds in a phase: the route's word, else the plan's; what neither says is UNSET."""
    if phase.value not in _JUDGED:
        return Criteria()
    own: Criteria = getattr(route.criteria, phase.value)
    common: Criteria = getattr(plan.criteria, phase.value)
    values = {
        entry.name: getattr(common if getattr(own, entry.name) is UNSET else own, entry.name)
        for entry in fields(Criteria)
    }
    return Criteria(**values)


def steps_of(plan: Plan, route: RoutePlan) -> tuple[int, ...]:
    """The weights of canary and ramp, in basis points, rising."""
    steps = criteria_of(plan, route, Phase.RAMP).steps
    return tuple(basis_points(step) for step in (STEPS if steps is UNSET or not steps else steps))


def takes_writes(route: RoutePlan) -> bool:
    return not route.methods or any(method not in SAFE_METHODS for method in route.methods)


def moves_writes(plan: Plan, route: RoutePlan) -> bool:
    """Whether the route's writes go to the candidate in the end."""
    if route.writes == "legacy" or not takes_writes(route):
        return False
    return any(criteria_of(plan, route, phase).data is not UNSET for phase in _BEFORE_CUTOVER)


_BEFORE_CUTOVER = (Phase.SHADOW, Phase.CANARY, Phase.RAMP)


def shares_data(plan: Plan, route: RoutePlan) -> bool:
    """Whether the plan says that both sides have one database: ``data: []``."""
    said = [criteria_of(plan, route, phase).data for phase in _BEFORE_CUTOVER]
    return any(data is not UNSET for data in said) and not data_before_cutover(plan, route)


def may_lag(plan: Plan, route: RoutePlan) -> bool:
    """Whether the candidate's data comes from legacy a moment later: the plan moves data, and the route
    doesn't say that both sides share it."""
    return bool(plan.data) and not shares_data(plan, route)


def data_before_cutover(plan: Plan, route: RoutePlan) -> tuple[str, ...]:
    """The data sets that must be verified before the candidate takes writes."""
    named: dict[str, None] = {}
    for phase in _BEFORE_CUTOVER:
        data = criteria_of(plan, route, phase).data
        named.update(dict.fromkeys(() if data is UNSET else data))
    return tuple(named)


def path_of(plan: Plan, route: RoutePlan) -> tuple[Position, ...]:
    """Every position of a route's way, in order."""
    canary, *ramp = steps_of(plan, route)
    writes_to = "candidate" if moves_writes(plan, route) else "legacy"
    return (
        Position(Phase.LEGACY),
        Position(Phase.SHADOW),
        Position(Phase.CANARY, read_bp=canary),
        *(Position(Phase.RAMP, step, bp) for step, bp in enumerate(ramp)),
        Position(Phase.CANDIDATE, read_bp=BP, writes_to=writes_to),
        Position(Phase.RETIRED, read_bp=BP, writes_to=writes_to),
    )


def next_position(path: Sequence[Position], at: Position) -> Position | None:
    """The first position ahead, None at the end.

    A plan whose steps have changed under a route never takes weight away: what is ahead has a later
    phase, or more weight.
    """
    for ahead in path:
        is_later = ORDER[ahead.phase] > ORDER[at.phase]
        is_more = ahead.phase == at.phase and ahead.read_bp > at.read_bp
        if (is_later or is_more) and ahead.read_bp >= at.read_bp:
            return ahead
    return None


def position_back(at: Position, *, is_legacy_there: bool = False) -> Position | None:
    """Where a rollback leads: out of customers' way. None: there is nothing to roll back.

    From ``retired`` only where somebody knows that legacy is still there.
    """
    if at.phase == Phase.LEGACY or (at.phase == Phase.RETIRED and not is_legacy_there):
        return None
    return Position(Phase.LEGACY if at.phase == Phase.SHADOW else Phase.SHADOW)


def freeze_of(plan: Plan, route: str, at: datetime) -> Freeze | None:
    """The freeze window in which a route stands, the one that ends last."""
    found = [
        freeze
        for freeze in plan.freezes
        if freeze.start <= at < freeze.end and (not freeze.routes or route in freeze.routes)
    ]
    return max(found, key=lambda freeze: freeze.end, default=None)


def describe(at: Position) -> str:
    """A position in a few words.

    >>> describe(Position(Phase.RAMP, 1, 2_500))
    'ramp, 25 % of customers'
    """
    if at.phase in (Phase.CANARY, Phase.RAMP):
        return f"{at.phase.value}, {percent(at.read_bp)} of customers"
    if at.phase == Phase.CANDIDATE and at.read_bp < BP:
        return f"{at.phase.value}, {percent(at.read_bp)} of customers"
    return at.phase.value


def milestones_of(
    plan: Plan, standings: Mapping[str, RouteStanding], today: date
) -> tuple[MilestoneStanding, ...]:
    """How each milestone stands today, the earliest first."""
    made: list[MilestoneStanding] = []
    for milestone in sorted(plan.milestones, key=lambda each: each.on):
        missing = tuple(
            name
            for name in milestone.routes
            if name not in standings or ORDER[standings[name].phase] < ORDER[milestone.phase]
        )
        days = (milestone.on - today).days
        state = "reached" if not missing else "late" if days < 0 else "on_time"
        made.append(
            MilestoneStanding(
                name=milestone.name,
                about=milestone.about,
                on=milestone.on,
                phase=milestone.phase,
                state=state,
                missing=missing,
                sentence=_milestone_sentence(len(milestone.routes), milestone.phase, missing, days),
            )
        )
    return tuple(made)


def _milestone_sentence(count: int, phase: Phase, missing: tuple[str, ...], days: int) -> str:
    if not missing:
        return f"All {count} routes have reached {phase.value}." if count > 1 else "Reached."
    when = f"{plural(days, 'day')} left" if days else "due today"
    when = f"{plural(-days, 'day')} late" if days < 0 else when
    return f"{', '.join(missing)} not yet in {phase.value}; {when}."
