"""Steps that a person takes with a route: advance, hold, release, approve."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import click

from banyan import migration
from banyan.commands.migrate.options import BY, FORCE, MARKETPLACE, PLAN, ROUTE, WHY
from banyan.commands.places import Place, execute, place_of
from banyan.kernel import SystemClock, Unavailable
from banyan.migration import Change, Phase

_CONFIRM_WAIT_S = 3.0
_POLL_S = 0.05
_GONE_AFTER = timedelta(minutes=1)


@click.command("advance")
@ROUTE
@WHY
@BY
@PLAN
@MARKETPLACE
@FORCE
def advance(
    route: str, why: str, by: str, plan: str | None, marketplace: str | None, force: bool
) -> None:
    """Take ROUTE its next step now."""

    async def go() -> None:
        async with place_of(marketplace) as place:
            async with place.transaction(by) as tx:
                stored = await migration.find_plan(tx, plan)
                change = await migration.advance(
                    tx, stored.plan_id, route, by=by, why=why, is_forced=force
                )
            click.echo(step_words(change))
            if not await is_effective(place, change):
                click.echo(await _why_not_yet(place, change))

    execute(go())


async def _why_not_yet(place: Place, change: Change) -> str:
    async with place.transaction() as tx:
        status = await migration.status_of(tx, change.plan_id)
    beat = status.controller
    if beat is None or SystemClock().now() - beat.beat_at > _GONE_AFTER:
        return "It takes effect once a control plane leads the plan (`banyan gateway`)."
    return (
        f"The control plane {beat.holder} hasn't said within {_CONFIRM_WAIT_S:g} s that it is in "
        "effect; `banyan migrate history` shows when it is."
    )


def step_words(change: Change) -> str:
    share = f", {change.to_bp / 100:g} % of customers" if change.to_bp else ""
    return f"{change.route} is in {change.to_phase.value}{share}."


async def is_effective(place: Place, change: Change) -> bool:
    """Whether the data plane confirms a change soon."""

    async def is_confirmed() -> bool:
        async with place.transaction() as tx:
            found = await migration.find_change(tx, change.plan_id, change.route, change.change)
        return found is not None and found.effective_at is not None

    return await soon(is_confirmed, within_s=_CONFIRM_WAIT_S)


async def soon(holds: Callable[[], Awaitable[bool]], *, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            while not await holds():  # noqa: ASYNC110 - what others commit sets no event of ours
                await asyncio.sleep(_POLL_S)
    except (TimeoutError, Unavailable):
        return False
    return True


def _changed(name: str, about: str, done: str) -> click.Command:
    """A command that changes what holds of a route without moving it."""
    act = {"hold": migration.hold, "release": migration.release}[name]

    @click.command(name, help=about)
    @ROUTE
    @WHY
    @BY
    @PLAN
    @MARKETPLACE
    def command(route: str, why: str, by: str, plan: str | None, marketplace: str | None) -> None:
        async def go() -> Change | None:
            async with place_of(marketplace) as place, place.transaction(by) as tx:
                stored = await migration.find_plan(tx, plan)
                return await act(tx, stored.plan_id, route, by=by, why=why)

        change = execute(go())
        click.echo(f"{route} {done}." if change is not None else f"{route}: nothing changes.")

    return command


hold = _changed("hold", "Keep ROUTE where it is until it is released.", "is held")
release = _changed("release", "Let a held ROUTE go on; it is judged anew.", "is released")


@click.command("approve")
@ROUTE
@WHY
@BY
@PLAN
@MARKETPLACE
@click.option(
    "--phase",
    type=click.Choice([phase.value for phase in Phase]),
    help="The phase you mean; it has to be the next.",
)
def approve(
    route: str, why: str, by: str, plan: str | None, marketplace: str | None, phase: str | None
) -> None:
    """Say yes to the next phase of ROUTE.

    The step follows once all else holds.
    """

    async def go() -> Change | None:
        async with place_of(marketplace) as place, place.transaction(by) as tx:
            stored = await migration.find_plan(tx, plan)
            return await migration.approve(
                tx,
                stored.plan_id,
                route,
                by=by,
                why=why,
                phase=None if phase is None else Phase(phase),
            )

    change = execute(go())
    said = "nothing changes; it was approved before" if change is None else "approved"
    click.echo(f"{route}: {said}.")
