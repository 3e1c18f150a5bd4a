"""Tamper evidence: what is recorded is hashed in batches, each chained to the one before.

The sealer follows at a distance, behind the horizon: a position is drawn before its transaction
commits, so that a lower one may still appear. It notes the last position drawn and who is posting, and
waits, without blocking anybody, until they have ended; then nothing up to that position is missing,
and it seals. Positions that a rollback lost are gaps, which is all right.
"""

from banyan.kernel import LIMIT_DEFAULT, Page, decode_cursor, page_of
from banyan.ledger import rules
from banyan.ledger.model import Finding, Seal
from banyan.ledger.store import sealing as store
from banyan.runtime import JobDraft, Transaction

SEAL_JOB = "ledger.seal"
LEGS_MAX = 10_000
BATCHES_MAX = 20
SEAL_MANY = BATCHES_MAX * LEGS_MAX
"""Legs that one call seals at most, or nearly: then there may be more."""
_CHECKED_AT_ONCE = 10
_NO_BOUND = 2**63 - 1


async def seal(tx: Transaction, *, batches_max: int = BATCHES_MAX) -> int:
    """Seal what lies behind the horizon, up to ``batches_max`` batches; how many legs it was.

    That is everything committed, unless somebody is posting right now: then it is what was recorded
    until the horizon before, once those who were posting at that time have ended.
    """
    horizon = await store.find_horizon(tx)
    if horizon is None or horizon.is_passed:
        sealed = 0 if horizon is None else await _seal_through(tx, horizon.position, batches_max)
        if sealed >= batches_max * LEGS_MAX:
            return sealed
        horizon = await store.stage_horizon(tx, await store.last_drawn_position(tx))
        if horizon.is_passed:
            sealed += await _seal_through(tx, horizon.position, batches_max)
        return sealed
    return 0


async def _seal_through(tx: Transaction, position: int, batches_max: int) -> int:
    sealed = 0
    for _ in range(batches_max):
        legs = await store.seal_next(tx, position, LEGS_MAX)
        if legs == 0:
            break
        sealed += legs
    return sealed


async def request_seal(tx: Transaction) -> None:
    """Let a worker seal, if anything has been recorded since the last seal."""
    if await store.has_unsealed(tx):
        await tx.enqueue(JobDraft(SEAL_JOB, "next"))


async def is_sealed(tx: Transaction) -> bool:
    """Whether everything that was recorded until now is sealed."""
    return not await store.has_unsealed(tx)


async def head(tx: Transaction) -> Seal | None:
    """The last seal: it stands for everything recorded until then. None before the first."""
    return await store.find_seal(tx, None)


async def list_seals(
    tx: Transaction, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[Seal]:
    """The seals, newest first."""
    before = _NO_BOUND
    if cursor is not None:
        [before] = decode_cursor(cursor, [int])
    assert isinstance(before, int)
    return page_of(await store.list_seals(tx, before, limit + 1), limit, lambda seal: seal.batch)


async def seal_findings(tx: Transaction) -> list[Finding]:
    """The first batch that is not as it was sealed, and the first transfer in it; or nothing."""
    after = 0
    while seals := await store.check_seals(tx, after, _CHECKED_AT_ONCE):
        for checked in seals:
            wrong = await _what_is_wrong(tx, checked)
            if wrong:
                return [Finding("seals_chain", f"batch {checked.batch}: {wrong}")]
        after = seals[-1].batch
    return []


async def _what_is_wrong(tx: Transaction, seal: store.CheckedSeal) -> str | None:
    if not seal.follows:
        return "a batch before it was removed"
    if not seal.is_whole:
        found = await store.digests_between(tx, seal.after, seal.last_position)
        difference = rules.first_difference(await store.leaves_of(tx, seal.batch), found)
        return difference or "the seal was altered"
    return None if seal.is_chained and seal.has_its_leaves else "the seal was altered"


async def check_against(tx: Transaction, exported: Seal) -> list[Finding]:
    """Whether the chain still runs through a seal that was exported earlier and kept elsewhere.

    Whoever can rewrite the whole chain can't rewrite that.
    """
    found = await store.find_seal(tx, exported.batch)
    if found is None:
        return [Finding("seals_chain", f"batch {exported.batch}: the exported seal was removed")]
    if found.hash != exported.hash:
        return [Finding("seals_chain", f"batch {exported.batch}: the seal is not the exported one")]
    return []
