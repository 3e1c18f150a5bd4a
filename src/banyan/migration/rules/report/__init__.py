"""The before/after report: figures out of minutes, capacity out of load, and both as a page."""

from banyan.migration.rules.report.capacity import capacity_of
from banyan.migration.rules.report.figures import compared, figures_of
from banyan.migration.rules.report.page import report_page
from banyan.migration.rules.report.routes import RouteSubject, on_route

__all__ = [
    "RouteSubject",
    "capacity_of",
    "compared",
    "figures_of",
    "on_route",
    "report_page",
]
