"""The bodies are ones that the API takes: every one of the extract is read by its structs."""

from pathlib import Path

import msgspec
import pytest

from banyan.kernel import IdKind, new_id
from banyan.orders.api.shapes import CancelOrder, PlaceOrder, RefundOrder, ShipOrder
from banyan.parties.api.buyers import CreateBuyer
from banyan.parties.api.offers import CreateOffer
from banyan.parties.api.sellers import CreateSeller
from banyan.replay.calls import Call, buyer_call, offer_call, order_call, seller_call, step_call
from banyan.replay.plan import Act, Plan, make_plan
from banyan.replay.source import read_source

EXTRACT = Path(__file__).parents[2] / "examples" / "olist"
BODIES = {Act.SHIP: ShipOrder, Act.CANCEL: CancelOrder, Act.REFUND: RefundOrder}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(read_source(EXTRACT))


@pytest.fixture(scope="module")
def calls(plan: Plan) -> list[tuple[Call, type | None]]:
    seller, buyer, offer, order = (
        IdKind(kind).text(new_id()) for kind in ("sel", "buy", "off", "ord")
    )
    offers = {each.external_id: offer for each in plan.offers}
    made: list[tuple[Call, type | None]] = [
        *((seller_call(each, plan), CreateSeller) for each in plan.sellers),
        *((offer_call(each, plan, seller), CreateOffer) for each in plan.offers),
    ]
    buyers = {}
    for step in plan.steps:
        if step.act is Act.PLACE:
            buyers[step.order.buyer.buyer_id] = buyer_call(step.order.buyer)
            made.append((order_call(step.order, plan, buyer, offers), PlaceOrder))
        else:
            made.append((step_call(step, order, "pay_1"), BODIES.get(step.act)))
    return [*made, *((call, CreateBuyer) for call in buyers.values())]


def test_the_api_reads_every_body(calls: list[tuple[Call, type | None]]):
    for call, body in calls:
        if body is None:
            assert call.body is None
        else:
            msgspec.json.decode(msgspec.json.encode(call.body), type=body)


def test_every_key_is_used_once_and_fits(calls: list[tuple[Call, type | None]]):
    keys = [call.key for call, _ in calls if call.key]
    assert len(set(keys)) == len(keys) == len(calls)
    assert max(map(len, keys)) <= 200
