"""The commands of `banyan providers`: connect, list, check, reseal.

Secrets come from standard input, a prompt or the environment. They are never arguments: every user of
the machine sees those.
"""

import os
import sys
from collections.abc import Sequence

import click

from banyan import payments
from banyan.commands.places import (
    MARKETPLACE_OPTION,
    execute,
    marketplaces,
    process_settings,
    transaction,
)
from banyan.payments import Capability, ConnectionDraft, ProviderKind, addresses_of, webhook_path
from banyan.runtime import Vault

_WORKS, _FAILS = 0, 1


@click.group("providers")
def providers_group() -> None:
    """Connect, list and check payment providers."""


@providers_group.command("connect")
@click.argument("kind", type=click.Choice(sorted(payments.KINDS)))
@MARKETPLACE_OPTION
@click.option("--name", help="What payments and webhooks call it.  [default: the kind]")
@click.option("--setting", "texts", multiple=True, metavar="NAME=VALUE", help="May be given again.")
@click.option("--env", "prefix", help="Take secrets from it: STRIPE for STRIPE_API_KEY.")
def connect(
    kind: ProviderKind,
    marketplace: str,
    name: str | None,
    texts: tuple[str, ...],
    prefix: str | None,
) -> None:
    """Connect a provider of KIND.

    Its secrets are asked for, read from standard input as lines of NAME=VALUE, or taken from
    the environment (--env). They are never arguments, which every user of the machine sees.
    """
    draft = ConnectionDraft(
        name=name or kind,
        kind=kind,
        settings=dict(_pair(text) for text in texts),
        secrets=_secrets(payments.KINDS[kind].secret_names, prefix),
    )

    async def made() -> str:
        async with transaction(marketplace) as tx:
            return webhook_path(await payments.connect(tx, Vault(process_settings()), draft))

    path = execute(made())
    click.echo(f"Connected as {draft.name}. Let it send webhooks to {process_settings().url}{path}")


@providers_group.command("list")
@MARKETPLACE_OPTION
def list_(marketplace: str) -> None:
    """List what a marketplace has connected.

    Of secrets the last letters are shown.
    """

    async def show() -> None:
        async with transaction(marketplace) as tx:
            for one in await payments.list_connections(tx):
                state = "enabled" if one.is_enabled else "disabled"
                hints = (f"{name}={hint}" for name, hint in one.hints.items())
                click.echo("  ".join((one.name, one.kind, state, *hints)))

    execute(show())


@providers_group.command("check")
@click.argument("name")
@MARKETPLACE_OPTION
def check(name: str, marketplace: str) -> None:
    """Ask the provider NAME whether the connection works.

    Nothing is changed there. Ends with exit code 1 if something does not work.
    """

    async def tried() -> list[Capability]:
        async with marketplaces(marketplace) as (database, [chosen]):
            process = process_settings()
            return await payments.check_connection(
                database, Vault(process), addresses_of(process), chosen.marketplace_id, name
            )

    checks: list[Capability] = execute(tried())
    for one in checks:
        click.echo(f"{'works' if one.works else 'FAILS'}  {one.name}: {one.detail}")
    sys.exit(_WORKS if all(one.works for one in checks) else _FAILS)


@providers_group.command("reseal")
def reseal() -> None:
    """Seal every secret with the newest key.

    The older keys may then be taken away.
    """

    async def resealed() -> int:
        count, vault = 0, Vault(process_settings())
        async with marketplaces(None) as (database, every):
            for marketplace in every:
                async with database.transaction(marketplace.marketplace_id) as tx:
                    count += await payments.reseal_connections(tx, vault)
        return count

    count = execute(resealed())
    click.echo(f"Sealed the secrets of {count} connections with the newest key.")


def _secrets(names: Sequence[str], prefix: str | None) -> dict[str, str]:
    """The secrets that a person gives; those that are left empty are left out."""
    if prefix is not None:
        given = {name: os.environ.get(f"{prefix}_{name}".upper(), "") for name in names}
    elif sys.stdin.isatty():
        given = {name: click.prompt(name, hide_input=True, default="") for name in names}
    else:
        given = dict(_pair(line) for line in sys.stdin.read().splitlines() if line)
    return {name: secret for name, secret in given.items() if secret}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError("Expected NAME=VALUE.")  # the text itself may be a secret
    return name.strip(), value.strip()
