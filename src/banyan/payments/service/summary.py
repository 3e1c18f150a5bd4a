"""Where the money is, by the ledger, beside what payments, refunds, disputes and payouts say."""

from banyan import ledger
from banyan.kernel import Money
from banyan.payments.model import Movement, Summary
from banyan.payments.store import debts as debts_store
from banyan.payments.store import disputes as disputes_store
from banyan.payments.store import exchanges as exchanges_store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import payouts as payouts_store
from banyan.payments.store import settlements as settlements_store
from banyan.runtime import Transaction

_PROVIDER_ACCOUNTS_MAX = 10_000


async def summary(tx: Transaction) -> list[Summary]:
    """One for each currency in which money was taken, settled or paid out.

    Fees, commission, tax, and what is owed, in transit and in dispute are balances of the ledger;
    what was taken, refunded, lost, exchanged, paid out and settled is counted. The two must explain
    what the provider still holds, to the cent.
    """
    at_providers = await _at_providers(tx)
    by_head = {
        (line.head, line.currency): line.credits - line.debits
        for trial in await ledger.trial_balance(tx)
        for line in trial.lines
    }
    paths = [
        "platform:commission",
        "platform:service_fees",
        "platform:shipping",
        "platform:promotions",
        "payouts:in_transit",
        "disputes:held",
    ]
    balances = {
        (balance.path, balance.currency): balance for balance in await ledger.balances(tx, paths)
    }
    lost = await disputes_store.sum_lost(tx)
    paid = await payouts_store.sum_paid(tx)
    through_bank = await payouts_store.sum_through_bank(tx)
    debited = await debts_store.sum_debited(tx)
    settled = await settlements_store.sum_settled(tx)
    exchanged = await exchanges_store.sum_exchanged(tx)
    by_currency = {row[0]: row[1:] for row in await payments_store.sum_payments(tx)}
    summaries = list[Summary]()
    for currency in sorted({*by_currency, *exchanged, *paid, *settled, *debited}):
        count, taken_minor, refunded_minor = by_currency.get(currency, (0, 0, 0))
        zero = Money.zero(currency)

        def posted(path: str, currency: str = currency, zero: Money = zero) -> Money:
            balance = balances.get((path, currency))
            return zero if balance is None else balance.posted

        transit = balances.get(("payouts:in_transit", currency))
        taken, refunded = Money.of(taken_minor, currency), Money.of(refunded_minor, currency)
        fees = -at_providers.get(("fees", currency), zero)
        at_provider = -at_providers.get(("receivable", currency), zero)
        lost_here = Money.of(lost.get(currency, 0), currency)
        paid_out = Money.of(paid.get(currency, 0), currency)
        settled_here = Money.of(settled.get(currency, 0), currency)
        not_theirs = through_bank.get(currency, 0) + debited.get(currency, 0)
        exchanged_here = Money.of(exchanged.get(currency, 0), currency)
        expected = taken - refunded - fees - lost_here - paid_out + exchanged_here
        expected += Money.of(not_theirs, currency)
        summaries.append(
            Summary(
                currency=currency,
                payments=count,
                taken=taken,
                provider_fees=fees,
                commission=posted("platform:commission"),
                tax=by_head.get(("tax", currency), zero),
                service_fees=posted("platform:service_fees"),
                shipping_kept=posted("platform:shipping"),
                promotions=-posted("platform:promotions"),
                owed_to_sellers=by_head.get(("seller", currency), zero),
                paid_out=paid_out,
                in_transit=(transit.pending_in if transit else None) or zero,
                in_dispute=posted("disputes:held"),
                lost_in_disputes=lost_here,
                refunded=refunded,
                exchanged=exchanged_here,
                at_provider=at_provider,
                settled=settled_here,
                is_balanced=at_provider == expected - settled_here,
            )
        )
    return summaries


async def _at_providers(tx: Transaction) -> dict[tuple[str, str], Money]:
    """What stands on the accounts of all providers, by the last part of the path and currency."""
    sums: dict[tuple[str, str], Money] = {}
    accounts = await ledger.list_accounts(tx, prefix="provider:", limit=_PROVIDER_ACCOUNTS_MAX)
    assert accounts.next_cursor is None, "a marketplace has a few providers"
    for account in accounts.data:
        part = (account.path.rpartition(":")[2], account.currency)
        zero = Money.zero(account.currency)
        sums[part] = sums.get(part, zero) + account.balance.posted
    return sums


async def movements_of(tx: Transaction, subject: str) -> list[Movement]:
    """Every leg of the ledger about an order, the oldest first."""
    return [
        Movement(
            at=transfer.effective_at,
            code=leg.code,
            debit=leg.debit_path,
            credit=leg.credit_path,
            amount=leg.amount,
            kind=leg.kind,
        )
        for transfer in await ledger.transfers_of(tx, subject)
        for leg in transfer.legs
    ]
