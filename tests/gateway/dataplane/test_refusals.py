"""An Envoy that is slow to say what it has taken is not one that refuses."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from banyan.gateway import ConfigurationRefused, DataPlane
from banyan.gateway.dataplane.admin import STAT_OF
from banyan.gateway.dataplane.folder import places_of, read
from tests.gateway.dataplane.rig import Asked, Side, ok
from tests.gateway.rules.test_rules import SPEC

BUSY = ok(b"", status=b"503 Service Unavailable")


@dataclass
class Page:
    """The page of an Envoy that takes what is in its folder, once the answers of ``standing`` are
    given: whether it answers, and how many updates it has refused by then."""

    folder: Path
    refused: int
    standing: list[tuple[bool, int]] = field(default_factory=list[tuple[bool, int]])

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        query = parse_qs(urlsplit(asked.path).query)
        pattern = query.get("filter", [""])[0]
        if not pattern:
            writer.write(BUSY)  # why it refuses
            return
        found: dict[str, object] = {"server.live": 1, "listener_manager.workers_started": 1}
        if "update_rejected" in pattern:
            says, self.refused = (
                self.standing.pop(0)
                if self.standing and "version_text" in pattern
                else (True, self.refused)
            )
            if not says:
                writer.write(BUSY)
                return
        for kind, name in STAT_OF.items():
            found[f"{name}.update_rejected"] = self.refused
            taken = None if self.standing else read(self.folder, kind)
            found[f"{name}.version_text"] = "" if taken is None else taken.version_info
        stats = [{"name": name, "value": value} for name, value in found.items()]
        writer.write(ok(msgspec.json.encode({"stats": stats})))


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[tuple[Page, DataPlane]]:
    made = Page(tmp_path, refused=2)
    async with Side("admin", answer=made.answer) as side:
        places = replace(places_of(tmp_path), admin=f"127.0.0.1:{side.port}")
        async with DataPlane(tmp_path, places=places, is_external=True) as plane:
            yield made, plane


async def test_what_it_refused_before_is_not_refused_now(page: tuple[Page, DataPlane]) -> None:
    envoy, plane = page
    envoy.standing = [(False, 2), (True, 2), (True, 2)]
    assert (await plane.apply(SPEC)).is_confirmed


@pytest.mark.parametrize("counts", [(2, 3), (0, 1), (0, 0, 1)])
async def test_what_it_refuses_is_refused_though_it_does_not_say_why(
    page: tuple[Page, DataPlane], counts: tuple[int, ...]
) -> None:
    """Also by one that began anew meanwhile, and counts from 0."""
    envoy, plane = page
    envoy.standing = [(True, count) for count in counts] + [(True, counts[-1])] * 9
    with pytest.raises(ConfigurationRefused, match="it gives no reason"):
        await plane.apply(SPEC)
