"""Commands whose modules are imported once somebody runs them, and not to list them."""

from importlib import import_module
from typing import cast

import click


class Later(click.Command):
    """Stands for a command in the lists of its ``LazyGroup``, where ``help`` is its line.

    ``at`` says where the command is, as in ``banyan.commands.keys:keys_group``.
    """

    def __init__(self, name: str, at: str, help: str) -> None:  # noqa: A002 - as click calls it
        super().__init__(name, help=help)
        self._at = at

    def load(self) -> click.Command:
        module, _, attribute = self._at.partition(":")
        return cast("click.Command", getattr(import_module(module), attribute))


class LazyGroup(click.Group):
    """A group that may have commands for ``Later``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Later) else command, rest
