"""Recording rates, and finding the one that holds."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from banyan.fx.errors import InvalidRate, InvalidRateFile
from banyan.fx.model import RATE, CrossRate, Loaded, Rate, RateDraft
from banyan.fx.rules.crossing import RateBook
from banyan.fx.service.settings import get_settings
from banyan.fx.sources import MANUAL, RateSource
from banyan.fx.store import rates as store
from banyan.kernel import LIMIT_DEFAULT, Currency, Fault, Page, decode_cursor, new_id, page_of
from banyan.runtime import MARKETPLACE, Event, Transaction

_BATCH = 5_000


async def rate_at(
    tx: Transaction, base: str, currency: str, at: datetime | None = None
) -> CrossRate:
    """What one unit of ``base`` is worth in ``currency``, and which dated rates say so.

    At an instant (None: now): only rates that were effective by then count, in their latest version.
    ``RateMissing``; ``RateStale`` if they are too old at that instant by the marketplace's settings.
    """
    return (await rate_book(tx, {base, currency}, at)).cross(base, currency)


async def rate_book(
    tx: Transaction, currencies: Collection[str], at: datetime | None = None
) -> RateBook:
    """The rates between these currencies at an instant, read in one go."""
    settings = await get_settings(tx)
    instant = at or tx.now
    rates = await store.latest_rates(tx, sorted(currencies), settings.sources, instant)
    return RateBook(rates, instant, settings)


async def set_rate(
    tx: Transaction, base: str, currency: str, rate: Decimal, effective_at: datetime | None = None
) -> Rate:
    """Record a rate by hand: one ``base`` costs ``rate`` of ``currency``, from an instant on.

    The instant is now unless given. The same rate again changes nothing, another one at the same
    instant is a new version. ``InvalidRate``, ``InvalidMoney``.
    """
    for code in (base, currency):
        Currency.of(code)
    if base == currency or not rate.is_finite() or rate <= 0:
        detail = f"{base} at {rate} {currency} is not a rate."
        raise InvalidRate(detail, faults=(Fault("invalid_fx_rate", detail, "/rate"),))
    draft = RateDraft(base, currency, rate, effective_at or tx.now)
    recorded = await _insert(tx, MANUAL, [draft])
    if not recorded:
        found = await store.find_rate(tx, MANUAL, base, currency, draft.effective_at)
        assert found is not None, "nothing is inserted only where the same rate stands"
        return found
    [made] = recorded
    await tx.record(
        Event(
            "fx_rate.set",
            RATE.text(made.rate_id),
            {
                "source": made.source,
                "base": made.base,
                "currency": made.currency,
                "rate": f"{made.rate:f}",
                "effective_at": made.effective_at.isoformat(),
                "version": made.version,
            },
        )
    )
    return made


async def load_rates(
    tx: Transaction, source: RateSource, content: bytes, *, since: datetime | None = None
) -> Loaded:
    """Record the rates of a source's file, or those from ``since`` on.

    Loading a file again changes nothing. Where it differs from what was loaded before, the rate gets
    a new version. Currencies that nobody pays with today are skipped. ``InvalidRateFile``.
    """
    given = [d for d in source.read(content) if since is None or d.effective_at >= since]
    known = {*Currency.codes()}
    drafts = [draft for draft in given if {draft.base, draft.currency} <= known]
    _refuse_contradictions(drafts)
    added = corrected = 0
    for start in range(0, len(drafts), _BATCH):
        recorded = await _insert(tx, source.name, drafts[start : start + _BATCH])
        added += sum(rate.version == 1 for rate in recorded)
        corrected += sum(rate.version > 1 for rate in recorded)
    instants = [draft.effective_at for draft in drafts]
    loaded = Loaded(
        source.name,
        added,
        corrected,
        len(drafts) - added - corrected,
        min(instants, default=None),
        max(instants, default=None),
        tuple(sorted({code for d in given for code in (d.base, d.currency)} - known)),
    )
    if added or corrected:
        await tx.record(
            Event("fx.rates_loaded", MARKETPLACE.text(tx.marketplace_id), _news(loaded))
        )
    return loaded


async def _insert(tx: Transaction, source: str, drafts: Sequence[RateDraft]) -> list[Rate]:
    await store.insert_pairs(tx, source, drafts)
    await store.lock_pairs(tx, source, drafts)
    by = tx.cause.actor or tx.cause.id
    return await store.insert_rates(tx, source, by, [new_id(tx.now) for _ in drafts], drafts)


def _refuse_contradictions(drafts: Sequence[RateDraft]) -> None:
    """A file that gives two rates for one pair and instant can't be right about both."""
    seen = set[tuple[str, str, datetime]]()
    for draft in drafts:
        key = (draft.base, draft.currency, draft.effective_at)
        if key in seen:
            raise InvalidRateFile(
                f"The file has two rates of {draft.base} in {draft.currency} "
                f"for {draft.effective_at:%Y-%m-%d %H:%M}."
            )
        seen.add(key)


def _news(loaded: Loaded) -> dict[str, str | int | None]:
    return {
        "source": loaded.source,
        "added": loaded.added,
        "corrected": loaded.corrected,
        "unchanged": loaded.unchanged,
        "first_at": loaded.first_at and loaded.first_at.isoformat(),
        "last_at": loaded.last_at and loaded.last_at.isoformat(),
    }


async def list_rates(
    tx: Transaction,
    *,
    source: str | None = None,
    base: str | None = None,
    currency: str | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[Rate]:
    """Recorded rates in every version, the latest first."""
    rows = await store.select_rates(
        tx, source=source, base=base, currency=currency, after=after(cursor), limit=limit + 1
    )
    return page_of(rows, limit, lambda rate: (rate.effective_at, rate.rate_id))


def after(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The instant and id of the last row of the page before."""
    if cursor is None:
        return None
    at, row_id = decode_cursor(cursor, (datetime, UUID))
    assert isinstance(at, datetime), "as decoded"
    assert isinstance(row_id, UUID), "as decoded"
    return at, row_id
