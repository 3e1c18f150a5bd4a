"""``Idempotency-Key``: the same request sent twice is done once, and answered alike.

The answer is stored in the transaction of the write, so that both are there or neither is. A
refusal rolls that transaction back and is not stored: the client may correct the request and send
it again under the same key. While the first request runs it holds an advisory lock on its key; a
second one doesn't wait but is refused with ``idempotency_in_flight``.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta

from banyan.kernel import Fault, InvalidRequest
from banyan.runtime.database import Queries, Transaction
from banyan.runtime.http.answers import Answer
from banyan.runtime.http.errors import (
    IdempotencyInFlight,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
)

KEPT_FOR = timedelta(hours=24)
_PRINTABLE = re.compile(rb"[\x20-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request that names itself, and what it asks for in 32 bytes."""

    key: str
    fingerprint: bytes

    @staticmethod
    def of(key: bytes | None, *asks: bytes, needed: bool) -> "IdempotentRequest | None":
        """None without a key; ``InvalidRequest`` if it is malformed, or absent but needed."""
        if key is None:
            if needed:
                detail = "Send an Idempotency-Key, so that a retry can't do this twice."
                fault = Fault("missing", detail, parameter="Idempotency-Key")
                raise IdempotencyKeyMissing(detail, faults=(fault,))
            return None
        if not _PRINTABLE.fullmatch(key):
            detail = "An Idempotency-Key has 1 to 255 printable ASCII characters."
            fault = Fault("wrong_format", detail, parameter="Idempotency-Key")
            raise InvalidRequest(detail, faults=(fault,))
        digest = hashlib.sha256()
        for part in asks:
            digest.update(b"%d:%b" % (len(part), part))
        return IdempotentRequest(key.decode(), digest.digest())


async def find_answer(tx: Transaction, request: IdempotentRequest) -> Answer | None:
    """The answer already given to this request; None if it is new, and now locked until commit."""
    lock = hashlib.blake2b(tx.marketplace_id.bytes + request.key.encode(), digest_size=8)
    [(is_free, fingerprint, status, body)] = await tx.rows(
        """
        select pg_try_advisory_xact_lock(%(lock)s) as is_free, past.fingerprint, past.status, past.answer
        from (values (1)) as one
        left join runtime.idempotency_keys past
          on past.marketplace_id = %(marketplace_id)s and past.key = %(key)s
        """,
        lock=int.from_bytes(lock.digest(), signed=True),
        key=request.key,
    )
    if status is None:
        if not is_free:
            raise IdempotencyInFlight("The first request with this key is still running.")
        return None
    if fingerprint != request.fingerprint:
        raise IdempotencyKeyReused(
            f"The key {request.key!r} was used for another method, path or body."
        )
    return Answer(status, body, headers=[(b"idempotent-replayed", b"true")])


async def keep_answer(tx: Transaction, request: IdempotentRequest, answer: Answer) -> None:
    """Stores the answer; ``IdempotencyInFlight`` if another request got there in between."""
    stored = await tx.execute(
        """
        insert into runtime.idempotency_keys (marketplace_id, key, fingerprint, status, answer)
        values (%(marketplace_id)s, %(key)s, %(fingerprint)s, %(status)s, %(answer)s)
        on conflict (marketplace_id, key) do nothing
        """,
        key=request.key,
        fingerprint=request.fingerprint,
        status=answer.status,
        answer=answer.body,
    )
    if stored == 0:
        raise IdempotencyInFlight("Another request with this key came in at the same time.")


async def delete_expired(queries: Queries) -> int:
    """Forgets answers older than a day, up to 10,000 at once; how many. For a worker."""
    return await queries.execute(
        """
        delete from runtime.idempotency_keys
        where (marketplace_id, key) in (
          select marketplace_id, key
          from runtime.idempotency_keys
          where created_at < now() - %(kept_for)s::interval
          order by created_at
          limit 10000
          for update skip locked
        )
        """,
        kept_for=KEPT_FOR,
    )
