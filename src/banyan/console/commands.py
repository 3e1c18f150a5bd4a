"""The commands that empty pages offer: what to type so that something appears there.

They can be pasted as they are into a shell, one after the other, and again: each call carries an
``Idempotency-Key``. A test runs them against the API.
"""

from datetime import timedelta

from banyan.console.views.frame import Frame

_REGIONS = {"BR": "SP"}


def seller_command(frame: Frame) -> str:
    return f"{_key(frame)}\n{_seller(frame)}"


def offer_command(frame: Frame, seller_id: str) -> str:
    return f"{_key(frame)}\n{_offer(frame, seller_id)}"


def order_command(frame: Frame) -> str:
    """A seller with an offer, a buyer, and an order that will be matched to it."""
    calls = (_key(frame), _seller(frame), _offer(frame, "$SELLER"), _buyer(frame), _order(frame))
    return "\n".join(calls)


def case_command(frame: Frame) -> str:
    """A buyer and an order of something that nobody sells: a person has to decide."""
    return "\n".join((_key(frame), _buyer(frame), _order(frame, product="nobody-sells-this")))


def import_command(frame: Frame) -> str:
    """A bank statement; then a settlement report in our own columns."""
    take = f"banyan reconcile import --marketplace {frame.marketplace_id}"
    return f"{take} statement.xml\n{take} --provider sandbox report.csv"


def close_command(frame: Frame) -> str:
    """Close the month before the one in which the marketplace's clock stands."""
    last = frame.now.replace(day=1) - timedelta(days=1)
    return f"banyan ledger close --marketplace {frame.marketplace_id} {last:%Y-%m}"


def plan_command(frame: Frame) -> str:
    """Look at what a plan would change, then apply it."""
    at = f"--marketplace {frame.marketplace_id} migration.yaml"
    return f'banyan migrate plan {at}\nbanyan migrate apply {at} --why "Begin with product pages"'


def rehearse_command(frame: Frame, plan: str) -> str:
    return (
        f"banyan migrate rehearse --marketplace {frame.marketplace_id} --plan {plan}"
        " --legacy http://legacy.staging.example --candidate http://candidate.staging.example"
    )


def _key(frame: Frame) -> str:
    live = "# A live marketplace needs a payment provider; without one, try this in a sandbox.\n"
    return (
        f"{live if frame.livemode else ''}export BANYAN_API_KEY=$(banyan keys create"
        f" --marketplace {frame.marketplace_id} --name first)"
    )


def _seller(frame: Frame) -> str:
    body = f'{{"name": "Casa Aurora", {_place(frame)}, "currency": "{frame.currency}"}}'
    return _post(frame, "sellers", body, keep="SELLER=sel_")


def _offer(frame: Frame, seller: str) -> str:
    price = f'{{"amount": 8990, "currency": "{frame.currency}"}}'
    body = f'{{"seller": "{seller}", "product": "teapot", "price": {price}, "lead_time_days": 4}}'
    return _post(frame, "offers", body)


def _buyer(frame: Frame) -> str:
    return _post(frame, "buyers", f"{{{_place(frame)}}}", keep="BUYER=buy_")


def _order(frame: Frame, product: str = "teapot") -> str:
    shipping = f'{{"amount": 1500, "currency": "{frame.currency}"}}'
    body = (
        f'{{"buyer": "$BUYER", "lines": [{{"product": "{product}"}}], "shipping": {shipping},'
        f' "ship_to": {{{_place(frame)}}}, "payment_method": {{"token": "tok_visa"}}}}'
    )
    return _post(frame, "orders", body, key=f"first-order-{product}")


def _place(frame: Frame) -> str:
    return f'"country": "{frame.country}", "region": "{_REGIONS.get(frame.country, "north")}"'


def _post(frame: Frame, path: str, body: str, *, keep: str = "", key: str = "") -> str:
    """A call; ``keep`` (``NAME=prefix_``) puts the id in the answer into a variable."""
    quoted = '"' + body.replace('"', '\\"') + '"' if "$" in body else f"'{body}'"
    call = (
        f"curl -s {frame.api_url}/v1/{path}"
        f' -H "Authorization: Bearer $BANYAN_API_KEY"'
        f' -H "Idempotency-Key: {key or f"first-{path}"}"'
        f' -H "Content-Type: application/json" \\\n  -d {quoted}'
    )
    name, _, prefix = keep.partition("=")
    return f"{name}=$({call} | grep -o '{prefix}[0-9a-z]*' | head -1)" if keep else call
