"""The matching engine: two sides of a comparison in, what matches, breaks and waits out.

It goes from the certain to the likely, and each step sees only what the ones before it left open:

1. *by reference*: one line names another, and the amounts agree;
2. *sums by reference*: lines that name the same thing add up to the same, many to many; both first
   to the minor unit, then within the tolerance;
3. *shortened references*: a cut-off name that begins only open lines of this amount;
4. *amount and date*: lines without a name, of equal amounts in the order of their dates; then of
   amounts within the tolerance, if only one is that near;
5. *sums of amounts* (settlements only): a bank line that pays several batches, or a batch in parts;
   *chargebacks that came back* (operations only): of which the books need not know.

A line that names something is never matched by its amount alone: it is what it says, or a break.
Nothing is random and nothing depends on the order of the input. What is left is a break once it is
older than the tolerance says; until then it waits. It takes time in proportion to the lines, but for
sorting.
"""

from collections.abc import Collection, Iterable
from datetime import date

from banyan.reconciliation.model import Comparison, Line, Outcome, Rates
from banyan.reconciliation.rules import by_amount, by_reference
from banyan.reconciliation.rules.breaks import find_breaks
from banyan.reconciliation.rules.tolerances import Tolerances
from banyan.reconciliation.rules.work import Work


def compare(
    comparison: Comparison,
    left: Iterable[Line],
    right: Iterable[Line],
    *,
    today: date,
    tolerances: Tolerances | None = None,
    matched: Iterable[Line] = (),
    rates: Rates | None = None,
    held: Collection[str] = (),
) -> Outcome:
    """What matches, breaks and waits among open lines of two sides.

    ``left`` are lines of the first side of ``COMPARED[comparison]``. ``matched`` are lines of that
    side that were matched before and that open lines name: they tell a duplicate. ``held`` are
    references of chargebacks that the left side has not booked yet, and which therefore wait.
    """
    work = Work(comparison, left, right, today, tolerances or Tolerances(), rates or {})
    for line in matched:
        work.remember(line)
    for work.is_exact in (True, False):
        by_reference.match_named(work)
        by_reference.match_sums(work)
    by_reference.match_shortened(work)
    by_amount.match_equal(work)
    by_amount.match_near(work)
    if comparison == "settlements":
        by_amount.match_sums(work)
    else:
        by_reference.match_taken_back(work)
    find_breaks(work, held)
    return work.outcome
