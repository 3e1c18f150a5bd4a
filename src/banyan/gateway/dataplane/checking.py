"""Whether Envoy would take a spec, asked before anybody applies it."""

import tempfile
from dataclasses import replace
from pathlib import Path

from banyan.gateway.dataplane.binary import find_envoy, why_refused
from banyan.gateway.dataplane.folder import places_of
from banyan.gateway.errors import ConfigurationRefused, GatewayUnusable
from banyan.gateway.model import GatewaySpec, Upstream
from banyan.gateway.rules import render


async def check_spec(spec: GatewaySpec) -> None:
    """Raise ``ConfigurationRefused``, with the route's name, if Envoy wouldn't take ``spec``.

    Where Envoy isn't installed nobody is asked. Certificates are those of the gateway's machine, which
    this need not be: they are left out.
    """
    try:
        envoy = find_envoy()
    except GatewayUnusable:
        return
    spec = replace(
        spec, legacy=_bare(spec.legacy), candidates=tuple(_bare(each) for each in spec.candidates)
    )
    with tempfile.TemporaryDirectory(prefix="banyan-check-") as folder:
        places = places_of(Path(folder) / "gateway")

        async def against(count: int) -> str | None:
            """What speaks against the spec with so many of its routes."""
            return await why_refused(
                envoy, render(replace(spec, routes=spec.routes[:count]), places)
            )

        words = await against(len(spec.routes))
        if words is None:
            return
        # The last of the fewest routes that are refused together is the one at fault.
        sound, bad = -1, len(spec.routes)
        while bad - sound > 1:
            middle = (sound + bad) // 2
            said = await against(middle)
            if said is None:
                sound = middle
            else:
                bad, words = middle, said
    at_fault = f"the route {spec.routes[bad - 1].name!r}" if bad else "this plan"
    raise ConfigurationRefused(f"Envoy would refuse {at_fault}: {words}")


def _bare(side: Upstream) -> Upstream:
    return replace(side, is_verified=False)
