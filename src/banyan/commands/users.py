"""The commands of `banyan users`: let people into the console."""

import sys

import click

from banyan.commands.places import execute, open_database, process_settings
from banyan.console import Role, add_user, find_user, sign_in_link
from banyan.kernel import NotFound


@click.group("users")
def users_group() -> None:
    """Let people into the console."""


@users_group.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="viewer")
def users_add(email: str, role: str) -> None:
    """Let EMAIL into the console with a password.

    It is asked for, or read from the first line of standard input if that is no terminal.
    """
    password = _ask_password()

    async def add() -> None:
        async with open_database() as database:
            await add_user(database, email, role, password)

    execute(add())
    click.echo(f"{email} may sign in as {role} at {process_settings().url}/console")


@users_group.command("link")
@click.argument("email")
def users_link(email: str) -> None:
    """Print a link that signs EMAIL in once, within half an hour."""

    async def link() -> str:
        async with open_database() as database:
            user = await find_user(database, email)
            if user is None:
                raise NotFound(f"{email} has no account; `banyan users add` makes one.")
            return await sign_in_link(database, user.user_id)

    click.echo(f"{process_settings().url}{execute(link())}")


def _ask_password() -> str:
    """Never an argument: every user of the machine sees those."""
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return sys.stdin.readline().removesuffix("\n")
