"""What a gateway does with each request: all that its configuration is made from."""

from dataclasses import dataclass, field
from typing import Literal

BP = 10_000
"""A whole, in basis points: weights and samples are parts of it."""

ARMS = ("legacy", "candidate")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Upstream:
    """A side that answers requests, reached at ``host:port``.

    It gets the customer's ``Host`` unless it has one of its own (``host_header``: all sides or none;
    the customer's then goes in ``X-Forwarded-Host``). Over TLS, ``server_name`` is asked for and, unless ``is_verified`` is
    false, must be in the certificate; it is the host where it is left out.
    """

    name: str
    host: str
    port: int
    is_tls: bool = False
    host_header: str | None = None
    server_name: str | None = None
    ca_file: str | None = None
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class PathMatch:
    """Which paths a route takes.

    ``template`` is OpenAPI's: ``/product/{id}`` takes one segment for ``{id}``; ``{rest:**}`` at the
    end takes what is left. ``prefix`` takes whole segments: ``/cart`` takes ``/cart`` and
    ``/cart/items``, not ``/carton``; ``/cart/`` only what is below. ``regex`` is RE2 and matches the
    whole path. None looks at the query; all see the path as it was sent, percent signs and all.
    """

    kind: Literal["exact", "prefix", "template", "regex"]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes two requests one customer's, in the order asked; else a cookie of our own.

    ``cookie`` is the name of the gateway's own, which names the device, so that a login doesn't
    change the side. ``header`` is one that a trusted proxy in front sets, if there is one.
    """

    cookie: str = "banyan_device"
    header: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """Whose cookies are whose: a side may set (and delete) only those that it owns.

    Names that end in ``*`` stand for all that begin so. A cookie that neither side owns may be set
    by both. A request carries all cookies to both sides.
    """

    legacy: tuple[str, ...] = ()
    candidate: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FallBack:
    """When legacy answers in the candidate's place, for safe methods.

    After ``after_ms`` legacy is asked as well and the first answer wins that is not the candidate's
    failure; after an error (5xx, reset, no connection) at once. Bodies of known length up to ``buffer_bytes_max`` are held until
    they are whole, so that a body cut in the middle falls back too.
    """

    after_ms: int = 1_000
    buffer_bytes_max: int = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """How much is also asked of the other side, off the customer's path, and compared.

    ``sample_bp`` of safe requests are mirrored to candidate and legacy, whichever arm answers the
    customer: the second answer of one side tells the noise. ``writes`` mirrors the other methods to
    the candidate only: never, or because they are safe to repeat there, or with ``header`` set, on
    which the candidate answers without doing (a dry run).
    """

    sample_bp: int = 0
    writes: Literal["never", "safe", "dry_run"] = "never"
    dry_run_header: tuple[str, str] = ("x-banyan-dry-run", "1")
    body_bytes_max: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """One route of a gateway; the first that matches takes the request.

    ``read_bp`` of customers are sent to the candidate with safe methods: always the same ones, and
    at a higher weight those and more. ``writes_to`` is the side of all other methods.
    ``candidate`` names an upstream. Writes that go to the candidate go nowhere else when it can't be
    reached, unless ``writes_fall_back``: only where both sides share their data. Nothing falls back
    where ``fall_back`` is None or the route is retired. ``legacy_after_write``: whoever's last write
    was at legacy a moment ago, on any route that ``is_remembered``, is answered by it and not
    shadowed, since the candidate's data may not have it yet.
    """

    name: str
    match: PathMatch
    methods: tuple[str, ...] = ()
    candidate: str | None = None
    read_bp: int = 0
    writes_to: Literal["legacy", "candidate"] = "legacy"
    writes_fall_back: bool = False
    legacy_after_write: bool = False
    is_remembered: bool = True
    fall_back: FallBack | None = field(default_factory=FallBack)
    shadow: Shadow = Shadow()
    timeout_ms: int | None = None
    is_retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySpec:
    """A gateway: where it listens, the sides, and its routes; what none takes goes to legacy."""

    name: str
    host: str
    port: int
    legacy: Upstream
    candidates: tuple[Upstream, ...]
    routes: tuple[RouteSpec, ...]
    identity: Identity = Identity()
    cookies: Cookies = Cookies()
