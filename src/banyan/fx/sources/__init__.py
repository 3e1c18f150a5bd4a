"""Where rates come from.

A source reads what somebody publishes; it fetches nothing. A team adds its own by writing a class
with a name and ``read``, and naming it in the marketplace's ``sources``.
"""

from typing import Protocol

from banyan.fx.model import RateDraft
from banyan.fx.sources.ecb import Ecb
from banyan.fx.sources.manual import MANUAL, Manual

__all__ = ["MANUAL", "SOURCES", "Ecb", "Manual", "RateSource"]


class RateSource(Protocol):
    """One publisher of rates."""

    @property
    def name(self) -> str:
        """How its rates are marked: lower case, such as ``ecb``."""
        ...

    def read(self, content: bytes) -> list[RateDraft]:
        """Every rate in a file of this source, in any order; ``InvalidRateFile``.

        Rates are exact: a number is read as it is written. The instant is when the rate could be
        known at the earliest, so that nothing of the past is computed with what came later.
        """
        ...


SOURCES: dict[str, RateSource] = {source.name: source for source in (Manual(), Ecb())}
"""The sources that are built in, in the order in which a marketplace prefers them at first."""
