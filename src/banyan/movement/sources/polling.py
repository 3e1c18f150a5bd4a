"""Changes found by a column that grows: ``updated_at`` and the like.

A transaction may commit after a later one's time was seen: each look goes back by an overlap. Deleted
rows leave nothing to find; the comparison of both sides finds them.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

from sqlalchemy import and_, func, or_, select

from banyan.movement.model import Key, Polling
from banyan.movement.sources.capture import Lag, Notices
from banyan.movement.sources.connection import Session
from banyan.movement.sources.tables import Place, bare

_SEEN_MAX = 200_000


class PollingCapture:
    """Looks for rows whose ``polling.polling`` is not below where the last look ended."""

    def __init__(
        self, place: Place, polling: Polling, overlap_s: float, every_s: float, since: Any
    ) -> None:
        self._place = place
        self._column = polling.polling
        self._overlap_s = overlap_s
        self._every_s = every_s
        self._since = since
        self._seen: dict[Key, Any] = {}
        self._page: tuple[Any, ...] | None = None
        self._looked_s: float | None = None
        self._highest: Any = since
        self._risen_s = monotonic()

    def install(self) -> None:
        return

    def remove(self) -> None:
        return

    def begin(self) -> Any:
        source = self._place.source
        with self._place.side.reading() as session:
            ((highest,),) = session.fetch(select(func.max(source.c[self._column])))
        self._since = self._highest = highest
        return highest

    def look_now(self) -> None:
        """Don't wait for the next turn."""
        self._looked_s = None

    def take(self, limit: int) -> Notices:
        rested_s = None if self._looked_s is None else monotonic() - self._looked_s
        if self._page is None and rested_s is not None and rested_s < self._every_s:
            return Notices()
        source = self._place.source
        moved = source.c[self._column]
        keys = [source.c[name] for name in self._place.key]
        statement = select(moved, *keys).where(moved.is_not(None)).order_by(moved, *keys)
        if self._page is not None:
            statement = statement.where(_behind([moved, *keys], self._page))
        elif self._since is not None:
            statement = statement.where(moved >= bare(earlier(self._since, self._overlap_s)))
        with self._place.side.reading() as session:
            rows = session.fetch(statement.limit(limit))
        fresh = [row[1:] for row in rows if self._seen.get(row[1:], _NOTHING) != row[0]]
        is_more = len(rows) == limit
        return Notices(fresh, (rows, is_more), is_more)

    def done(self, notices: Notices) -> Any:
        if notices.token is None:
            return None
        rows, is_more = notices.token
        if rows and rows[-1][0] != self._highest:
            self._highest, self._risen_s = rows[-1][0], monotonic()
        is_young = monotonic() - self._risen_s < self._overlap_s
        for row in rows:
            # The clock of the highest may tick on still: another change would look the same.
            if is_young and row[0] == self._highest:
                self._seen.pop(row[1:], None)
            else:
                self._seen[row[1:]] = row[0]
        self._page = rows[-1] if is_more else None
        if is_more:
            return None
        self._looked_s = monotonic()
        self._since = self._highest
        self._forget()
        return self._since

    def waiting(self, session: Session, keys: Sequence[Key]) -> set[Key]:  # noqa: ARG002 - unknown
        return set()

    def lag(self) -> Lag:
        rested_s = None if self._looked_s is None else monotonic() - self._looked_s
        behind_s = None if rested_s is None else max(0.0, rested_s - self._every_s)
        return Lag(None if self._page else 0, behind_s)

    def _forget(self) -> None:
        """Rows older than the overlap aren't found again."""
        if self._since is None:
            return
        from_here = earlier(self._since, self._overlap_s)
        self._seen = {key: at for key, at in self._seen.items() if at >= from_here}
        if len(self._seen) > _SEEN_MAX:
            self._seen.clear()


_NOTHING = object()


def earlier(since: Any, by_s: float) -> Any:
    """A moment before ``since``, in the same writing."""
    match since:
        case datetime():
            return since - timedelta(seconds=by_s)
        case date():
            return since - timedelta(days=1 + int(by_s // 86_400))
        case Decimal():
            return since - Decimal(str(by_s))
        case int() | float():
            # Seconds since 1970, or milliseconds, or microseconds: they can be told by their size.
            unit = 1 if since < 1e11 else 1_000 if since < 1e14 else 1_000_000
            by = by_s * unit
            return since - (by if isinstance(since, float) else max(1, int(by)))
        case str():
            moment = datetime.fromisoformat(since.strip()) - timedelta(seconds=by_s)
            separator = "T" if "T" in since else " "
            text = moment.isoformat(separator, "microseconds" if "." in since else "seconds")
            return text.replace("+00:00", "Z") if since.endswith("Z") else text
        case _:
            return since


def _behind(columns: Sequence[Any], after: Sequence[Any]) -> Any:
    first, *rest = columns
    value = bare(after[0])
    if not rest:
        return first > value
    return and_(first >= value, or_(first > value, _behind(rest, after[1:])))
