"""The demo on a terminal: a board that lives, what happened above it, and the figures at the end."""

import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from banyan.demo.shops import Report
from banyan.demo.story import Told
from banyan.kernel import plural
from banyan.migration import PlanStatus

BAR_WIDTH = 20
COMPLAINTS_SHOWN = 5
_DECIDED = {"fixed": "mended", "accepted": "accepted"}


class Board:
    """What is said and shown while the story goes on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun_s = time.monotonic()
        self._live: Live | None = None

    @contextmanager
    def shown(self) -> Generator[None]:
        """The board stands at the bottom of a terminal; elsewhere only what is said is printed."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=5, transient=True) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def say(self, markup: str) -> None:
        elapsed = f"[dim]{time.monotonic() - self._begun_s:6.1f} s[/]"
        self._console.print(f"{elapsed}  {markup}", highlight=False, soft_wrap=True)

    def show(self, status: PlanStatus, report: Report) -> None:
        if self._live is not None:
            self._live.update(_board(status, report, self._console.width))


def _board(status: PlanStatus, report: Report, width: int) -> Group:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=10)
    table.add_column(width=10)
    table.add_column(width=BAR_WIDTH)
    table.add_column(max_width=max(20, width - BAR_WIDTH - 28), no_wrap=True, overflow="ellipsis")
    for route in status.routes:
        full = route.standing.read_bp * BAR_WIDTH // 10_000
        bar = Text("█" * full, "green") + Text("░" * (BAR_WIDTH - full), "dim")
        held = "red" if route.standing.held_why else ""
        table.add_row(
            route.plan.name, route.standing.phase.value, bar, Text(route.sentence, held or "dim")
        )
    complaints = len(report.complaints)
    colour = "red" if complaints else "green"
    figures = Text.from_markup(
        f"\n{report.requests:,} requests of {report.visits:,} visits, {report.orders:,} orders, "
        f"[{colour}]{plural(complaints, 'error')} that customers saw[/]"
    )
    return Group("", table, figures)


def print_summary(console: Console, told: Told, report: Report, links: Sequence[str]) -> None:
    """The figures that the demo ends with."""
    table = Table.grid(padding=(0, 3))
    table.add_column(min_width=32)
    table.add_column(justify="right")
    table.add_column(style="dim")
    complaints = len(report.complaints)
    seen = f"[bold {'red' if complaints else 'green'}]{complaints}[/]"
    checked = "checked against what legacy has always said"
    table.add_row("Requests of customers", f"{report.requests:,}", f"{report.visits:,} visits")
    table.add_row("Orders placed", f"{report.orders:,}", "at both shops")
    table.add_row("[bold]Errors that customers saw[/]", seen, checked)
    decided = Counter((each.state, each.route) for each in told.decided)
    decisions = ", ".join(
        f"{_DECIDED.get(state, state)}: {many} in {route}"
        for (state, route), many in sorted(decided.items())
    )
    table.add_row("Divergences found and decided", str(len(told.decided)), decisions)
    back = told.rolled_back
    if back is not None:
        took_s = (back.effective_at - back.decided_at).total_seconds() if back.effective_at else 0.0
        noticed = f"{back.route}, {told.noticed_s:.1f} s after the bad release"
        table.add_row("Bad release noticed and rolled back", f"{told.noticed_s:.1f} s", noticed)
        effect = f"{1000 * took_s:.0f} ms" if took_s > 0 else "at once"
        table.add_row("  from verdict to effect", effect, "weight 0 in Envoy, then written down")
    moved = told.moved
    if moved is not None:
        lost = f"[bold {'red' if moved.lost else 'green'}]{moved.lost} lost[/]"
        came = f"{moved.taken} taken by the new shop came back to legacy, {lost}"
        table.add_row("Photos in the table that moved", f"{moved.rows:,}", came)
    console.print()
    console.print(table)
    if told.took_ms:
        console.print()
        console.print(_latencies(told.took_ms))
    for complaint in report.complaints[:COMPLAINTS_SHOWN]:
        console.print("[red]![/]", escape(complaint), highlight=False)
    for link in links:
        console.print(link, highlight=False, soft_wrap=True)


def _latencies(took_ms: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Table:
    """What an answer takes at legacy and at the new shop."""
    table = Table.grid(padding=(0, 3))
    table.add_column(min_width=32)
    for _ in range(4):
        table.add_column(justify="right")
    heads = ("p50 before", "after", "p99 before", "after")
    table.add_row("[bold]What an answer takes[/]", *(f"[dim]{head}[/]" for head in heads))
    for route, sides in took_ms.items():
        cells = [
            f"{_quantile(sorted(every), share):.1f} ms" for share in (0.5, 0.99) for every in sides
        ]
        table.add_row(f"  {route}", *cells)
    return table


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
