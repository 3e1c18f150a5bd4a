"""Replays real orders through the public HTTP API of a sandbox marketplace.

A client like any other: it knows the API and nothing of what is behind it. It reads the Olist data
set or an extract of it (``source``), plans who does what when (``plan``, ``calls``, ``operators``),
does it while it moves the sandbox's clock (``run``), and shows it (``show``). See docs/replay.md.
"""

from banyan.replay.errors import (
    CallRefused,
    InvalidSource,
    MarketplaceUnreachable,
    NothingToReplay,
    SourceNotFound,
    WorkerStandsStill,
)
from banyan.replay.model import MarketplaceSummary, Progress, ReplaySummary
from banyan.replay.run import replay
from banyan.replay.show import print_summary, watch

__all__ = [
    "CallRefused",
    "InvalidSource",
    "MarketplaceSummary",
    "MarketplaceUnreachable",
    "NothingToReplay",
    "Progress",
    "ReplaySummary",
    "SourceNotFound",
    "WorkerStandsStill",
    "print_summary",
    "replay",
    "watch",
]
