"""Arguments and options that the commands of `banyan migrate` share."""

import getpass
from pathlib import Path

import click

FILE = click.argument(
    "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE"
)
WHY = click.option("--why", required=True, help="Kept with the change, for whoever asks later.")
PLAN = click.option("--plan", "plan", help="Which plan.  [default: the only one]")
ROUTE = click.argument("route")
BY = click.option("--by", default=getpass.getuser, help="Who you are.  [default: this user]")
FORCE = click.option("--force", is_flag=True, help="Although something speaks against it.")
MARKETPLACE = click.option(
    "--marketplace", help="live, sandbox, demo, shop or mkt_…  [default: the only live one]"
)
