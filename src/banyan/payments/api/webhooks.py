"""Where providers send webhooks: no key, but a signature."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from banyan.kernel import TooLarge
from banyan.payments.providers import Providers
from banyan.payments.service.webhooks import receive_webhook
from banyan.runtime import MARKETPLACE, Database

BODY_BYTES_MAX = 65_536


def webhook_routes(database: Database, providers: Providers) -> list[Route]:
    """``POST /v1/providers/{provider}/webhooks``: 204 once it is kept, also for a repeated one.

    A provider that a marketplace has connected itself is told the address with the marketplace's id
    at its end.
    """

    async def receive(request: Request) -> Response:
        body = await _body(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        provider = request.path_params["provider"]
        named = request.path_params.get("marketplace")
        marketplace_id = None if named is None else MARKETPLACE.parse(named)
        await receive_webhook(database, providers, provider, headers, body, marketplace_id)
        return Response(status_code=204)

    path = "/v1/providers/{provider}/webhooks"
    return [Route(at, receive, methods=["POST"]) for at in (path, path + "/{marketplace}")]


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise TooLarge(f"A webhook has at most {BODY_BYTES_MAX} bytes.")
    return bytes(body)
