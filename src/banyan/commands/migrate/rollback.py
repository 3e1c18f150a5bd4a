"""`banyan migrate rollback`, as it is called."""

import sys

import click

from banyan.commands.migrate.options import BY, FORCE, MARKETPLACE, PLAN, ROUTE, WHY


@click.command("rollback")
@ROUTE
@WHY
@BY
@PLAN
@MARKETPLACE
@FORCE
def rollback(
    route: str, why: str, by: str, plan: str | None, marketplace: str | None, force: bool
) -> None:
    """Take ROUTE out of its customers' way, now.

    It works without the database and without a control plane, too, if the data plane is on this
    machine. The route is held then until `banyan migrate release`.
    """
    from banyan.commands.migrate.rolling_back import Rollback, roll_back

    sys.exit(roll_back(Rollback(route, why, by, plan, marketplace, force)))
