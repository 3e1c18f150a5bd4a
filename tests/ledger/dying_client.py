"""A client that posts until it is killed, and says what it sent and what was acknowledged.

python dying_client.py DATABASE_URL MARKETPLACE_ID
"""

import asyncio
import sys
from uuid import UUID, uuid4

from banyan.kernel import Money
from banyan.ledger import Account, GroupCommit, Leg, Transfer
from banyan.runtime import Database


def transfer(transfer_id: UUID) -> Transfer:
    legs = (
        Leg(Account("platform:bank", "BRL"), Account("buyer:funds_held", "BRL"), ONE, "crash"),
        Leg(Account("platform:bank", "BRL"), Account("platform:commission", "BRL"), ONE, "crash"),
    )
    return Transfer(transfer_id, legs, subject="crash")


ONE = Money.of(1, "BRL")


async def main(url: str, marketplace_id: UUID) -> None:
    database = await Database.open(url, size=2)
    group = GroupCommit(database)

    async def call() -> None:
        while True:
            transfer_id = uuid4()
            sys.stdout.write(f"sent {transfer_id.hex}\n")
            sys.stdout.flush()
            await group.post(marketplace_id, transfer(transfer_id))
            sys.stdout.write(f"done {transfer_id.hex}\n")
            sys.stdout.flush()

    await asyncio.gather(*(call() for _ in range(20)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], UUID(sys.argv[2])))
