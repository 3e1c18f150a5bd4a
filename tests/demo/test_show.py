"""What the demo says on a terminal that isn't one, and the figures at its end."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import UUID

from rich.console import Console

from banyan.demo.shops import Report
from banyan.demo.show import Board, print_summary
from banyan.demo.story import Moved, Told
from banyan.migration import Change, Phase

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BACK = Change(
    plan_id=UUID(int=1), route="search", change=7, kind="rolled_back",
    from_phase=Phase.RAMP, to_phase=Phase.SHADOW, from_bp=5_000, to_bp=0, writes_to="legacy",
    by="judge", why="It fails.", numbers={}, decided_at=AT, effective_at=AT + timedelta(seconds=0.04),
)  # fmt: skip


def _said(report: Report) -> str:
    told = Told(
        took_ms={"search": ([80.0, 200.0, 80.0, 80.0], [5.0, 9.0, 5.0, 5.0])},
        rolled_back=BACK,
        noticed_s=3.25,
        moved=Moved(rows=137, taken=5, lost=0),
    )
    out = StringIO()
    print_summary(Console(file=out, width=100), told, report, ["[bold]The board[/]  here"])
    return out.getvalue()


def test_the_summary_has_every_figure() -> None:
    said = _said(Report(requests=12_345, visits=400, orders=200))
    rows = {line.strip().split("  ")[0]: line.split() for line in said.splitlines() if line.strip()}
    assert "12,345" in rows["Requests of customers"]
    assert rows["Errors that customers saw"][4] == "0"
    assert rows["Bad release noticed and rolled back"][6:8] == ["3.2", "s"]
    assert rows["from verdict to effect"][4:6] == ["40", "ms"]
    assert "137" in rows["Photos in the table that moved"]
    assert "5 taken by the new shop came back to legacy, 0 lost" in said
    assert [cell for cell in rows["search"] if cell != "ms"] == [
        "search", "80.0", "5.0", "200.0", "9.0",
    ]  # fmt: skip
    assert "The board  here" in said


def test_what_customers_complain_of_is_printed() -> None:
    said = _said(Report(requests=1, complaints=["customer 3, GET /cart: [2] is not 3"]))
    assert "! customer 3, GET /cart: [2] is not 3" in said


def test_off_a_terminal_only_what_happens_is_printed() -> None:
    out = StringIO()
    board = Board(Console(file=out, width=100))
    with board.shown():
        board.say("[bold]1. Legacy alone.[/]")
    assert out.getvalue() == "   0.0 s  1. Legacy alone.\n"
