"""`banyan migrate status` and `history`, as they are called."""

import click

from banyan.commands.migrate.options import MARKETPLACE, PLAN


@click.command("status")
@PLAN
@MARKETPLACE
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(plan: str | None, marketplace: str | None, as_json: bool) -> None:
    """Show where every route stands, why, and what comes next."""
    from banyan.commands.migrate.showing import show_status

    show_status(plan, marketplace, as_json=as_json)


@click.command("history")
@PLAN
@MARKETPLACE
@click.option("--route", help="Only of this route.")
@click.option("--limit", type=click.IntRange(1, 1000), default=30, show_default=True)
def history(plan: str | None, marketplace: str | None, route: str | None, limit: int) -> None:
    """Show every change, the newest first.

    What was changed, when, by whom and why.
    """
    from banyan.commands.migrate.showing import show_history

    show_history(plan, marketplace, route, limit)
