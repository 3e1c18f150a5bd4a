"""Migration, for people: the plan's board, one route, what differs, the data, who was told."""

from banyan.console.views.migration.board import (
    BoardColumn,
    BoardView,
    FreezeLine,
    MilestoneLine,
    PlanLine,
    PlansView,
    RouteCard,
)
from banyan.console.views.migration.data import DataFindingLine, DataLine, DataSetView, DataView
from banyan.console.views.migration.divergences import (
    DecisionLine,
    DifferenceLine,
    DivergencesView,
    DivergenceView,
    ExampleView,
)
from banyan.console.views.migration.notices import LinkLine, NoticeLine, NoticesView, WayLine
from banyan.console.views.migration.rehearsals import (
    RehearsalCell,
    RehearsalLine,
    RehearsalRow,
    RehearsalsView,
    RehearsalView,
)
from banyan.console.views.migration.route import (
    BoxLine,
    DocumentView,
    GateLine,
    LatencyMinute,
    RampStep,
    RouteView,
    SideLine,
    StepButton,
)
from banyan.console.views.migration.shared import ChangeRow, DivergenceLine, PlanHead

__all__ = [
    "BoardColumn",
    "BoardView",
    "BoxLine",
    "ChangeRow",
    "DataFindingLine",
    "DataLine",
    "DataSetView",
    "DataView",
    "DecisionLine",
    "DifferenceLine",
    "DivergenceLine",
    "DivergenceView",
    "DivergencesView",
    "DocumentView",
    "ExampleView",
    "FreezeLine",
    "GateLine",
    "LatencyMinute",
    "LinkLine",
    "MilestoneLine",
    "NoticeLine",
    "NoticesView",
    "PlanHead",
    "PlanLine",
    "PlansView",
    "RampStep",
    "RehearsalCell",
    "RehearsalLine",
    "RehearsalRow",
    "RehearsalView",
    "RehearsalsView",
    "RouteCard",
    "RouteView",
    "SideLine",
    "StepButton",
    "WayLine",
]
