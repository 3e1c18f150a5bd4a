"""The data plane: Envoy in a folder, told by files, kept alive by a keeper of its own.

::

    async with DataPlane(state / "gateway") as plane:
        await plane.start(spec)        # or adopts the one that runs, and brings it up to the spec
        await plane.apply(spec)        # in use when it returns; refused: what was in use stays so
        await plane.status(); await plane.written(); await plane.ejected()
    # Envoy goes on serving; plane.stop() drains and ends it
"""
