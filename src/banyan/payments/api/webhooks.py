"""Where providers send webhooks: no key, but a signature."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from banyan.kernel import TooLarge
from banyan.payments.providers import Providers
from banyan.payments.service.webhooks import receive_webhook
from banyan.runtime import Database

BODY_BYTES_MAX = 65_536


def webhook_routes(database: Database, providers: Providers) -> list[Route]:
    """``POST /v1/providers/{provider}/webhooks``: 204 once it is kept, also for a repeated one."""

    async def receive(request: Request) -> Response:
        body = await _body(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        provider = request.path_params["provider"]
        await receive_webhook(database, providers, provider, headers, body)
        return Response(status_code=204)

    return [Route("/v1/providers/{provider}/webhooks", receive, methods=["POST"])]


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise TooLarge(f"A webhook has at most {BODY_BYTES_MAX} bytes.")
    return bytes(body)
