"""Shows a replay on a console: a bar on a terminal, plain lines elsewhere, figures at the end."""

import asyncio
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich import progress as bars
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from banyan.replay.model import Amount, Progress, ReplaySummary
from banyan.replay.run import Watch, replay

LINE_EVERY_S = 5.0
REFUSALS_SHOWN = 3


async def watch(
    source: Path, base_url: str, api_key: str, console: Console, *, limit: int | None = None
) -> ReplaySummary:
    """``replay`` with its progress and its summary on ``console``. Raises what ``replay`` does."""
    with _display(console) as on_progress:
        try:
            summary = await replay(source, base_url, api_key, limit=limit, on_progress=on_progress)
        except asyncio.CancelledError:
            console.print("Stopped. Run it again, and it goes on from here.")
            raise
    print_summary(console, summary)
    return summary


def print_summary(console: Console, summary: ReplaySummary) -> None:
    """The figures that a replay ends with, as the marketplace gives them."""
    market = summary.marketplace
    table = Table.grid(padding=(0, 3))
    table.add_column(min_width=18)
    table.add_column(justify="right")
    table.add_column(style="dim")
    table.add_row("[bold]Orders in[/]", f"[bold]{sum(market.orders.values()):,}[/]", _came(summary))
    for state, count in sorted(market.orders.items(), key=lambda entry: -entry[1]):
        if count:
            table.add_row(f"  {state.replace('_', ' ')}", f"{count:,}")
    table.add_row()
    for name, amount, remark in _money_rows(summary):
        table.add_row(name, amount.money().format(), remark)
    table.add_row()
    balanced = "[bold green]yes[/]" if summary.ledger.is_balanced else "[bold red]NO[/]"
    table.add_row(
        "Ledger balanced",
        balanced,
        f"every invariant, computed from {summary.ledger.legs:,} entries",
    )
    table.add_row("Human touches", f"{market.human_touches_per_1000:,.1f}", "per 1,000 orders")
    if summary.orders_placed:
        took = f"{summary.orders_placed:,} orders in {summary.elapsed_s:,.0f} s, end to end"
        table.add_row("Orders per second", f"{summary.orders_per_s:,.1f}", took)
    console.print()
    console.print(table)
    for line in _troubles(summary):
        console.print("[yellow]![/]", escape(line), highlight=False)


def _came(summary: ReplaySummary) -> str:
    parts = [f"{summary.orders_placed:,} placed now"]
    if summary.orders_continued:
        parts.append(f"{summary.orders_continued:,} before")
    if summary.orders_without_items:
        parts.append(f"{summary.orders_without_items:,} without items left out")
    return ", ".join(parts)


def _money_rows(summary: ReplaySummary) -> Iterator[tuple[str, Amount, str]]:
    money = summary.marketplace.money
    yield "Money taken", money.taken, "captured from buyers"
    yield "  refunded", money.refunded, "given back to buyers"
    yield "  in dispute", money.in_dispute, "held until the bank decides"
    yield "  provider fees", money.fees, "paid to the payment provider"
    yield "  commission", money.commission, "earned by the marketplace"
    yield "  tax", money.tax, "on the commission, owed to the state"
    yield "  owed to sellers", money.owed_to_sellers, "pending, available and in reserve"
    yield "  paid out", money.paid_out, "to sellers' banks"


def _troubles(summary: ReplaySummary) -> Iterator[str]:
    if summary.jobs_failed:
        yield f"{summary.jobs_failed:,} jobs failed for good; the console's cases say why."
    if summary.steps_waiting:
        yield f"{summary.steps_waiting:,} steps wait for an order that waits for a person."
    if summary.orders_too_late:
        yield (
            f"{summary.orders_too_late:,} orders were left out: the sandbox's clock is past them. "
            "Replay them in a new sandbox."
        )
    if summary.refusals:
        yield f"{len(summary.refusals):,} calls were refused:"
        yield from (f"  {refusal}" for refusal in summary.refusals[:REFUSALS_SHOWN])


@contextmanager
def _display(console: Console) -> Generator[Watch]:
    if not console.is_terminal:
        yield _lines(console)
        return
    bar = bars.Progress(
        bars.TextColumn("{task.description:<21}"),
        bars.BarColumn(bar_width=None, style="dim"),
        bars.MofNCompleteColumn(),
        bars.TextColumn("{task.fields[at]}", style="cyan"),
        bars.TextColumn("{task.fields[speed]:>7.1f}/s"),
        bars.TimeRemainingColumn(compact=True),
        console=console,
        expand=True,
    )
    with bar:
        task = bar.add_task("Reading the orders", total=None, at=" " * 10, speed=0.0)

        def show(progress: Progress) -> None:
            bar.update(
                task,
                description=progress.phase,
                completed=progress.orders_done,
                total=progress.orders_total,
                at=f"{progress.at:%Y-%m-%d}",
                speed=progress.orders_per_s,
            )

        yield show


def _lines(console: Console) -> Watch:
    """A line for each new phase, and else one every few seconds."""
    said_phase, said_s = "", 0.0

    def say(progress: Progress) -> None:
        nonlocal said_phase, said_s
        now_s = time.monotonic()
        if progress.phase == said_phase and now_s - said_s < LINE_EVERY_S:
            return
        said_phase, said_s = progress.phase, now_s
        console.print(
            f"{progress.phase}: {progress.orders_done:,} of {progress.orders_total:,} orders, "
            f"{progress.at:%Y-%m-%d}, {progress.orders_per_s:,.1f} orders/s",
            highlight=False,
            soft_wrap=True,
        )

    return say
