"""The commands that empty pages offer: what to type so that something appears there."""

from banyan.console.views.frame import Frame


def seller_command(frame: Frame) -> str:
    body = '{"name": "Aurora Furniture", "country": "BR", "region": "SP", "currency": "BRL"}'
    return _post(frame, "/v1/sellers", body)


def offer_command(frame: Frame, seller_id: str) -> str:
    body = (
        f'{{"seller_id": "{seller_id}", "product": "chair-01",'
        ' "price": {"amount": 18990, "currency": "BRL"}, "lead_time_days": 4}'
    )
    return _post(frame, "/v1/offers", body)


def order_command(frame: Frame) -> str:
    body = '{"product": "chair-01", "quantity": 1, "currency": "BRL", "payment_method": "card_ok"}'
    return _post(frame, "/v1/orders", body)


def _post(frame: Frame, path: str, body: str) -> str:
    return (
        f"curl {frame.api_url}{path} \\\n"
        '  -H "Authorization: Bearer $BANYAN_API_KEY" \\\n'
        '  -H "Idempotency-Key: $(uuidgen)" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d '{body}'"
    )
