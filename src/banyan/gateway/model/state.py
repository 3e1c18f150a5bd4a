"""What is known of a data plane."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlaneStatus:
    """``pid`` of Envoy and of its keeper, None where there is none. ``version`` names the routes in use.

    ``is_listening``: Envoy takes customers' connections. ``is_current``: Envoy uses what was last
    applied; unknown (None) when Envoy can't be asked.
    """

    pid: int | None
    keeper_pid: int | None
    is_listening: bool
    version: str | None
    is_current: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of ``apply``: ``changed`` names the kinds of resources that were written."""

    version: str
    changed: tuple[str, ...]
    took_ms: float
    is_confirmed: bool = True
