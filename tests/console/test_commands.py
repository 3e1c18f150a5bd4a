"""The commands of empty pages do what the pages say, against the real API."""

import json
import re
from dataclasses import replace

import httpx
import pytest

from banyan.console.commands import case_command, offer_command, order_command, seller_command
from tests.console.samples import frame

SHELL = frame("Orders", "orders")


async def run(client: httpx.AsyncClient, script: str) -> dict[str, object]:
    """Play the shell: send each call, keep the ids; the last answer."""
    kept: dict[str, str] = {}
    last: dict[str, object] = {}
    for call in script.split("\n", 1)[1].replace("\\\n", "").split("\n"):
        name = re.match(r"(\w+)=\$\(", call)
        path = re.search(r"(/v1/\w+)", call)
        key = re.search(r'"Idempotency-Key: ([^"]+)"', call)
        body = re.search(r"-d '(.*)'", call) or re.search(r'-d "(.*)"', call)
        assert path is not None
        assert key is not None
        assert body is not None
        text = body[1].replace('\\"', '"')
        for variable, value in kept.items():
            text = text.replace(f"${variable}", value)
        if "| grep" in text:
            text = text[: text.index("' | grep")]
        answer = await client.post(
            path[1], json=json.loads(text), headers={"Idempotency-Key": key[1]}
        )
        assert answer.status_code == 201, answer.text
        last = answer.json()
        if name is not None:
            kept[name[1]] = str(last["id"])
    return last


async def test_the_first_order_can_be_placed_by_pasting(client: httpx.AsyncClient) -> None:
    assert (await run(client, order_command(SHELL)))["object"] == "order"
    assert (await run(client, order_command(SHELL)))["object"] == "order", "and again"


async def test_a_case_a_seller_and_an_offer_too(client: httpx.AsyncClient) -> None:
    assert (await run(client, case_command(SHELL)))["object"] == "order"
    seller = await run(client, seller_command(SHELL))
    offer = await run(client, offer_command(SHELL, str(seller["id"])))
    assert offer["seller"] == seller["id"]


@pytest.mark.parametrize("livemode", [True, False])
def test_only_a_live_marketplace_is_told_to_connect_a_provider(*, livemode: bool) -> None:
    script = order_command(replace(SHELL, livemode=livemode))
    assert ("needs a payment provider" in script) is livemode
