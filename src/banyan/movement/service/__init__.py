"""Use cases of the movement of data."""

from banyan.movement.service.building import Moving, build
from banyan.movement.service.mover import Mover
from banyan.movement.service.running import install, remove, run
from banyan.movement.service.sets import (
    begin_return,
    begin_reverse,
    can_return,
    decide_conflicts,
    declare,
    get_set,
    list_sets,
    page_findings,
    page_sets,
    plan_of,
    restart,
    set_id_of,
    standing,
    standings,
    standings_of,
    unreturned,
    want_repair,
    want_verification,
)

__all__ = [
    "Mover",
    "Moving",
    "begin_return",
    "begin_reverse",
    "build",
    "can_return",
    "decide_conflicts",
    "declare",
    "get_set",
    "install",
    "list_sets",
    "page_findings",
    "page_sets",
    "plan_of",
    "remove",
    "restart",
    "run",
    "set_id_of",
    "standing",
    "standings",
    "standings_of",
    "unreturned",
    "want_repair",
    "want_verification",
]
