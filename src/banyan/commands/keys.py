"""The commands of `banyan keys`: make, list and revoke API keys."""

import click

from banyan import app
from banyan.commands.places import MARKETPLACE_OPTION, execute, transaction
from banyan.developers import KEY, create_key, list_keys, revoke_key


@click.group("keys")
def keys_group() -> None:
    """Make, list and revoke API keys."""


@keys_group.command("create")
@MARKETPLACE_OPTION
@click.option("--name", required=True, help="What people call the key.")
@click.option("--scope", "scopes", multiple=True, default=["*"], help="May be given again.")
def keys_create(marketplace: str, name: str, scopes: tuple[str, ...]) -> None:
    """Make a key and print it, this once."""

    async def create() -> str:
        async with transaction(marketplace) as tx:
            _, text = await create_key(tx, name=name, scopes=scopes, known_scopes=app.scopes())
        return text

    click.echo(execute(create()))


@keys_group.command("list")
@MARKETPLACE_OPTION
def keys_list(marketplace: str) -> None:
    """List the keys of a marketplace, never the keys themselves."""

    async def show() -> None:
        async with transaction(marketplace) as tx:
            for key in await list_keys(tx):
                state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "active"
                shown = (KEY.text(key.key_id), f"{key.prefix}…", state, key.name, *key.scopes)
                click.echo("  ".join(shown))

    execute(show())


@keys_group.command("revoke")
@click.argument("key_id")
@MARKETPLACE_OPTION
def keys_revoke(key_id: str, marketplace: str) -> None:
    """Take the key KEY_ID (key_…) out of use for good."""

    async def revoke() -> None:
        async with transaction(marketplace) as tx:
            await revoke_key(tx, KEY.parse(key_id))

    execute(revoke())
    click.echo("Revoked; running processes forget it within seconds.")
