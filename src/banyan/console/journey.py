"""The eight steps of an order as the page shows them."""

from collections.abc import Sequence
from datetime import datetime

from banyan.console.look import took, words
from banyan.console.views.orders import Step, StepState
from banyan.orders import JOURNEY, Order, OrderState
from banyan.runtime import StoredEvent

_WAITS_AT = {
    OrderState.UNMATCHED: OrderState.MATCHED,
    OrderState.IN_REVIEW: OrderState.CHECKED,
}
"""Where the journey stands still until a person has decided."""


def steps(order: Order, events: Sequence[StoredEvent]) -> tuple[Step, ...]:
    """Which steps are done and when, which one waits or was stopped, what is promised."""
    times = {event.type.removeprefix("order."): event for event in events}
    reached = [state for state in JOURNEY if state in times or _is_behind(order, state)]
    rest = [state for state in JOURNEY if state not in reached]
    done = [Step(words(state), StepState.DONE, _done(order, times.get(state))) for state in reached]
    todo = [Step(words(state), StepState.TODO, _promise(order, state)) for state in rest]
    state = OrderState(order.state)
    if state in _WAITS_AT and rest:
        todo[0] = Step(words(rest[0]), StepState.NOW, words(state).lower())
    elif state == OrderState.DISPUTED and rest:
        todo[0] = Step(words(rest[0]), StepState.NOW, "disputed")
    elif state not in JOURNEY and rest:
        todo[0] = Step(words(rest[0]), StepState.STOPPED, words(state).lower())
    return (*done, *todo)


def _is_behind(order: Order, step: OrderState) -> bool:
    """A step of the straight way that the order must have taken to be where it is."""
    stage = _WAITS_AT.get(order.stage)
    if stage is not None:
        return JOURNEY.index(step) < JOURNEY.index(stage)
    return order.stage in JOURNEY and JOURNEY.index(step) <= JOURNEY.index(order.stage)


def _done(order: Order, event: StoredEvent | None) -> str:
    if event is None:
        return ""
    took_ms = event.payload.get("took_ms")
    if isinstance(took_ms, int | float):
        return f"{took_ms:.1f} ms" if took_ms < 10 else f"{took_ms:.0f} ms"
    at = event.occurred_at
    if at.date() == order.placed_at.date():
        return f"{at:%H:%M:%S}"
    return f"{_short(at)}, after {took(at - order.placed_at)}"


def _promise(order: Order, step: OrderState) -> str:
    if step == OrderState.SHIPPED and order.ship_by_at:
        return f"by {_short(order.ship_by_at)}"
    if step == OrderState.DELIVERED and order.promised_at:
        return f"by {_short(order.promised_at)}"
    return ""


def _short(at: datetime) -> str:
    return f"{at.day} {at:%b}"
