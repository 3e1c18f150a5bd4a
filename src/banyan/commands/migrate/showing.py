"""What `banyan migrate status` and `history` print: where routes stand, and how they came there.

With `--json` nothing else is written to standard output, so that it can be piped.
"""

from datetime import timedelta
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from banyan import migration
from banyan.commands.places import execute, place_of
from banyan.kernel import SystemClock
from banyan.migration import Change, PlanStatus, RouteStatus

_ALIVE_WITHIN = timedelta(seconds=10)
_COLOURS = {"advance": "green", "hold": "yellow", "rollback": "red"}


def show_status(plan: str | None, marketplace: str | None, *, as_json: bool) -> None:
    async def read() -> PlanStatus:
        async with place_of(marketplace) as place, place.transaction() as tx:
            stored = await migration.find_plan(tx, plan)
            return await migration.status_of(tx, stored.plan_id)

    found: PlanStatus = execute(read())
    if as_json:
        click.echo(msgspec.json.encode(_status_json(found)).decode())
    else:
        _print_status(found)


def _status_json(status: PlanStatus) -> dict[str, Any]:
    stored = status.stored
    return {
        "plan": stored.name,
        "id": migration.PLAN.text(stored.plan_id),
        "version": stored.version,
        "routes": [
            {
                "route": each.plan.name,
                "phase": each.standing.phase.value,
                "read_bp": each.standing.read_bp,
                "writes_to": each.standing.writes_to,
                "change": each.standing.change,
                "held": each.standing.held_why or None,
                "verdict": each.verdict and each.verdict.verdict,
                "sentence": each.sentence,
                "next": each.next and migration.describe(each.next),
            }
            for each in status.routes
        ],
        "milestones": [msgspec.to_builtins(each) for each in status.milestones],
        "control_plane": status.controller and msgspec.to_builtins(status.controller),
    }


def _print_status(status: PlanStatus) -> None:
    terminal = Console(highlight=False)
    stored = status.stored
    terminal.print(
        f"[bold]{escape(status.plan.title or stored.name)}[/] · plan {stored.name}, version "
        f"{stored.version} of {stored.applied_at:%Y-%m-%d %H:%M} by {escape(stored.applied_by)}"
    )
    terminal.print(_control_plane(status), soft_wrap=True)
    for line in (*_unreached(status), *_followers(status)):
        terminal.print(line, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("route", no_wrap=True)
    table.add_column("phase", no_wrap=True)
    table.add_column("reads", justify="right", no_wrap=True)
    table.add_column("writes", no_wrap=True)
    table.add_column("next", no_wrap=True)
    table.add_column("verdict")
    for each in status.routes:
        table.add_row(*_row(each))
    terminal.print(table)
    for milestone in status.milestones:
        colour = {"reached": "green", "on_time": "", "late": "red"}[milestone.state]
        words = escape(f"{milestone.on}  {milestone.name}: {milestone.sentence}")
        terminal.print(f"[{colour}]{words}[/]" if colour else words, soft_wrap=True)


def _row(each: RouteStatus) -> tuple[str, ...]:
    standing = each.standing
    verdict = "rollback" if standing.held_why else each.verdict.verdict if each.verdict else ""
    colour = _COLOURS.get(verdict, "")
    sentence = escape(each.sentence)
    return (
        each.plan.name,
        standing.phase.value,
        f"{standing.read_bp / 100:g} %",
        standing.writes_to,
        "" if each.next is None else migration.describe(each.next).replace(" of customers", ""),
        f"[{colour}]{sentence}[/]" if colour else sentence,
    )


def _control_plane(status: PlanStatus) -> str:
    beat = status.controller
    if beat is None:
        return "[yellow]No control plane has led it yet: run `banyan gateway`.[/]"
    if beat.says:
        return f"[red]The data plane: {escape(beat.says)}[/]"
    age = SystemClock().now() - beat.beat_at
    if status.stored.version != beat.version:
        return f"[yellow]The data plane still has version {beat.version}.[/]"
    if age > _ALIVE_WITHIN:
        return (
            f"[yellow]The control plane {escape(beat.holder)} was last heard of at "
            f"{beat.beat_at:%Y-%m-%d %H:%M:%S}; the data plane goes on as it was.[/]"
        )
    return f"[dim]Led by {escape(beat.holder)}, listening on {beat.data_plane.get('listen')}.[/]"


def _unreached(status: PlanStatus) -> list[str]:
    """Sides that can't be reached, as long as somebody looks."""
    beat = status.controller
    if beat is None or SystemClock().now() - beat.beat_at > _ALIVE_WITHIN:
        return []
    return [f"[red]{escape(sentence)}[/]" for sentence in beat.unreached]


def _followers(status: PlanStatus) -> list[str]:
    """The other machines' data planes, and whether they are in step."""
    lines: list[str] = []
    for holder, each in (status.controller.followers if status.controller else {}).items():
        name = escape(holder)
        if SystemClock().now() - each.beat_at > _ALIVE_WITHIN:
            at = f"{each.beat_at:%Y-%m-%d %H:%M:%S}"
            lines.append(
                f"[yellow]{name} was last heard of at {at}; its data plane goes on as it was.[/]"
            )
        elif each.says:
            lines.append(f"[red]The data plane of {name}: {escape(each.says)}[/]")
        else:
            lines.append(f"[dim]Followed by {name}.[/]")
    return lines


def show_history(plan: str | None, marketplace: str | None, route: str | None, limit: int) -> None:
    async def read() -> list[Change]:
        async with place_of(marketplace) as place, place.transaction() as tx:
            stored = await migration.find_plan(tx, plan)
            page = await migration.history(tx, stored.plan_id, route=route, limit=limit)
            return page.data

    for change in execute(read()):
        click.echo(_history_line(change))


def _history_line(change: Change) -> str:
    moved = ""
    if (change.from_phase, change.from_bp) != (change.to_phase, change.to_bp):
        moved = (
            f" {change.from_phase.value} {change.from_bp / 100:g} % → "
            f"{change.to_phase.value} {change.to_bp / 100:g} %"
        )
    took = ""
    if change.effective_at is None:
        took = " (not in effect yet)"
    return (
        f"{change.decided_at:%Y-%m-%d %H:%M:%S}  {change.route} {change.kind}{moved}, by {change.by}: "
        f"{change.why}{took}"
    )
