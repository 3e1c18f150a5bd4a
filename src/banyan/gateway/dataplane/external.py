"""An Envoy that somebody else runs: we write its files, and may ask its page."""

from pathlib import Path

from banyan.gateway.dataplane.folder import places_of
from banyan.gateway.dataplane.plane import DataPlane
from banyan.gateway.model import Places
from banyan.kernel import Clock
from banyan.runtime import Settings

_SHADOW = "unix:/tmp/banyan-shadow-{name}.sock"
_NOT_ASKED = "none"


def data_plane(folder: Path, settings: Settings, clock: Clock | None = None) -> DataPlane:
    """The data plane in ``folder``: the embedded Envoy, or the external one of the settings."""
    if settings.envoy != "external":
        return DataPlane(folder, clock=clock)
    asks_admin = settings.envoy_admin != _NOT_ASKED
    places = Places(
        xds=settings.envoy_folder or str(folder.absolute() / "xds"),
        admin=settings.envoy_admin if asks_admin else "127.0.0.1:9901",
        reports=settings.envoy_reports,
        capture=settings.envoy_captures,
        shadow=_SHADOW.format(name=folder.name),
        ca_file=places_of(folder).ca_file,
    )
    return DataPlane(folder, places=places, is_external=True, asks_admin=asks_admin, clock=clock)
