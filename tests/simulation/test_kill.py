"""Processes are killed in the middle of a replay: no order is lost, none is paid twice.

Everything is real: the supervisor with API and worker, PostgreSQL, orders over HTTP. The moments of
the kills come from a seed, counted in events that the marketplace has recorded, so that they fall
into every stage of the orders.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from banyan.orders import ORDER
from banyan.replay.source import read_source
from banyan.runtime.local import find_server
from tests.simulation.machine import Machine, copy_orders, machine_in, until

pytestmark = pytest.mark.slow

ORDERS = 150
FIRST_EVENT, LAST_EVENT = 300, 2_000
"""From the end of the catalogue, which takes about 400 events, to the payouts, of about 2,400."""
REPLAY_TIMEOUT_S = 400.0

SENT = "select exists (select from payments.attempts where state = 'sent')"
"""The provider is being asked for money, and its answer is not here yet."""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    copy_orders(tmp_path, ORDERS)
    with machine_in(tmp_path) as prepared:
        yield prepared


@pytest.mark.parametrize(
    ("seed", "victims"),
    [
        (1, ("worker", "api", "worker")),
        (2, ("api", "worker", "api", "api")),
        (3, ("worker", "supervisor")),
        (4, ("supervisor", "api")),
        (5, ("postgres",)),
        (6, ("postgres", "worker")),
    ],
)
def test_nothing_is_lost_and_nothing_paid_twice(
    machine: Machine, capsys: pytest.CaptureFixture[str], seed: int, victims: Sequence[str]
) -> None:
    moments = sorted(random.Random(seed).sample(range(FIRST_EVENT, LAST_EVENT), len(victims)))
    machine.start()
    machine.until_said("Replaying the real orders")
    for victim, moment in zip(victims, moments, strict=True):
        _until_events(machine, moment)
        if victim == "worker":
            _until(machine, SENT, "a call of the provider")
        machine.kill(victim)
        if victim == "supervisor":
            machine.start()
    said = machine.until_said("Ctrl-C stops everything", REPLAY_TIMEOUT_S)

    assert "The replay stopped" not in said
    assert "calls were refused" not in said
    assert "left out: the sandbox's clock is past them" not in said
    assert "Ledger balanced              yes" in said
    _assert_each_order_is_there_once(machine)
    _assert_money_moved_once(machine)
    _assert_the_orders_were_paid(machine)
    _assert_nothing_is_stuck(machine)
    _assert_history_has_no_gap(machine)
    verified = machine.run(f"'{sys.executable}' -m banyan ledger verify")
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout
    with capsys.disabled():
        killed = ", ".join(f"{who} at {at:,}" for who, at in zip(victims, moments, strict=True))
        sys.stdout.write(f"\nkilled {killed}: {_tally(machine)}\n")


def _until_events(machine: Machine, count: int) -> None:
    _until(machine, f"select count(*) >= {count} from runtime.events", f"{count} events")


def _until(machine: Machine, query: str, what: str) -> None:
    """Wait for something to be so in the database, which may be starting up again."""

    def is_so() -> bool:
        assert "Ledger balanced" not in machine.said(), f"the replay ended before {what}"
        server = find_server(machine.folder / "var/postgres")
        if server is None:
            return False
        try:
            with psycopg.connect(server.url, autocommit=True) as owner:
                until(lambda: owner.execute(query.encode()).fetchone() == (True,), what)
        except psycopg.OperationalError:
            return False
        return True

    until(is_so, what)


def _assert_each_order_is_there_once(machine: Machine) -> None:
    source = read_source(machine.folder / "examples/olist")
    expected = sorted(order.order_id for order in source.orders if order.items)
    found = machine.rows("select external_id from orders.orders order by external_id")
    assert [external_id for (external_id,) in found] == expected


def _assert_money_moved_once(machine: Machine) -> None:
    """The provider's books, ours and the ledger agree on each operation, and on how often."""
    twice_at_provider = machine.rows(
        """
        select operation, payment, reference
        from payments.sandbox_operations
        where answer ->> 'outcome' = 'succeeded' and operation in ('authorize', 'capture', 'void')
        group by operation, payment, reference
        having count(*) > 1
        """
    )
    assert twice_at_provider == []
    captured_twice = machine.rows(
        """
        select subject
        from ledger.transfers
        where code = 'authorize' and kind = 'post'
        group by marketplace_id, subject
        having count(*) > 1
        """
    )
    assert captured_twice == []
    provider = dict(
        machine.rows(
            """
            select operation, sum(amount_minor)
            from payments.sandbox_operations
            where answer ->> 'outcome' = 'succeeded'
              and operation in ('capture', 'refund', 'payout')
            group by operation
            """
        )
    )
    ours = dict(
        machine.rows(
            """
            select 'capture', sum(captured_minor) from payments.payments
            union all
            select 'refund', sum(amount_minor) from payments.refunds where state = 'succeeded'
            union all
            select 'payout', sum(amount_minor) from payments.payouts where state = 'paid'
            """
        )
    )
    booked = dict(
        machine.rows(
            """
            select
              case code when 'authorize' then 'capture' when 'payout' then 'payout' else 'refund' end,
              sum(amount_minor)
            from ledger.transfers
            where kind = 'post' and (code in ('authorize', 'payout') or code like 'refund_%')
            group by 1
            """
        )
    )
    assert provider == ours == booked
    assert provider["capture"] > provider["payout"] > 0


def _assert_the_orders_were_paid(machine: Machine) -> None:
    """What was captured is what the orders that were confirmed cost."""
    captured, cost = machine.rows(
        """
        select
          (select sum(captured_minor) from payments.payments),
          (
            select sum(o.items_minor + o.shipping_minor)
            from orders.orders o
            join payments.payments p using (marketplace_id, payment_id)
            join runtime.events e
              on e.marketplace_id = p.marketplace_id
              and e.subject = p.subject
              and e.type = 'order.confirmed'
          )
        """
    )[0]
    assert captured == cost


def _assert_nothing_is_stuck(machine: Machine) -> None:
    """What is not at its end has a job that will move it, or a person who is asked."""
    assert machine.rows("select kind, key, last_error from runtime.jobs where is_failed") == []
    assert machine.rows(
        """
        select kind, key from runtime.jobs
        join runtime.clocks using (marketplace_id)
        where due_at <= now_at
        """
    ) == []  # fmt: skip
    jobs = {key for (key,) in machine.rows("select key from runtime.jobs")}
    cases = {
        subject
        for (subject,) in machine.rows("select subject from operations.cases where state = 'open'")
    }
    under_way = machine.rows(
        """
        select order_id, payment_id, state from orders.orders
        where state not in ('settled', 'declined', 'cancelled', 'refunded', 'charged_back')
        """
    )
    assert [
        (ORDER.text(order_id), state)
        for order_id, payment_id, state in under_way
        if ORDER.text(order_id) not in cases and not {str(order_id), str(payment_id)} & jobs
    ] == []
    asked = machine.rows(
        "select attempt_id, operation, state from payments.attempts where state <> 'applied'"
    )
    assert [attempt for attempt in asked if str(attempt[0]) not in jobs] == []
    waiting = machine.rows(
        """
        select payment_id, state from payments.payments
        where state in ('authorizing', 'unknown', 'voiding', 'capturing', 'requires_action')
          and not exists (
            select from payments.attempts a
            where a.payment_id = payments.payment_id and a.state <> 'applied'
          )
        """
    )
    assert [payment for payment in waiting if str(payment[0]) not in jobs] == []


def _assert_history_has_no_gap(machine: Machine) -> None:
    assert machine.rows(
        """
        select subject from runtime.events
        group by marketplace_id, subject
        having max(sequence) <> count(*)
        """
    ) == []  # fmt: skip
    assert machine.rows(
        """
        select subject, type from runtime.events
        where type in ('order.placed', 'order.matched', 'order.confirmed', 'order.settled',
                       'payment.captured', 'payment.released', 'payout.paid', 'refund.succeeded')
        group by marketplace_id, subject, type
        having count(*) > 1
        """
    ) == []  # fmt: skip


def _tally(machine: Machine) -> str:
    orders, captured, refunded, paid_out, entries = machine.rows(
        """
        select
          (select count(*) from orders.orders),
          (select sum(captured_minor) / 100.0 from payments.payments),
          (select coalesce(sum(refunded_minor), 0) / 100.0 from payments.payments),
          (select sum(amount_minor) / 100.0 from payments.payouts where state = 'paid'),
          (select count(*) from ledger.transfers)
        """
    )[0]
    return (
        f"{orders} orders, {captured:,.2f} captured, {refunded:,.2f} refunded, "
        f"{paid_out:,.2f} paid out, {entries:,} entries, ledger sound"
    )
