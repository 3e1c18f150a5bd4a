"""Adyen: payments by Checkout, sellers as balance accounts of Adyen for Platforms.

Captures, refunds and cancellations are only taken in at once; how they ended comes by webhook and
can't be asked for. So webhooks are kept as they come in, and looking up means looking there. An
operation that nothing was told about is sent again under the same key, which Adyen honours for a
week at least; nothing proves that it was not done.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from uuid import UUID

import msgspec

from banyan.kernel import Clock, InvalidId, SystemClock
from banyan.payments.errors import WebhookRefused
from banyan.payments.model import ATTEMPT, METHODS, Capability, Operation
from banyan.payments.providers.adyen import document, reading, requests, store, webhooks
from banyan.payments.providers.adyen.store import Notice
from banyan.payments.providers.adyen.transport import Addresses, Failed, Transport
from banyan.payments.providers.answers import (
    Absent,
    Answer,
    Declined,
    DisputeReport,
    Found,
    Pending,
    Succeeded,
    Webhook,
)
from banyan.payments.providers.declines import declined
from banyan.payments.providers.exponents import ADYEN_UNITS
from banyan.payments.providers.kinds import AdyenSecrets, AdyenSettings
from banyan.payments.providers.provider import Instruction, Traits, with_payment
from banyan.runtime import Cause, Database, Transaction

_CAUSE = Cause("provider", "adyen", "Adyen")
_LOOK_BACK = timedelta(days=30)
_BACK = "back:"
_BROUGHT_MAX = 5
_REPORT_PREFIX = "settlement_detail_report"
_PATHS: Mapping[Operation, str] = {"capture": "captures", "void": "cancels", "refund": "refunds"}


class Adyen:
    """A ``Connected`` provider. ``database`` keeps what its webhooks tell."""

    traits = Traits(key_ttl=timedelta(days=7), absence_after=None)

    def __init__(
        self,
        marketplace_id: UUID,
        name: str,
        settings: AdyenSettings,
        secrets: AdyenSecrets,
        database: Database,
        *,
        livemode: bool,
        url: str = "",
        back_url: str = "",
        clock: Clock | None = None,
    ) -> None:
        """``url``: a simulator's. ``back_url``: where we take buyers back. ``clock``: Adyen's time,
        which is not the marketplace's."""
        self.name = name
        self._marketplace_id = marketplace_id
        self._settings = settings
        self._back_url = back_url
        self._secrets = secrets
        self._database = database
        self._livemode = livemode
        self._clock = clock or SystemClock()
        self._at = Addresses.of(url, settings.live_prefix, livemode=livemode)
        self._http = Transport()

    def __repr__(self) -> str:
        return f"Adyen({self.name!r})"

    async def close(self) -> None:
        await self._http.close()

    async def authorize(self, instruction: Instruction) -> Answer:
        units = ADYEN_UNITS.of(instruction.amount)
        if units is None:
            return declined("amount_not_accepted", str(instruction.amount))
        back = with_payment(self._back_url or self._settings.return_url, instruction.payment)
        body = requests.authorization(instruction, units, self._settings.merchant_account, back)
        try:
            payment = await self._pay("payments", body, instruction.key)
        except Failed as failed:
            return failed.answer
        return await self._authorization(payment, instruction)

    async def authenticate(self, instruction: Instruction) -> Answer:
        """Hand over what the buyer has brought back from authenticating.

        What was brought may be anybody's, also the result of another payment: only one that names
        this payment counts.
        """
        found = await self.find(instruction)
        if not isinstance(found, Absent):
            return found
        async with self._transaction() as tx:
            brought = await store.notices_of_key(tx, self.name, f"{_BACK}{instruction.payment}")
        for notice in brought[:_BROUGHT_MAX]:
            body = {"details": dict(notice.details)}
            key = f"{instruction.key}:{notice.notice_id[-16:]}"
            try:
                payment = await self._pay("payments/details", body, key)
            except Failed as failed:
                if not isinstance(failed.answer, Declined):
                    return failed.answer
                continue  # refused as it is: it says nothing about the payment
            if requests.names(payment.merchant_reference)[1] == instruction.payment:
                return await self._authorization(payment, instruction)
        return Pending("Adyen will tell how the authentication ended.", instruction.reference)

    async def take_back(self, payment: str, query: Mapping[str, str]) -> str:
        result = query.get("redirectResult", "")[:4_000]
        if result:
            digest = sha256(result.encode()).hexdigest()[:32]
            notice = Notice(
                notice_id=f"{_BACK}{payment}:{digest}",
                key=f"{_BACK}{payment}",
                reference="",
                event="BACK",
                is_success=True,
                amount_minor=None,
                currency=None,
                reason="",
                details={"redirectResult": result},
            )
            async with self._transaction() as tx:
                await store.keep_notice(tx, self.name, notice)
        return with_payment(self._settings.return_url, payment)

    async def capture(self, instruction: Instruction) -> Answer:
        return await self._modify(instruction)

    async def void(self, instruction: Instruction) -> Answer:
        return await self._modify(instruction)

    async def refund(self, instruction: Instruction) -> Answer:
        return await self._modify(instruction)

    async def payout(self, instruction: Instruction) -> Answer:
        """From the platform's balance account to the seller's; its sweeps pay out to banks."""
        own = self._settings.balance_account
        return await self._transfer(instruction, own, instruction.destination)

    async def debit(self, instruction: Instruction) -> Answer:
        """From the seller's balance account to the platform's."""
        own = self._settings.balance_account
        return await self._transfer(instruction, instruction.destination, own)

    async def contest(self, instruction: Instruction) -> Answer:
        """Defend with the first reason whose documents our evidence can be."""
        case = {
            "disputePspReference": instruction.reference,
            "merchantAccountCode": self._settings.merchant_account,
        }
        try:
            told = await self._dispute("retrieveApplicableDefenseReasons", case)
            reason = document.best_reason(told)
            if reason is None:
                return declined("dispute_closed", "no defence is possible")
            papers = document.papers(reason, instruction.evidence)
            if papers:
                supplied = {"defenseDocuments": papers, **case}
                await self._dispute("supplyDefenseDocument", supplied)
            code = {"defenseReasonCode": reason.code, **case}
            return self._decided(
                instruction, await self._dispute("defendDispute", code, instruction.key)
            )
        except Failed as failed:
            return failed.answer

    async def accept(self, instruction: Instruction) -> Answer:
        case = {
            "disputePspReference": instruction.reference,
            "merchantAccountCode": self._settings.merchant_account,
        }
        try:
            told = await self._dispute("acceptDispute", case, instruction.key)
        except Failed as failed:
            return failed.answer
        return self._decided(instruction, told)

    async def find(self, instruction: Instruction) -> Found:
        async with self._transaction() as tx:
            notices = await store.notices_of_key(tx, self.name, instruction.key)
        match instruction.operation:
            case "payout" | "debit" | "return":
                found = reading.from_transfers(notices)
                return await self._listed(instruction) if isinstance(found, Absent) else found
            case "authenticate":
                return await self._authenticated(instruction)
            case "contest" | "accept":
                return await self._decision(instruction)
            case "authorize" | "late":
                return _as_taken(instruction, reading.from_notices("authorize", notices))
            case operation:
                return reading.from_notices(operation, notices)

    async def find_dispute(self, marketplace_id: UUID, reference: str) -> DisputeReport | None:
        assert marketplace_id == self._marketplace_id, "a connection belongs to one marketplace"
        async with self._transaction() as tx:
            return reading.dispute_report(
                await store.notices_of_reference(tx, self.name, reference)
            )

    async def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """Verified, and kept: it is all that Adyen will ever tell about some operations."""
        try:
            notice = (
                self._transfer_notice(headers, body)
                if webhooks.TRANSFER_SIGNATURE_HEADER in headers
                else self._payment_notice(body)
            )
        except (webhooks.Forged, ValueError):
            raise WebhookRefused("This is no webhook that Adyen has signed for us.") from None
        if notice is None:
            return Webhook(self._marketplace_id, f"other:{sha256(body).hexdigest()[:32]}")
        async with self._transaction() as tx:
            await store.keep_notice(tx, self.name, notice)
        webhook_id = notice.notice_id[:80]
        if notice.event in webhooks.DISPUTE_EVENTS:
            return Webhook(self._marketplace_id, webhook_id, dispute=notice.reference)
        return Webhook(self._marketplace_id, webhook_id, key=_ours(notice.key))

    async def settlement_report(self, marketplace_id: UUID, on: date) -> bytes | None:
        """Adyen's own settlement detail reports that were announced on a day of the marketplace;
        None without one. Several are joined under one header."""
        assert marketplace_id == self._marketplace_id, "a connection belongs to one marketplace"
        since = datetime.combine(on, time(), UTC)
        async with self._transaction() as tx:
            names = await store.reports_of(tx, self.name, since, since + timedelta(days=1))
        files = [await self._report(name) for name in names if name.startswith(_REPORT_PREFIX)]
        found = [file for file in files if file]
        if not found:
            return None
        return found[0].rstrip(b"\n") + b"".join(
            b"\n" + file.split(b"\n", 1)[1].rstrip(b"\n") for file in found[1:] if b"\n" in file
        )

    async def check(self) -> list[Capability]:
        account = self._settings.merchant_account
        at, secrets = self._at, self._secrets
        methods = await _tried(
            "payments",
            lambda: self._http.post(
                f"{at.checkout}/paymentMethods", secrets.api_key, {"merchantAccount": account}
            ),
        )
        payouts = Capability("payouts", False, "No balance account of the platform is set.")
        if self._settings.balance_account:
            payouts = await _tried("payouts", lambda: self._list_transfers(limit=1))
        return [
            methods,
            payouts,
            _given("webhooks", secrets.hmac_key, "HMAC key of the payments' webhooks"),
            _given("transfer_webhooks", secrets.transfers_hmac_key, "HMAC key of the transfers'"),
            _given("reports", secrets.report_user, "login for reports"),
        ]

    def _transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.transaction(self._marketplace_id, _CAUSE)

    async def _pay(self, path: str, body: requests.Body, key: str) -> reading.Payment:
        """``Failed``."""
        url = f"{self._at.checkout}/{path}"
        told = await self._http.post(url, self._secrets.api_key, body, key)
        return msgspec.json.decode(told, type=reading.Payment)

    async def _authorization(self, payment: reading.Payment, instruction: Instruction) -> Answer:
        async with self._transaction() as tx:
            now = tx.now
        method = instruction.method
        is_captured = method is not None and METHODS[method.type].is_captured_at_once
        return reading.authorization(payment, instruction, now, is_captured=is_captured)

    async def _modify(self, instruction: Instruction) -> Answer:
        """Taken in, and no more; unless the outcome has been told already."""
        found = await self.find(instruction)
        if not isinstance(found, Absent):
            return found
        units = None
        if instruction.operation != "void":
            units = ADYEN_UNITS.of(instruction.amount)
            if units is None:
                return declined("amount_not_accepted", str(instruction.amount))
        path = f"payments/{instruction.reference}/{_PATHS[instruction.operation]}"
        body = requests.modification(instruction, self._settings.merchant_account, units)
        try:
            told = await self._http.post(
                f"{self._at.checkout}/{path}", self._secrets.api_key, body, instruction.key
            )
            taken = msgspec.json.decode(told, type=reading.Modification)
        except Failed as failed:
            return failed.answer
        return Pending("Adyen has taken it in and will tell.", taken.psp_reference)

    async def _transfer(self, instruction: Instruction, source: str, target: str) -> Answer:
        units = ADYEN_UNITS.of(instruction.amount)
        if units is None:
            return declined("amount_not_accepted", str(instruction.amount))
        body = requests.transfer(instruction, units, source, target)
        try:
            told = await self._http.post(
                f"{self._at.transfers}/transfers", self._transfers_key, body, instruction.key
            )
            return reading.transfer(msgspec.json.decode(told, type=webhooks.Transfer))
        except Failed as failed:
            return failed.answer

    async def _listed(self, instruction: Instruction) -> Found:
        """A transfer among those of the last days. ``Failed`` counts as not known."""
        for found in await self._list_transfers():
            if found.reference == instruction.key:
                return reading.transfer(found)
        return Absent()

    async def _list_transfers(self, limit: int = 100) -> list[webhooks.Transfer]:
        now = self._clock.now()
        query = {
            "balanceAccountId": self._settings.balance_account,
            "createdSince": (now - _LOOK_BACK).isoformat(),
            "createdUntil": (now + timedelta(days=1)).isoformat(),
            "limit": str(limit),
        }
        found = list[webhooks.Transfer]()
        while True:
            told = await self._http.get(
                f"{self._at.transfers}/transfers", self._transfers_key, query
            )
            page = msgspec.json.decode(told, type=reading.TransferPage)
            found += page.data
            if limit == 1 or not page.next_cursor:
                return found
            query["cursor"] = page.next_cursor

    async def _authenticated(self, instruction: Instruction) -> Found:
        """How the authorization ended that the buyer was sent to authenticate for. It was told
        under the authorization's key, which is not this one, and its reference."""
        async with self._transaction() as tx:
            notices = [
                *await store.notices_of_reference(tx, self.name, instruction.reference),
                *await store.notices_of_key(tx, self.name, instruction.reference),
            ]
        return _as_taken(instruction, reading.from_notices("authorize", notices))

    async def _decision(self, instruction: Instruction) -> Found:
        """Whether a dispute was defended or accepted shows in what is told about it later."""
        report = await self.find_dispute(self._marketplace_id, instruction.reference)
        wanted = "won" if instruction.operation == "contest" else "lost"
        if report is None or report.state != wanted:
            return Absent()
        return Succeeded(report.reference, report.amount.minor, report.amount.currency.code)

    async def _dispute(self, call: str, body: requests.Body, key: str = "") -> bytes:
        url = f"{self._at.disputes}/{call}"
        return await self._http.post(url, self._secrets.api_key, body, key)

    def _decided(self, instruction: Instruction, told: bytes) -> Answer:
        result = msgspec.json.decode(told, type=document.Decided).dispute_service_result
        if not result.success:
            return declined("dispute_closed", result.error_message)
        amount = instruction.amount
        return Succeeded(instruction.reference, amount.minor, amount.currency.code)

    async def _report(self, name: str) -> bytes | None:
        """The address is made from the name, not taken from the webhook."""
        if not name.replace("_", "").replace(".", "").replace("-", "").isalnum():
            return None
        url = f"{self._at.reports}/reports/download/MerchantAccount/"
        secrets = self._secrets
        return await self._http.download(
            f"{url}{self._settings.merchant_account}/{name}",
            secrets.report_user,
            secrets.report_password,
        )

    def _payment_notice(self, body: bytes) -> Notice:
        if not self._secrets.hmac_key:
            raise webhooks.Forged
        item = webhooks.read_notification(
            body,
            self._secrets.hmac_key,
            self._settings.merchant_account,
            livemode=self._livemode,
        )
        return webhooks.notice_of(item, requests.names(item.merchant_reference))

    def _transfer_notice(self, headers: Mapping[str, str], body: bytes) -> Notice | None:
        if not self._secrets.transfers_hmac_key:
            raise webhooks.Forged
        transfer = webhooks.read_transfer_event(
            headers, body, self._secrets.transfers_hmac_key, livemode=self._livemode
        )
        return None if transfer is None else webhooks.notice_of_transfer(transfer)

    @property
    def _transfers_key(self) -> str:
        return self._secrets.transfers_api_key or self._secrets.api_key


def _ours(key: str) -> str | None:
    try:
        ATTEMPT.parse(key)
    except InvalidId:
        return None
    return key


async def _tried(name: str, call: Callable[[], Awaitable[object]]) -> Capability:
    try:
        await call()
    except Failed as failed:
        answer = failed.answer
        said = answer.code if isinstance(answer, Declined) else answer.detail
        return Capability(name, False, f"Adyen refuses: {said}")
    return Capability(name, True, "Adyen answers.")


def _given(name: str, secret: str, what: str) -> Capability:
    return Capability(name, bool(secret), f"The {what} is {'known' if secret else 'missing'}.")


def _as_taken(instruction: Instruction, found: Found) -> Found:
    """Notices don't say that a method takes the money at once; the method does."""
    method = instruction.method
    if not isinstance(found, Succeeded) or method is None:
        return found
    return msgspec.structs.replace(found, is_captured=METHODS[method.type].is_captured_at_once)
