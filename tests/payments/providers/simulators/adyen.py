"""A small Adyen: answers in the shapes of its public API description, and remembers.

Payments, modifications and transfers have their state; keys are honoured; webhooks are signed and
wait in ``told`` until they are fetched. The stored method's id chooses what happens:

    visa            authorised
    refused_<code>  refused, with that reason code
    redirect        the buyer is sent away, and what ``result_of`` says authorises
    boleto          presented to the buyer
"""

import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from banyan.payments.providers.adyen.webhooks import Amount, Item, sign_body, sign_item

MERCHANT, API_KEY = "BanyanTest", "AQE_test_key_of_adyen"
HMAC_KEY, TRANSFERS_HMAC_KEY = "44" * 32, "55" * 32

REASONS = {"6": "Expired Card", "12": "Not enough balance", "20": "FRAUD"}

Handler = Callable[[Request, dict[str, Any]], Awaitable[Response]]


class FakeAdyen:
    """``lose`` counts the next POSTs that are done and not answered."""

    def __init__(self) -> None:
        self.lose = 0
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.reports: dict[str, bytes] = {}
        self.documents: list[dict[str, str]] = []
        self.asked: list[dict[str, Any]] = []
        self._payments: dict[str, dict[str, Any]] = {}
        self._transfers: list[dict[str, Any]] = []
        self._answers: dict[tuple[str, str], tuple[dict[str, Any], Response]] = {}
        self._numbers = itertools.count(1)
        self.app = Starlette(
            routes=[
                self._post("/checkout/v71/payments", self._pay),
                self._post("/checkout/v71/payments/details", self._details),
                self._post("/checkout/v71/payments/{psp}/{what}", self._modify),
                self._post("/checkout/v71/paymentMethods", self._methods),
                self._post("/btl/v4/transfers", self._transfer),
                Route("/btl/v4/transfers", self._list, methods=["GET"]),
                self._post("/disputes/{call}", self._dispute),
                Route("/reports/download/MerchantAccount/{merchant}/{name}", self._report),
            ]
        )

    def notify(
        self,
        event: str,
        psp: str,
        reference: str,
        amount: dict[str, Any] | None,
        *,
        success: bool = True,
        reason: str = "",
        original: str = "",
        at: str = "2018-03-01T10:00:00+01:00",
        **more: str,
    ) -> tuple[dict[str, str], bytes]:
        """A signed notification of a payment; it is put to those that are to be fetched."""
        item = {
            "pspReference": psp,
            "originalReference": original,
            "merchantAccountCode": MERCHANT,
            "merchantReference": reference,
            "amount": amount,
            "eventCode": event,
            "eventDate": at,
            "success": "true" if success else "false",
            "reason": reason,
            "additionalData": dict(more),
        }
        signature = sign_item(
            Item(
                psp_reference=psp,
                original_reference=original,
                merchant_account_code=MERCHANT,
                merchant_reference=reference,
                amount=None if amount is None else Amount(amount["currency"], amount["value"]),
                event_code=event,
                success="true" if success else "false",
            ),
            HMAC_KEY,
        )
        item["additionalData"] |= {"hmacSignature": signature}
        body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
        told = ({}, json.dumps(body).encode())
        self.told.append(told)
        return told

    def result_of(self, payment: str) -> str:
        """What the buyer of a payment of ours brings back from authenticating."""
        waiting = self._payments.items()
        return next(
            f"result_of_{psp}" for psp, one in waiting if one["reference"].endswith(f"/{payment}")
        )

    def _post(self, path: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("x-api-key") != API_KEY:
                return JSONResponse({"status": 401, "errorCode": "000"}, 401)
            body = json.loads(await request.body())
            self.asked.append(body)
            key = request.headers.get("idempotency-key")
            place = (request.url.path, key or "")
            if key and place in self._answers:
                before, answer = self._answers[place]
                if before != body:
                    return JSONResponse({"status": 422, "errorCode": "704"}, 422)
                return answer
            answer = await handler(request, body)
            if key:
                self._answers[place] = (body, answer)
            if self.lose:
                self.lose -= 1
                return JSONResponse({"status": 500, "errorCode": "905"}, 500)
            return answer

        return Route(path, endpoint, methods=["POST"])

    def _psp(self) -> str:
        return f"{next(self._numbers):016X}"

    async def _pay(self, request: Request, body: dict[str, Any]) -> Response:
        stored = body["paymentMethod"].get("storedPaymentMethodId", body["paymentMethod"]["type"])
        psp, amount, reference = self._psp(), body["amount"], body["reference"]
        if stored == "redirect":
            self._payments[psp] = {**body, "state": "waiting", "captured": 0, "refunded": 0}
            action = {"type": "redirect", "method": "GET", "url": f"https://adyen.example/{psp}"}
            return JSONResponse(
                {"resultCode": "RedirectShopper", "pspReference": psp, "action": action}
            )
        if stored == "boletobancario":
            self._payments[psp] = {**body, "state": "waiting", "captured": 0, "refunded": 0}
            action = {"type": "voucher", "reference": "0339.1", "expiresAt": "2018-03-04T00:00:00"}
            return JSONResponse(
                {"resultCode": "PresentToShopper", "pspReference": psp, "action": action}
            )
        if stored.startswith("refused_"):
            code = stored.removeprefix("refused_")
            reason = REASONS.get(code, "Refused")
            self.notify("AUTHORISATION", psp, reference, amount, success=False, reason=reason)
            return JSONResponse(
                {"resultCode": "Refused", "pspReference": psp, "refusalReason": reason,
                 "refusalReasonCode": code}
            )  # fmt: skip
        if stored != "visa":
            return JSONResponse({"status": 422, "errorCode": "800"}, 422)
        return self._authorise(psp, body)

    def _authorise(self, psp: str, body: dict[str, Any]) -> Response:
        self._payments[psp] = {**body, "state": "authorised", "captured": 0, "refunded": 0}
        self.notify("AUTHORISATION", psp, body["reference"], body["amount"])
        return JSONResponse(
            {"resultCode": "Authorised", "pspReference": psp, "amount": body["amount"],
             "merchantReference": body["reference"]}
        )  # fmt: skip

    async def _details(self, request: Request, body: dict[str, Any]) -> Response:
        psp = body["details"].get("redirectResult", "").removeprefix("result_of_")
        if psp not in self._payments:
            return JSONResponse({"status": 422, "errorCode": "101"}, 422)
        return self._authorise(psp, self._payments[psp])

    async def _modify(self, request: Request, body: dict[str, Any]) -> Response:
        original, what = request.path_params["psp"], request.path_params["what"]
        payment, psp = self._payments[original], self._psp()
        value = body.get("amount", payment["amount"])["value"]
        state = payment["state"]
        match what:
            case "captures":
                event, ok = "CAPTURE", state == "authorised"
                payment["state"] = "captured" if ok else state
                payment["captured"] += value if ok else 0
            case "cancels":
                event, ok = "CANCELLATION", state == "authorised"
                payment["state"] = "cancelled" if ok else state
            case _:
                event = "REFUND"
                ok = payment["refunded"] + value <= payment["captured"]
                payment["refunded"] += value if ok else 0
        amount = {"currency": payment["amount"]["currency"], "value": value}
        reason = "" if ok else "Transaction hasn't been captured, or was cancelled"
        self.notify(
            event, psp, body["reference"], amount, success=ok, reason=reason, original=original
        )
        return JSONResponse({**body, "pspReference": psp, "status": "received"}, 201)

    async def _methods(self, request: Request, body: dict[str, Any]) -> Response:
        if body["merchantAccount"] != MERCHANT:
            return JSONResponse({"status": 403, "errorCode": "901"}, 403)
        return JSONResponse({"paymentMethods": [{"type": "scheme"}]})

    async def _transfer(self, request: Request, body: dict[str, Any]) -> Response:
        good = body["counterparty"]["balanceAccountId"] != "BACLOSED"
        transfer = {
            "id": self._psp(),
            "reference": body["reference"],
            "amount": body["amount"],
            "status": "authorised" if good else "refused",
            "reason": "approved" if good else "counterpartyAccountNotFound",
            "sequenceNumber": 1,
        }
        self._transfers.append(transfer)
        if good:
            transfer |= {"status": "booked", "sequenceNumber": 2}
            event = {
                "type": "balancePlatform.transfer.updated",
                "environment": "test",
                "data": transfer,
            }
            raw = json.dumps(event).encode()
            self.told.append(({"hmacsignature": sign_body(raw, TRANSFERS_HMAC_KEY)}, raw))
            return JSONResponse({**transfer, "status": "authorised", "sequenceNumber": 1}, 202)
        return JSONResponse(transfer, 202)

    async def _list(self, request: Request) -> Response:
        assert {"createdSince", "createdUntil"} <= set(request.query_params)
        return JSONResponse({"data": self._transfers, "_links": {}})

    async def _dispute(self, request: Request, body: dict[str, Any]) -> Response:
        match request.path_params["call"]:
            case "retrieveApplicableDefenseReasons":
                kind = {"defenseDocumentTypeCode": "DeliveryProof", "requirementLevel": "Required"}
                reason = {
                    "defenseReasonCode": "GoodsOrServicesProvided",
                    "defenseDocumentTypes": [kind],
                }
                return JSONResponse({"defenseReasons": [reason]})
            case "supplyDefenseDocument":
                self.documents += body["defenseDocuments"]
            case _:
                pass
        return JSONResponse({"disputeServiceResult": {"success": True}})

    async def _report(self, request: Request) -> Response:
        assert request.headers["authorization"].startswith("Basic ")
        report = self.reports.get(request.path_params["name"])
        return Response(report) if report is not None else Response(status_code=404)
