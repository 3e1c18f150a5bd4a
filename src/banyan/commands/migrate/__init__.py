"""The commands of `banyan migrate`."""

import click

from banyan.commands.later import Later, LazyGroup

__all__ = ["migrate_group"]

_HERE = "banyan.commands.migrate"


@click.group("migrate", cls=LazyGroup)
def migrate_group() -> None:
    """Take a legacy platform over, route by route."""


for _command in (
    Later("advance", f"{_HERE}.steps:advance", "Take ROUTE its next step now."),
    Later("apply", f"{_HERE}.plans:apply", "Let the plan in FILE hold from now on."),
    Later("approve", f"{_HERE}.steps:approve", "Say yes to the next phase of ROUTE."),
    Later(
        "data",
        f"{_HERE}.data:data_group",
        "Copy, follow, compare and copy back the plan's data sets.",
    ),
    Later("evidence", f"{_HERE}.evidence:evidence_group", "What rehearsals have proven."),
    Later("history", f"{_HERE}.status:history", "Show every change, the newest first."),
    Later("hold", f"{_HERE}.steps:hold", "Keep ROUTE where it is until it is released."),
    Later("plan", f"{_HERE}.plans:plan", "Show what applying the plan in FILE would change."),
    Later(
        "rehearse",
        f"{_HERE}.rehearse:rehearse",
        "Put every fault into a candidate, in every phase.",
    ),
    Later("release", f"{_HERE}.steps:release", "Let a held ROUTE go on; it is judged anew."),
    Later("report", f"{_HERE}.report:report", "Show what each route was before and is after."),
    Later("rollback", f"{_HERE}.rollback:rollback", "Take ROUTE out of its customers' way, now."),
    Later("schema", f"{_HERE}.plans:schema", "Print the JSON Schema of a plan, for editors."),
    Later(
        "status",
        f"{_HERE}.status:status",
        "Show where every route stands, why, and what comes next.",
    ),
    Later(
        "validate",
        f"{_HERE}.plans:validate",
        "Check the plan in FILE; every fault is named with its line.",
    ),
):
    migrate_group.add_command(_command)
