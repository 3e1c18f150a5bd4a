"""Where providers send webhooks, which have a signature in place of a key; and buyers back."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from banyan.kernel import TooLarge
from banyan.payments.providers import Providers
from banyan.payments.service.returns import take_buyer_back
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

    async def take_back(request: Request) -> Response:
        """A buyer comes back from authenticating: the payment goes on, and so does the buyer."""
        marketplace_id = MARKETPLACE.parse(request.path_params["marketplace"])
        query = dict(request.query_params)
        to = await take_buyer_back(
            database, providers, request.path_params["provider"], marketplace_id, query
        )
        return RedirectResponse(to, 303) if to else PlainTextResponse("You may close this page.")

    path = "/v1/providers/{provider}/webhooks"
    return [
        *(Route(at, receive, methods=["POST"]) for at in (path, path + "/{marketplace}")),
        Route("/v1/providers/{provider}/return/{marketplace}", take_back, methods=["GET"]),
    ]


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise TooLarge(f"A webhook has at most {BODY_BYTES_MAX} bytes.")
    return bytes(body)
