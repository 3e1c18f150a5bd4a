"""A marketplace in memory that speaks the part of the API that a replay uses.

It has a worker (each look at the jobs' summary does one round of them), keeps idempotency keys, and
can be told to misbehave: lose answers after the work was done, be away, or hang for ever.
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Json = dict[str, object]

CARD_STATES = {
    "tok_declined_insufficient_funds": "declined",
    "tok_requires_3ds": "checked",
}
REVIEW_ABOVE_MINOR = 30_000


LONG_AGO = datetime(2016, 1, 1, tzinfo=UTC)


class Away(Exception):
    """The connection breaks."""


@dataclass
class FakeMarketplace:
    now: datetime | None = None
    rows: dict[str, list[Json]] = field(default_factory=dict)
    answers: dict[str, tuple[str, int, Json]] = field(default_factory=dict)
    calls: list[tuple[str, str, Json]] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    pending: list[Json] = field(default_factory=list)
    break_every: int = 0
    halt_at: int = 0
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    requests: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/clock", self._serve(self.clock)),
                Route("/v1/clock/advance", self._serve(self.advance), methods=["POST"]),
                Route("/v1/jobs/summary", self._serve(self.jobs)),
                Route("/v1/summary", self._serve(self.summary)),
                Route("/v1/ledger/verification", self._serve(self.verification)),
                Route("/v1/orders/{id}", self._serve(self.get_order)),
                Route("/v1/orders/{id}/{act}", self._serve(self.act), methods=["POST"]),
                Route("/v1/payments/{id}/{act}", self._serve(self.authenticate), methods=["POST"]),
                Route("/v1/cases/{id}/resolve", self._serve(self.resolve), methods=["POST"]),
                Route("/v1/{kind}", self._serve(self.create), methods=["POST"]),
                Route("/v1/{kind}", self._serve(self.list_rows)),
            ]
        )

    def of(self, kind: str) -> list[Json]:
        return self.rows.setdefault(kind, [])

    def order(self, external_id: str) -> Json:
        (found,) = [row for row in self.of("orders") if row["external_id"] == external_id]
        return found

    def _serve(self, handler):
        async def endpoint(request: Request) -> JSONResponse:
            self.requests += 1
            if self.requests == self.halt_at:
                self.halted.set()
                await asyncio.Event().wait()
            breaks = self.break_every and self.requests % self.break_every == 0
            if breaks and self.requests % (2 * self.break_every) == 0:
                return JSONResponse(
                    {"code": "unavailable", "detail": "", "retryable": True},
                    503,
                    {"retry-after": "0"},
                )
            body = json.loads(await request.body() or b"{}")
            status, answer = self._once(request, body, handler)
            if breaks:
                raise Away
            return JSONResponse(answer, status)

        return endpoint

    def _once(self, request: Request, body: Json, handler) -> tuple[int, Json]:
        key = request.headers.get("idempotency-key")
        content = f"{request.method} {request.url.path} {json.dumps(body)}"
        if key in self.answers:
            before, status, answer = self.answers[key]
            return (status, answer) if before == content else (422, _problem("key_reused"))
        if request.method == "POST":
            self.calls.append((request.url.path, key or "", body))
        status, answer = handler(request, body)
        if key is not None and status < 300:
            self.answers[key] = (content, status, answer)
        return status, answer

    def clock(self, request: Request, body: Json) -> tuple[int, Json]:
        return 200, {"now": (self.now or LONG_AGO).isoformat()}

    def advance(self, request: Request, body: Json) -> tuple[int, Json]:
        to = datetime.fromisoformat(str(body["to"]))
        if self.now is not None and to < self.now:
            return 409, _problem("clock_not_movable")
        self.now = to
        return 200, {"now": str(body["to"])}

    def jobs(self, request: Request, body: Json) -> tuple[int, Json]:
        due = len(self.pending)
        for order in self.pending:
            total = sum(
                line["quantity"] * line["unit_price_max"]["amount"] for line in order["lines"]
            )
            if total > REVIEW_ABOVE_MINOR and order["state"] == "placed":
                order["state"] = "in_review"
                self._open_case(order)
            else:
                order["state"] = CARD_STATES.get(order["payment_method"]["token"], "confirmed")
        self.pending = []
        return 200, {"due": due, "failed": 0}

    def create(self, request: Request, body: Json) -> tuple[int, Json]:
        kind = request.path_params["kind"]
        row = {"id": f"{kind}_{len(self.of(kind)) + 1}", **body}
        if kind == "orders":
            row |= {"state": "placed", "payment": f"pay_{row['id']}", "refunded": _amount(0)}
            row |= {"placed_at": self.now, "refunds": []}
            self.pending.append(row)
        self.of(kind).append(row)
        return 201, {"id": row["id"]}

    def list_rows(self, request: Request, body: Json) -> tuple[int, Json]:
        rows = self.of(request.path_params["kind"])
        if request.path_params["kind"] == "cases":
            rows = [case for case in rows if case["state"] == "open"]
        start = int(request.query_params.get("cursor", 0))
        end = start + int(request.query_params["limit"])
        has_more = end < len(rows)
        data = [{**row, "placed_at": None} for row in rows[start:end]]
        cursor = str(end) if has_more else None
        return 200, {"data": data, "has_more": has_more, "next_cursor": cursor}

    def get_order(self, request: Request, body: Json) -> tuple[int, Json]:
        return 200, {**self._find("orders", request), "placed_at": None}

    def act(self, request: Request, body: Json) -> tuple[int, Json]:
        order, act = self._find("orders", request), request.path_params["act"]
        before, after = {
            "ship": ({"confirmed"}, "shipped"),
            "deliver": ({"shipped"}, "delivered"),
            "cancel": ({"confirmed"}, "cancelled"),
            "refunds": ({"shipped", "delivered"}, None),
        }[act]
        if order["state"] not in before:
            return 409, _problem("order_not_ready")
        order["state"] = after or order["state"]
        if act == "refunds":
            order["refunds"].append(body)
            order["refunded"] = _amount(1)
        self.happened[act] += 1
        return 200, {"id": order["id"]}

    def authenticate(self, request: Request, body: Json) -> tuple[int, Json]:
        pay = request.path_params["id"]
        (order,) = [row for row in self.of("orders") if row["payment"] == pay]
        if order["state"] != "checked":
            return 409, _problem("payment_not_waiting")
        order["state"] = "confirmed"
        self.happened["authenticate"] += 1
        return 200, {"id": pay}

    def resolve(self, request: Request, body: Json) -> tuple[int, Json]:
        case = self._find("cases", request)
        case["state"], case["resolution"] = "resolved", body["resolution"]
        (order,) = [row for row in self.of("orders") if row["id"] == case["subject"]]
        if body["resolution"] == "approve":
            self.pending.append(order)
        else:
            order["state"] = "declined"
        return 200, {"id": case["id"]}

    def summary(self, request: Request, body: Json) -> tuple[int, Json]:
        names = [
            "taken",
            "fees",
            "commission",
            "tax",
            "owed_to_sellers",
            "paid_out",
            "in_dispute",
            "refunded",
        ]
        return 200, {
            "orders": dict(Counter(str(row["state"]) for row in self.of("orders"))),
            "money": {name: _amount(123_456) for name in names},
            "human_touches_per_1000": 1.5,
        }

    def verification(self, request: Request, body: Json) -> tuple[int, Json]:
        return 200, {"is_balanced": True, "legs": 12}

    def _open_case(self, order: Json) -> None:
        case = {
            "id": f"cas_{len(self.of('cases')) + 1}",
            "kind": "order.review",
            "subject": order["id"],
            "state": "open",
            "opened_at": self.now.isoformat(),
            "resolutions": ["approve", "decline"],
        }
        self.of("cases").append(case)

    def _find(self, kind: str, request: Request) -> Json:
        (found,) = [row for row in self.of(kind) if row["id"] == request.path_params["id"]]
        return found


def _amount(minor: int) -> Json:
    return {"amount": minor, "currency": "BRL"}


def _problem(code: str) -> Json:
    return {"code": code, "detail": f"It is {code}.", "retryable": False}
