"""What the webhooks of a team are signed with: sealed at rest, made when first needed."""

from datetime import timedelta
from uuid import UUID

from banyan.kernel import new_token
from banyan.migration.informing.rules.signing import secret_text
from banyan.migration.informing.service.reading import check_team
from banyan.migration.informing.store import secrets as store
from banyan.migration.model.standing import PLAN
from banyan.migration.service.reading import find_plan
from banyan.migration.store.plans import record_events
from banyan.runtime import MARKETPLACE, Event, Transaction, Vault

BOTH_VALID = timedelta(days=1)
"""After a change: so long webhooks carry the signatures of both secrets."""


async def reveal_secret(
    tx: Transaction, vault: Vault, plan: str, team: str, *, rotate: bool = False, by: str
) -> str:
    """A team's secret as ``whsec_…``, made if there is none; ``rotate``: a new one.

    ``PlanNotFound``, ``TeamNotFound``, ``SecretUnreadable``.
    """
    version = await find_plan(tx, plan)
    check_team(version.plan, team)
    present = await signing_secrets(tx, vault, version.plan_id, team)
    if not rotate:
        return secret_text(present[0])
    secret = _fresh()
    place = _place(tx, version.plan_id, team)
    await store.update_secret(tx, version.plan_id, team, vault.seal(secret, place))
    news = {"team": team, "by": by}
    await record_events(
        tx, version.plan_id, Event("migration.secret_rotated", PLAN.text(version.plan_id), news)
    )
    return secret_text(secret)


async def signing_secrets(
    tx: Transaction, vault: Vault, plan_id: UUID, team: str
) -> tuple[bytes, ...]:
    """What to sign with now: the secret, and for a day the one before it."""
    place = _place(tx, plan_id, team)
    found = await store.find_secrets(tx, plan_id, team)
    if found is None:
        await store.insert_secret(tx, plan_id, team, vault.seal(_fresh(), place))
        found = await store.find_secrets(tx, plan_id, team)
        assert found is not None, "it was just made"
    sealed = [found.sealed]
    if found.sealed_before is not None and tx.now < found.rotated_at + BOTH_VALID:
        sealed.append(found.sealed_before)
    return tuple(vault.open(one, place) for one in sealed)


def _fresh() -> bytes:
    return new_token().encode()


def _place(tx: Transaction, plan_id: UUID, team: str) -> str:
    market = MARKETPLACE.text(tx.marketplace_id)
    return f"webhooks of {team} in {PLAN.text(plan_id)} of {market}"
