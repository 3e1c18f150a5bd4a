"""From a declared set to its flows: databases opened, tables looked at, expressions compiled."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from banyan.movement.errors import SideUnavailable, TableUnfit
from banyan.movement.model import (
    DataSet,
    Declared,
    DeletionMark,
    FlowName,
    Polling,
    ReversePlan,
    SetPlan,
)
from banyan.movement.rules.changes import is_same_source, is_same_target
from banyan.movement.rules.expressions import BadExpression
from banyan.movement.rules.mapping import RowMap, Zones
from banyan.movement.rules.plan import reverse_of
from banyan.movement.rules.standing import seconds_of
from banyan.movement.rules.values import key_in
from banyan.movement.service.flow import Flow
from banyan.movement.service.sets import declared_of
from banyan.movement.sources.capture import Capture, NoCapture
from banyan.movement.sources.connection import Refused, Side, open_side, url_of
from banyan.movement.sources.logical import LogicalCapture
from banyan.movement.sources.polling import PollingCapture
from banyan.movement.sources.tables import Place, check_key, find_query, find_table, unique_over
from banyan.movement.sources.triggers import TriggerCapture, Watched
from banyan.movement.sources.writing import drop_fence, prepare_fence

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Moving:
    """A set with both of its databases. ``back`` None: there is no way back."""

    name: str
    plan: SetPlan
    source: Side
    target: Side
    forward: Flow
    back: Flow | None

    @property
    def writes_source(self) -> bool:
        """Whether anything of ours is ever written at the source."""
        return self.back is not None

    @property
    def is_guarded(self) -> bool:
        """Whether it is known what others write at the target."""
        return not isinstance(self.forward.guard, NoCapture)

    def install(self) -> None:
        """Make what is needed on both sides; again changes nothing."""
        prepare_fence(self.target)
        if self.writes_source:
            prepare_fence(self.source)
        self.forward.capture.install()
        if self.back is not None:
            self.back.capture.install()

    def remove(self) -> None:
        """Leave nothing of ours on either side."""
        self.forward.capture.remove()
        if self.back is not None:
            self.back.capture.remove()
        drop_fence(self.target, self.name)
        drop_fence(self.source, self.name)

    def close(self) -> None:
        self.source.close()
        self.target.close()


def build(data_set: DataSet, environment: Mapping[str, str] = os.environ) -> Moving:
    """Open a set's databases and make its flows.

    ``TableUnfit`` where a table isn't as the plan takes it to be, ``SideUnavailable``.
    """
    declared = declared_of(data_set)
    source = open_side("source", url_of(declared.source, environment, "source"))
    target = open_side("target", url_of(declared.target, environment, "target"))
    try:
        return _built(data_set, declared, source, target)
    except BaseException as error:
        source.close()
        target.close()
        if isinstance(error, BadExpression):
            raise TableUnfit(f"{data_set.name}: {error}.") from None
        if isinstance(error, Refused):
            raise TableUnfit(f"{data_set.name}: a database refuses: {error}.") from None
        raise


def remove_traces(
    before: Declared, now: Declared, environment: Mapping[str, str] = os.environ
) -> None:
    """Take away what is ours of a set as it was once declared, where it is another one now.

    A database that isn't the set's any more is left as it is if it can't be reached.
    """
    plan, back = before.set, reverse_of(before.set)
    back_changes = back.changes if back is not None else "none"
    for name, address, address_now, is_same, find, changes in (
        ("source", before.source, now.source, is_same_source, _origin, plan.changes),
        ("target", before.target, now.target, is_same_target, _destination, back_changes),
    ):
        if is_same(before, now):
            continue
        try:
            side = open_side(name, url_of(address, environment, name))
            try:
                _capture(changes, find(side, plan), plan, None).remove()
                drop_fence(side, plan.name)
            finally:
                side.close()
        except TableUnfit as error:  # its triggers went with it
            _log.info("%s, as it was before: %s", plan.name, error.detail)
        except (SideUnavailable, Refused) as error:
            if address == address_now:
                raise
            _log.warning("%s: what is left where it was before stays there: %s", plan.name, error)


def _origin(side: Side, plan: SetPlan) -> Place:
    source = plan.source
    if source.query is not None:
        return find_query(side, source.query, source.key)
    return find_table(side, source.schema, source.table or "", source.key)


def _destination(side: Side, plan: SetPlan) -> Place:
    return find_table(side, plan.target.schema, plan.target.table, plan.target.key)


def _built(data_set: DataSet, declared: Declared, source: Side, target: Side) -> Moving:
    plan = declared.set
    origin, destination = _origin(source, plan), _destination(target, plan)
    for column in plan.columns:
        if column not in destination.shapes:
            raise TableUnfit(f"{destination.name} of the target has no column {column}.")
    if not unique_over(destination, plan.target.key):
        raise TableUnfit(
            f"{destination.name} of the target needs a unique key over {', '.join(plan.target.key)}."
        )
    if plan.source.table is not None and not unique_over(origin, plan.source.key):
        raise TableUnfit(
            f"{origin.name} of the source has no unique key over {', '.join(plan.source.key)}."
        )
    for place in (origin, destination):
        if place.query is None:
            check_key(place)
    tail: dict[str, Any] = data_set.tail or {}
    capture = _capture(plan.changes, origin, plan, tail.get("forward"))
    back_plan = reverse_of(plan)
    guard: Capture = NoCapture()
    if back_plan is not None:
        guard = _capture(back_plan.changes, destination, plan, tail.get("reverse"))
    forward = Flow(
        name=FlowName.FORWARD,
        set_name=plan.name,
        origin=origin,
        destination=destination,
        row_map=_forward_map(plan, origin, destination),
        capture=capture,
        guard=guard,
        deletes=plan.target.deletes,
        scope=plan.target.scope,
    )
    back = _back(plan, back_plan, origin, destination, capture, guard) if back_plan else None
    return Moving(plan.name, plan, source, target, forward, back)


def _forward_map(plan: SetPlan, origin: Place, destination: Place) -> RowMap:
    conditions = [(plan.filter, True)] if plan.filter else []
    conditions += [(plan.soft_delete, False)] if plan.soft_delete else []
    return RowMap(
        columns=plan.columns,
        lookups=plan.lookups,
        origin=origin.shapes,
        origin_key=origin.key,
        destination=destination.shapes,
        key=plan.target.key,
        zones=Zones(plan.zone, plan.target_zone),
        compare=plan.compare,
        conditions=conditions,
    )


def _back(
    plan: SetPlan,
    back: ReversePlan,
    origin: Place,
    destination: Place,
    capture: Capture,
    guard: Capture,
) -> Flow:
    for column in back.columns:
        if column not in origin.shapes:
            raise TableUnfit(f"{origin.name} of the source has no column {column}.")
    conditions = [(plan.target.scope, True)] if plan.target.scope else []
    if isinstance(plan.target.deletes, DeletionMark):
        conditions.append((_name(plan.target.deletes.column), False))
    row_map = RowMap(
        columns=back.columns,
        lookups=back.lookups,
        origin=destination.shapes,
        origin_key=destination.key,
        destination=origin.shapes,
        key=origin.key,
        zones=Zones(plan.target_zone, plan.zone),
        compare={},
        conditions=conditions,
    )
    return Flow(
        name=FlowName.REVERSE,
        set_name=plan.name,
        origin=destination,
        destination=origin,
        row_map=row_map,
        capture=guard,
        guard=capture,
        scope=_source_scope(plan),
    )


def _source_scope(plan: SetPlan) -> str | None:
    """Which rows of the source the set has, as one expression."""
    parts = [f"({plan.filter})"] if plan.filter else []
    parts += [f"not ({plan.soft_delete})"] if plan.soft_delete else []
    return " and ".join(parts) or None


def _name(column: str) -> str:
    return column if column.isidentifier() else f'col("{column}")'


def _capture(changes: str | Polling, place: Place, plan: SetPlan, kept: Any) -> Capture:
    if isinstance(changes, Polling):
        if changes.polling not in place.shapes:
            raise TableUnfit(f"{place.name} has no column {changes.polling} to poll.")
        since = None if kept is None else key_in(kept)[0]
        every_s, overlap_s = seconds_of(changes.every), seconds_of(changes.overlap)
        return PollingCapture(place, changes, overlap_s, every_s, since)
    if changes == "none":
        return NoCapture()
    if changes == "logical":
        return LogicalCapture(place, plan.name)
    if place.query is not None:
        watched = [
            Watched(_schema(place.side, plan.source.schema), name, columns)
            for name, columns in plan.source.watch.items()
        ]
        return TriggerCapture(place, plan.name, watched)
    return TriggerCapture(place, plan.name)


def _schema(side: Side, schema: str | None) -> str | None:
    if schema is not None or side.dialect != "postgresql":
        return schema
    return side.inspect().default_schema_name
