"""The jobs of invoicing: what is billed by itself when a month is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from banyan.invoicing import rules
from banyan.invoicing.model import LegalEntity, Owing
from banyan.invoicing.service.collecting import collect
from banyan.invoicing.service.issuing import issue_owing
from banyan.invoicing.service.parties import MONTH_JOB, await_month, find_entity
from banyan.invoicing.store.charges import select_owing
from banyan.parties import SELLER
from banyan.runtime import BatchJob, Job, JobDraft, JobHandler, Json, Transaction

ISSUE_JOB = "invoicing.issue"
SELLERS_AT_ONCE = 500
_INVOICES_AT_ONCE = 20


def jobs() -> list[JobHandler]:
    """The handlers of invoicing, for the worker."""
    return [
        BatchJob(MONTH_JOB, run_months, batch_max=1),
        BatchJob(ISSUE_JOB, issue_due, batch_max=_INVOICES_AT_ONCE),
    ]


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of billing a month. ``by_hand``: asked for once, and no month behind it awaited."""

    month: str
    by_hand: bool
    number: int
    after: str | None

    @classmethod
    def of(cls, job: Job) -> "_Step":
        payload = job.payload
        after = payload.get("after")
        return cls(
            month=str(payload["month"]),
            by_hand=bool(payload.get("by_hand")),
            number=int(str(payload.get("step", 0))),
            after=None if after is None else str(after),
        )

    def next(self, after: str | None = None) -> JobDraft:
        """The step behind this one, under a name of its own."""
        number = self.number + 1
        payload: dict[str, Json] = {
            "month": self.month,
            "by_hand": self.by_hand,
            "step": number,
            "after": after,
        }
        name = f"{self.month}/by_hand/{number}" if self.by_hand else f"{self.month}/{number}"
        return JobDraft(MONTH_JOB, name, payload)


async def run_months(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Bill a month: take over the ledger step by step, then a job for each seller and currency.

    A step goes on in a job of its own, so that no transaction is long.
    """
    entity = await find_entity(tx)
    for job in jobs:
        step = _Step.of(job)
        if entity is None or not (step.by_hand or entity.is_automatic):
            continue
        if not await collect(tx):
            await tx.enqueue(step.next())
        elif await _bill_some(tx, step, entity) and not step.by_hand:
            await await_month(tx, rules.month_after(step.month), entity)


async def issue_due(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Bill sellers for a month."""
    entity = await find_entity(tx)
    if entity is None:
        return
    for job in jobs:
        owing = Owing(SELLER.parse(str(job.payload["seller"])), str(job.payload["currency"]))
        since, until = rules.bounds(str(job.payload["month"]), entity.time_zone)
        await issue_owing(tx, entity, owing, since, until)


async def _bill_some(tx: Transaction, step: _Step, entity: LegalEntity) -> bool:
    """A job for each of the next sellers; whether these were the last."""
    _, until = rules.bounds(step.month, entity.time_zone)
    last = None
    if step.after is not None:
        seller, _, currency = step.after.partition("/")
        last = Owing(UUID(seller), currency)
    owing = await select_owing(tx, until, last, SELLERS_AT_ONCE)
    await tx.enqueue_all(
        JobDraft(
            ISSUE_JOB,
            f"{step.month}/{SELLER.text(one.seller_id)}/{one.currency}",
            {"month": step.month, "seller": SELLER.text(one.seller_id), "currency": one.currency},
        )
        for one in owing
    )
    if len(owing) < SELLERS_AT_ONCE:
        return True
    await tx.enqueue(step.next(f"{owing[-1].seller_id}/{owing[-1].currency}"))
    return False
