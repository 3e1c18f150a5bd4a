"""Whether both sides answer the door, for people: what customers meet is in the data plane's reports."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from banyan.gateway import GatewaySpec
from banyan.migration.control.world import World
from banyan.migration.rules.specs import spec_of

EVERY_S = 15.0
AGAIN_S = 2.0
"""After a side that couldn't be reached: a restart is soon over."""

Unreached: TypeAlias = Callable[[GatewaySpec], Awaitable[Sequence[str]]]
"""A sentence for each side to which no connection can be made from this machine."""

_log = logging.getLogger(__name__)


async def keep_reaching(world: World, unreached: Unreached) -> None:
    """Until cancelled; each change is logged."""
    while True:
        try:
            said = tuple(await unreached(spec_of(world.plan, {})))
        except Exception:  # who leads must outlive what is only for people
            _log.exception("whether sides can be reached is not known")
            said = ()
        for sentence in said:
            if sentence not in world.unreached:
                _log.warning("%s", sentence)
        if world.unreached and not said:
            _log.info("all sides can be reached again")
        world.unreached = said
        await asyncio.sleep(AGAIN_S if said else EVERY_S)
