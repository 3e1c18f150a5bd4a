"""`banyan migrate report`: before and after, as a page; and the measurement under load that it shows."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click
import msgspec

from banyan import gateway, migration
from banyan.commands.migrate.options import BY, MARKETPLACE, PLAN
from banyan.commands.places import Place, execute, place_of
from banyan.kernel import InvalidRequest, SystemClock
from banyan.migration import Costs, Plan, Report, StoredPlan
from banyan.migration.measuring import Load, measure

_STEPS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A measurement that somebody asks for: base addresses, and what is asked of them."""

    route: str
    paths: tuple[str, ...]
    legacy: str
    candidate: str
    load: Load
    by: str


@click.command("report")
@PLAN
@MARKETPLACE
@click.option("--out", help="Where the page goes; - prints it.  [default: PLAN-report.html]")
@click.option("--json", "as_json", is_flag=True, help="Print the figures instead of a page.")
@click.option("--since", type=click.DateTime(), help="Only minutes from then on, in UTC.")
@click.option("--cost-legacy", help="What legacy costs an hour, such as 3.42.")
@click.option("--cost-candidate", help="What the candidate costs an hour.")
@click.option("--currency", default="EUR", show_default=True)
@click.option(
    "--measure", is_flag=True, help="First put both sides under load (not in busy hours)."
)
@click.option("--path", "paths", multiple=True, help="What to ask for then; may be given again.")
@click.option("--legacy", help="Base address to measure.  [default: the plan's]")
@click.option("--candidate", help="Base address to measure.  [default: the plan's]")
@click.option("--header", "headers", multiple=True, help="Sent along, such as 'Cookie: a=b'.")
@click.option("--seconds", type=click.FloatRange(0.1, 60), default=3.0, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True)
@BY
@click.option("--yes", is_flag=True, help="Don't ask before the load.")
def report(  # one argument an option
    plan: str | None,
    marketplace: str | None,
    out: str | None,
    as_json: bool,
    since: datetime | None,
    cost_legacy: str | None,
    cost_candidate: str | None,
    currency: str,
    measure: bool,
    paths: tuple[str, ...],
    legacy: str | None,
    candidate: str | None,
    headers: tuple[str, ...],
    seconds: float,
    rounds: int,
    by: str,
    yes: bool,
) -> None:
    """Show what each route was before and is after.

    Latency, errors and, where it was measured under load, capacity and cost, as a page that
    prints.
    """
    costs = _costs(cost_legacy, cost_candidate, currency)
    load = Load(seconds=seconds, rounds=rounds, headers=_headers(headers))
    if paths and not measure:
        raise InvalidRequest("--path says what to measure: give --measure as well.")

    async def make() -> Report:
        async with place_of(marketplace) as place:
            async with place.transaction(by) as tx:
                stored = await migration.find_plan(tx, plan)
            if measure:
                asked = _asked(stored.plan, paths, legacy, candidate, load, by)
                _confirm(asked, is_sure=yes)
                await _measure(place, stored, asked)
            async with place.transaction(by) as tx:
                return await migration.report_of(
                    tx, stored.plan_id, since=_in_utc(since), costs=costs
                )

    _print(execute(make()), out, as_json=as_json)


def _print(report: Report, out: str | None, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
        return
    page = migration.report_page(report)
    if out == "-":
        click.echo(page)
        return
    path = Path(out or f"{report.plan}-report.html")
    path.write_text(page, encoding="utf-8")
    for route in report.routes:
        click.echo(f"{route.route}: {route.sentence}")
    click.echo(f"The page is in {path}.")


async def _measure(place: Place, stored: StoredPlan, asked: _Asked) -> None:
    measurement = await measure(
        asked.route,
        asked.paths,
        legacy=asked.legacy,
        candidate=asked.candidate,
        load=asked.load,
        at=SystemClock().now(),
        by=asked.by,
    )
    async with place.transaction(asked.by) as tx:
        await migration.save_measurement(tx, stored.plan_id, measurement)


def _asked(
    plan: Plan,
    paths: tuple[str, ...],
    legacy: str | None,
    candidate: str | None,
    load: Load,
    by: str,
) -> _Asked:
    """The paths tell which route it is about: all of them are one's."""
    if not paths:
        raise InvalidRequest("Say what to ask for: --path /product/1, and again for more.")
    spec = migration.spec_of(plan, {})
    found: set[str] = set()
    for path in paths:
        route = gateway.route_of(spec, "GET", path) if path.startswith("/") else None
        if route is None:
            raise InvalidRequest(f"No route of the plan takes GET {path[:100]}.")
        found.add(route.name)
    if len(found) > 1:
        raise InvalidRequest(f"These paths are of several routes: {', '.join(sorted(found))}.")
    name = found.pop()
    side = next(plan.candidate_of(route) for route in plan.routes if route.name == name)
    assert side is not None, "a checked plan says which"
    return _Asked(
        route=name,
        paths=paths,
        legacy=legacy or plan.legacy,
        candidate=candidate or plan.candidates[side],
        load=load,
        by=by,
    )


def _confirm(asked: _Asked, *, is_sure: bool) -> None:
    if is_sure:
        return
    seconds = 2 * asked.load.rounds * asked.load.seconds * _STEPS
    said = (
        f"This asks {asked.legacy} and {asked.candidate} for as much as they can give, "
        f"for up to {seconds:.0f} seconds. Go on?"
    )
    if not sys.stdin.isatty():
        raise InvalidRequest(f"{said} Say --yes.")
    click.confirm(said, abort=True, err=True)


def _in_utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def _costs(legacy: str | None, candidate: str | None, currency: str) -> Costs | None:
    if legacy is None and candidate is None:
        return None
    if legacy is None or candidate is None:
        raise InvalidRequest("Costs are compared: give --cost-legacy and --cost-candidate.")
    return Costs(
        legacy_per_hour=_amount(legacy), candidate_per_hour=_amount(candidate), currency=currency
    )


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise InvalidRequest(f"{text[:40]!r} is no amount; one is 3.42.")
    return amount


def _headers(texts: tuple[str, ...]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise InvalidRequest(f"{text[:40]!r} is no header; one is 'Cookie: a=b'.")
        headers[name.strip()] = value.strip()
    return headers
