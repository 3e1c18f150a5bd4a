"""Between our code and localstripe: what localstripe doesn't know is taken out or played here.

It passes requests on over HTTP. It plays transfers and disputes, which localstripe has not, and
faults: an answer that gets lost, a server that is overloaded.
"""

import itertools
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_UNKNOWN_TO_IT = ("transfer_group", "return_url", "mandate_data[customer_acceptance][type]")


class StripeRelay:
    """``lose`` and ``refuse`` count the next POSTs whose answer is lost, or that are turned away."""

    def __init__(self, localstripe: str) -> None:
        self.lose = 0
        self.refuse = 0
        self.seen: list[tuple[str, str]] = []
        self.payouts: list[dict[str, Any]] = []
        self.entries: dict[str, list[dict[str, Any]]] = {}
        self._client = httpx.AsyncClient(base_url=localstripe)
        self._transfers: list[dict[str, Any]] = []
        self._disputes: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self.app = Starlette(
            routes=[
                Route("/v1/payment_intents/search", self._search),
                Route("/v1/charges", self._charges),
                Route("/v1/payouts", self._payouts),
                Route("/v1/balance_transactions", self._entries),
                Route("/v1/transfers", self._transfer, methods=["GET", "POST"]),
                Route("/v1/disputes", self._list_disputes),
                Route("/v1/disputes/{id}", self._dispute, methods=["GET", "POST"]),
                Route("/v1/disputes/{id}/close", self._close_dispute, methods=["POST"]),
                Route("/{path:path}", self._pass_on, methods=["GET", "POST"]),
            ]
        )

    async def close(self) -> None:
        await self._client.aclose()

    def open_dispute(self, intent: str, metadata: dict[str, str], amount: int, **more: Any) -> str:
        reference = f"du_{next(self._numbers)}"
        self._disputes[reference] = {
            "object": "dispute", "id": reference, "amount": amount, "currency": "eur",
            "status": "needs_response", "reason": "product_not_received",
            "balance_transactions": [
                {"id": "txn_d", "amount": -amount, "fee": 2_000, "net": -amount - 2_000,
                 "currency": "eur", "type": "adjustment"}
            ],
            "evidence_details": {"due_by": 1_800_000_000, "submission_count": 0},
            "payment_intent": {"object": "payment_intent", "id": intent, "metadata": metadata},
            **more,
        }  # fmt: skip
        return reference

    def evidence_of(self, dispute: str) -> dict[str, str]:
        """What was handed in last, as it came."""
        return self._disputes[dispute]["evidence"]

    async def _pass_on(self, request: Request) -> Response:
        body = await request.body()
        self.seen.append((request.method, request.url.path))
        if request.method == "POST" and self.refuse:
            self.refuse -= 1
            return JSONResponse({"error": {"type": "invalid_request_error"}}, 429)
        fields = [
            (name, value)
            for name, value in parse_qsl(body.decode(), keep_blank_values=True)
            if name not in _UNKNOWN_TO_IT
        ]
        answer = await self._client.request(
            request.method,
            request.url.path,
            params=request.query_params,
            content=urlencode(fields),
            headers={
                "authorization": request.headers["authorization"],
                "content-type": "application/x-www-form-urlencoded",
            },
        )
        return self._answered(request, Response(answer.content, answer.status_code))

    def _answered(self, request: Request, answer: Response) -> Response:
        if request.method == "POST" and self.lose:
            self.lose -= 1
            return JSONResponse({"error": {"type": "api_error"}}, 500)
        return answer

    async def _search(self, request: Request) -> Response:
        """By metadata, as ``metadata['name']:'value'``."""
        name, value = request.query_params["query"].split("'")[1::2]
        listed = await self._client.get(
            "/v1/payment_intents",
            params={"limit": 100},
            headers={"authorization": request.headers["authorization"]},
        )
        data = [one for one in listed.json()["data"] if one["metadata"].get(name) == value]
        return JSONResponse({"object": "search_result", "data": data, "has_more": False})

    async def _charges(self, request: Request) -> Response:
        """localstripe copies no metadata from payments to charges: none is found by its group."""
        assert "transfer_group" in request.query_params
        return JSONResponse({"object": "list", "data": [], "has_more": False})

    async def _payouts(self, request: Request) -> Response:
        day = int(request.query_params["arrival_date"])
        data = [one for one in self.payouts if one["arrival_date"] == day]
        return JSONResponse({"object": "list", "data": data, "has_more": False})

    async def _entries(self, request: Request) -> Response:
        """Page after page, two at a time."""
        entries = self.entries[request.query_params["payout"]]
        after = request.query_params.get("starting_after")
        start = 0 if after is None else [one["id"] for one in entries].index(after) + 1
        page = entries[start : start + 2]
        more = start + 2 < len(entries)
        url = request.url.path
        return JSONResponse({"object": "list", "url": url, "data": page, "has_more": more})

    async def _transfer(self, request: Request) -> Response:
        if request.method == "GET":
            group = request.query_params.get("transfer_group")
            data = [one for one in self._transfers if one["transfer_group"] == group]
            return JSONResponse({"object": "list", "data": data, "has_more": False})
        form = dict(parse_qsl((await request.body()).decode()))
        if form["destination"] == "acct_closed":
            error = {"type": "invalid_request_error", "code": "account_closed"}
            return JSONResponse({"error": error}, 400)
        transfer = {
            "object": "transfer",
            "id": f"tr_{next(self._numbers)}",
            "amount": int(form["amount"]),
            "currency": form["currency"],
            "destination": form["destination"],
            "transfer_group": form["transfer_group"],
            "reversed": False,
            "metadata": {
                name.removeprefix("metadata[")[:-1]: value
                for name, value in form.items()
                if name.startswith("metadata[")
            },
        }
        self._transfers.append(transfer)
        return self._answered(request, JSONResponse(transfer))

    async def _list_disputes(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [], "has_more": False})

    async def _dispute(self, request: Request) -> Response:
        dispute = self._disputes.get(request.path_params["id"])
        if dispute is None:
            error = {"type": "invalid_request_error", "code": "resource_missing"}
            return JSONResponse({"error": error}, 404)
        if request.method == "POST":
            form = dict(parse_qsl((await request.body()).decode()))
            if form.get("submit") in ("true", "True"):
                dispute["evidence_details"]["submission_count"] += 1
                dispute["status"] = "under_review"
                dispute["evidence"] = form
        return self._answered(request, JSONResponse(dispute))

    async def _close_dispute(self, request: Request) -> Response:
        dispute = self._disputes[request.path_params["id"]]
        dispute["status"] = "lost"
        return JSONResponse(dispute)
