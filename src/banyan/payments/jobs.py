"""The jobs of payments: calls of providers, what their answers lead to, timers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from banyan.payments.providers import Providers
from banyan.payments.providers.sandbox import Sandbox
from banyan.payments.service import attempts, disputes, outcomes, payments, payouts, webhooks
from banyan.runtime import (
    BatchJob,
    Cause,
    Database,
    Finish,
    Job,
    JobHandler,
    OutsideJob,
    Transaction,
)

LEASE_S = 20
"""Longer than the calls that one run makes at most, with room for its transactions."""


def jobs(providers: Providers) -> list[JobHandler]:
    """The handlers; calls are made to ``providers``."""
    outside = _Outside(providers)
    kinds = attempts.JOB_OF.values()
    handlers: list[JobHandler] = [OutsideJob(kind, outside.call, lease_s=LEASE_S) for kind in kinds]
    handlers += [
        BatchJob("payment.apply", _apply),
        OutsideJob("payment.look_up", outside.look_up, lease_s=LEASE_S),
        BatchJob("payment.expire_authentication", _expire_authentications),
        BatchJob("payout.run", _run_payouts),
    ]
    if "sandbox" in providers:
        handlers.append(OutsideJob("sandbox.webhook", outside.deliver, lease_s=LEASE_S))
    return handlers


@dataclass(frozen=True, slots=True)
class _Outside:
    """The jobs that leave the house."""

    providers: Providers

    async def call(self, database: Database, job: Job, finish: Finish) -> None:
        """Ask a provider to do what an attempt says; keep the answer, or ask again later."""
        attempt_id = UUID(job.key)
        cause = Cause("job", job.kind)
        async with database.transaction(job.marketplace_id, cause) as tx:
            started = await attempts.start(tx, attempt_id)
            if started is None:
                await finish(tx)
                return
        answer, note = await attempts.ask(
            self.providers[started.provider], started.instruction, is_first=started.is_first
        )
        cause = Cause("provider", started.instruction.key, started.provider)
        async with database.transaction(job.marketplace_id, cause) as tx:
            await finish(tx)
            await attempts.record(tx, attempt_id, answer, note)

    async def look_up(self, database: Database, job: Job, finish: Finish) -> None:
        """Ask the provider about what a webhook has hinted at."""
        name, key, reference = (job.payload[part] for part in ("provider", "key", "dispute"))
        provider, mid = self.providers[str(name)], job.marketplace_id
        cause = Cause("provider", job.key, str(name))
        if reference is not None:
            report = await provider.find_dispute(mid, str(reference))
            async with database.transaction(mid, cause) as tx:
                await finish(tx)
                if report is not None:
                    await disputes.apply_report(tx, report)
            return
        found = await attempts.look_up(provider, mid, str(key))
        async with database.transaction(mid, cause) as tx:
            await finish(tx)
            await webhooks.record_found(tx, str(key), found)

    async def deliver(self, database: Database, job: Job, finish: Finish) -> None:
        """Play the sandbox's part: send a webhook, as it would come through HTTP."""
        sandbox = self.providers["sandbox"]
        assert isinstance(sandbox, Sandbox), "only the sandbox makes these jobs"
        headers, body = await sandbox.signed_webhook(job.marketplace_id, job.payload)
        await webhooks.receive_webhook(database, self.providers, "sandbox", headers, body)
        async with database.transaction(job.marketplace_id) as tx:
            await finish(tx)


async def _apply(tx: Transaction, jobs: Sequence[Job]) -> None:
    await outcomes.apply_answers(tx, [UUID(job.key) for job in jobs])


async def _expire_authentications(tx: Transaction, jobs: Sequence[Job]) -> None:
    await payments.expire_authentications(tx, [UUID(job.key) for job in jobs])


async def _run_payouts(tx: Transaction, jobs: Sequence[Job]) -> None:  # noqa: ARG001 - one a day
    await payouts.run_payouts(tx)
