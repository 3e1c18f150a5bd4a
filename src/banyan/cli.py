"""The command line. Bad input ends with one sentence on standard error and exit code 2."""

import logging
import sys
from collections.abc import Sequence

import click

from banyan import __version__
from banyan.commands.later import Later, LazyGroup
from banyan.kernel import BanyanError

_REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command, by default that of the command line; refusals end with exit code 2."""
    # What becomes of a connection is told by whoever waits for it.
    logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())
    try:
        cli(arguments, prog_name="banyan", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(_REFUSED)
    except click.ClickException as error:
        click.echo(f"banyan: {error.format_message()}", err=True)
        sys.exit(_REFUSED)
    except BanyanError as error:
        click.echo(f"banyan: {error.detail}", err=True)
        sys.exit(_REFUSED)
    except KeyboardInterrupt:
        sys.exit(130)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="banyan %(version)s")
def cli() -> None:
    """Marketplace infrastructure that grows around the platform a company already runs.

    Settings come from the environment; `banyan settings` lists them.
    """


for _command in (
    Later(
        "demo-migration",
        "banyan.commands.demo:demo_migration_command",
        "Take a legacy shop over while its customers shop.",
    ),
    Later("export", "banyan.commands.export:export_group", "Take out what accounting needs."),
    Later("fx", "banyan.commands.fx:fx_group", "Exchange rates."),
    Later(
        "gateway",
        "banyan.commands.processes:gateway",
        "Lead a migration plan: judge its routes, and tell Envoy.",
    ),
    Later("keys", "banyan.commands.keys:keys_group", "Make, list and revoke API keys."),
    Later("ledger", "banyan.commands.ledger:ledger_group", "Look after the ledger."),
    Later(
        "migrate",
        "banyan.commands.migrate:migrate_group",
        "Take a legacy platform over, route by route.",
    ),
    Later(
        "providers",
        "banyan.commands.providers:providers_group",
        "Connect, list and check payment providers.",
    ),
    Later(
        "reconcile",
        "banyan.commands.reconcile:reconcile_group",
        "Compare our books with what providers and banks say.",
    ),
    Later("reference", "banyan.commands.reference:reference", "List every operation of the API."),
    Later(
        "replay",
        "banyan.commands.demo:replay_command",
        "Replay real orders through the API of a sandbox.",
    ),
    Later("schema", "banyan.commands.settings:schema", "Bring the database's schema up to date."),
    Later("serve", "banyan.commands.processes:serve", "Answer HTTP: API, docs and console."),
    Later(
        "settings",
        "banyan.commands.settings:settings",
        "List every setting with its meaning and present value.",
    ),
    Later(
        "up",
        "banyan.commands.processes:up",
        "Run everything on this machine, with the demo or empty.",
    ),
    Later("users", "banyan.commands.users:users_group", "Let people into the console."),
    Later("work", "banyan.commands.processes:work", "Run jobs: order journeys, payments, timers."),
):
    cli.add_command(_command)
