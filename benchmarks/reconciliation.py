"""Reconciliation: lines per second, what matches and what is found, beside an exact join.

    python benchmarks/reconciliation.py [--payments 20000] [--breaks 50] [--seeds 3] [--rounds 3]

Each seed makes a market whose truth is known (see reconciliation_world.py): books, a provider's
report and a bank statement, untidy as they are, with breaks of each kind planted. *Banyan* is the
matching engine with its sentences. *exact join* is what one writes first: lines with the same
reference and amount are one thing, everything else is a break. Both get the same lines in memory;
rounds alternate, the median counts. Seconds are of processor time, because other work may share the
machine. Reading files and writing to the database are not in it.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from banyan.reconciliation import Break, Line, Outcome, Proposal, Tolerances, compare
from benchmarks.reconciliation_world import KINDS, RATES, TOLERANCES, Score, World, make, score

Matcher = Callable[[World], list[Outcome]]


def by_engine(world: World) -> list[Outcome]:
    tolerances = Tolerances(TOLERANCES)
    left, right = world.operations
    batches, bank = world.settlements
    return [
        compare("operations", left, right, today=world.today, tolerances=tolerances, rates=RATES),
        compare("settlements", batches, bank, today=world.today, tolerances=tolerances),
    ]


def by_exact_join(world: World) -> list[Outcome]:
    return [_joined(*world.operations), _joined(*world.settlements)]


def _joined(left: list[Line], right: list[Line]) -> Outcome:
    outcome = Outcome()
    ours = {_name(line): line for line in left}
    for line in right:
        other = ours.pop(_name(line), None)
        if other is None:
            outcome.breaks.append(Break("missing_in_books", line, "", abs(line.net_minor)))
        else:
            outcome.proposals.append(Proposal((other,), (line,), "reference", 100, ""))
    missing = (
        Break("missing_at_provider", line, "", abs(line.net_minor)) for line in ours.values()
    )
    outcome.breaks.extend(missing)
    return outcome


def _name(line: Line) -> tuple[str, str, int]:
    return line.key or line.batch, line.currency, line.gross_minor


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--payments", type=int, default=20_000)
    parser.add_argument("--breaks", type=int, default=50, help="of each kind")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    matchers: dict[str, Matcher] = {"Banyan": by_engine, "exact join": by_exact_join}
    seconds: dict[str, list[float]] = {name: [] for name in matchers}
    scores: dict[str, list[Score]] = {name: [] for name in matchers}
    lines = 0
    for seed in range(given.seeds):
        world = make(seed, given.payments, breaks_each=given.breaks, days=90)
        count = sum(len(side) for side in (*world.operations, *world.settlements))
        lines += count
        for turn in range(given.rounds):
            for name, matcher in matchers.items():
                started = time.process_time()
                outcomes = matcher(world)
                seconds[name].append((time.process_time() - started) / count)
                if turn == 0:
                    scores[name].append(score(world, *outcomes))
    _show(lines, given.seeds, seconds, scores)


def _show(
    lines: int, seeds: int, seconds: dict[str, list[float]], scores: dict[str, list[Score]]
) -> None:
    table = Table(title=f"{lines:,} lines of {seeds} markets")
    for column in ("", *scores):
        table.add_column(column, justify="right" if column else "left")
    rates = {name: 1 / statistics.median(times) for name, times in seconds.items()}
    table.add_row("lines/s", *(f"{rate:,.0f}" for rate in rates.values()))
    table.add_row("clean lines matched", *(_share(s, "matched", "clean") for s in scores.values()))
    table.add_row("wrongly matched", *(f"{sum(one.wrong for one in s):,}" for s in scores.values()))
    for kind in KINDS:
        table.add_row(f"found: {kind}", *(_found(s, kind) for s in scores.values()))
    table.add_row(
        "breaks invented", *(f"{sum(len(one.invented) for one in s):,}" for s in scores.values())
    )
    console = Console()
    console.print(table)
    first, second = rates.values()
    console.print(f"Speed of Banyan to the exact join: {first / second:.2f}")


def _share(scores: list[Score], part: str, whole: str) -> str:
    some, every = (sum(getattr(one, name) for one in scores) for name in (part, whole))
    return f"{some:,} of {every:,} ({some / every:.2%})"


def _found(scores: list[Score], kind: str) -> str:
    found, planted = Counter[str](), Counter[str]()
    for one in scores:
        found.update(one.found)
        planted.update(one.planted)
    return f"{found[kind]} of {planted[kind]}"


if __name__ == "__main__":
    main()
