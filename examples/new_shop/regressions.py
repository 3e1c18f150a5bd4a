"""Faults that can be switched on, as a bad release would bring them. For the demo and for tests."""

import asyncio
from dataclasses import dataclass, field

NAMES = ("rounding", "errors", "slow_search")
_SLOW_S = 1.5
_ERROR_EVERY = 8


class Planted(Exception):
    """What a release with ``errors`` raises now and then."""


@dataclass(slots=True)
class Regressions:
    """``rounding``: some instalments are a centavo off. ``errors``: one page in eight fails.
    ``slow_search``: a search takes a second and a half longer."""

    on: frozenset[str] = frozenset()
    _pages: int = field(default=0, init=False)

    def put(self, names: list[str]) -> None:
        unknown = set(names) - set(NAMES)
        if unknown:
            raise ValueError(
                f"there is no {', '.join(sorted(unknown))}; there is {', '.join(NAMES)}"
            )
        self.on = frozenset(names)

    def maybe_fail(self) -> None:
        self._pages += 1
        if "errors" in self.on and self._pages % _ERROR_EVERY == 0:
            raise Planted

    async def maybe_wait(self) -> None:
        if "slow_search" in self.on:
            await asyncio.sleep(_SLOW_S)
