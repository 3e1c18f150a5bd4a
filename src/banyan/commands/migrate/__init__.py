"""The commands of `banyan migrate`."""

import click

from banyan.commands.migrate.data import data_group
from banyan.commands.migrate.evidence import evidence_group
from banyan.commands.migrate.plans import apply, plan, schema, validate
from banyan.commands.migrate.rehearse import rehearse
from banyan.commands.migrate.report import report
from banyan.commands.migrate.rollback import rollback
from banyan.commands.migrate.status import history, status
from banyan.commands.migrate.steps import advance, approve, hold, release

__all__ = ["migrate_group"]


@click.group("migrate")
def migrate_group() -> None:
    """Take a legacy platform over, route by route."""


for _command in (
    schema, validate, plan, apply, status, advance, hold, release, approve, rollback, history,
    data_group, report, rehearse, evidence_group,
):  # fmt: skip
    migrate_group.add_command(_command)
