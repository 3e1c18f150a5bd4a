"""The data plane: Envoy in a folder, told by files, kept alive by a keeper of its own.

::

    async with DataPlane(state / "gateway") as plane:
        await plane.start(spec)        # or adopts the one that runs, and brings it up to the spec
        await plane.apply(spec)        # in use when it returns; refused: what was in use stays so
        await plane.status(); await plane.written(); await plane.ejected()
    # Envoy goes on serving; plane.stop() drains and ends it
"""

from banyan.gateway.dataplane.binary import find_envoy
from banyan.gateway.dataplane.checking import check_spec
from banyan.gateway.dataplane.external import data_plane
from banyan.gateway.dataplane.folder import places_of
from banyan.gateway.dataplane.plane import DataPlane
from banyan.gateway.dataplane.reaching import unreached

__all__ = ["DataPlane", "check_spec", "data_plane", "find_envoy", "places_of", "unreached"]
