"""Leaving bank files in the outbox folder, each once.

Whatever takes files from there may have taken one when the process dies before it is noted. So what
is about to be left there is noted first, and who finds that note and no file asks a person.
"""

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from banyan.payments.model import BATCH, BankFile
from banyan.payments.service.bank_cases import HAND_OVER, ask_about_hand_over
from banyan.payments.service.bank_files import get_batch_of_file, get_file, hand_over
from banyan.payments.store import batches as store
from banyan.runtime import JobDraft, Json, Transaction


@dataclass(frozen=True, slots=True)
class Drop:
    """A file that is to be left in the folder. ``is_again``: that was begun before."""

    file: BankFile
    is_again: bool


async def begin_drop(tx: Transaction, batch_id: UUID) -> Drop | None:
    """Note that a file is about to be left in the folder; None if the bank has it."""
    file = await get_file(tx, batch_id)
    if file.handed_over_at is not None:
        return None
    return Drop(file, is_again=not await store.begin_drop(tx, batch_id))


async def end_drop(tx: Transaction, batch_id: UUID, *, is_there: bool) -> None:
    """Note that the bank is given the file; if it isn't where it was left, ask who took it."""
    if is_there:
        await hand_over(tx, batch_id, "the outbox folder")
    elif (await get_file(tx, batch_id)).handed_over_at is None:
        await ask_about_hand_over(tx, await get_batch_of_file(tx, batch_id))


async def follow_case(tx: Transaction, case: dict[str, Json], *, has_folder: bool) -> None:
    """Do what a person has found out about a file that may have been taken."""
    if case.get("kind") != HAND_OVER:
        return
    batch_id = BATCH.parse(str(case["subject"]))
    if case["resolution"] == "bank_has_it":
        await hand_over(tx, batch_id, str(cast("str | None", case.get("by")) or "a person"))
    elif has_folder:
        await store.forget_drop(tx, batch_id)
        await tx.enqueue(JobDraft("payout.hand_over", BATCH.text(batch_id)))
