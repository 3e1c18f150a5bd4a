"""``Set-Cookie`` compared by what a browser would do: which cookies it keeps, and how."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from banyan.difference.model import Answer, Kind
from banyan.difference.rules.how import Comparing
from banyan.difference.rules.sheet import Sheet

_LIFETIME_SLACK_S = 5


@dataclass(frozen=True, slots=True)
class Cookie:
    """``lifetime_s`` None: until the browser is closed; 0: it is deleted."""

    name: str
    value: str
    path: str
    domain: str
    lifetime_s: int | None
    is_secure: bool
    is_http_only: bool
    same_site: str

    @property
    def is_deletion(self) -> bool:
        return self.lifetime_s == 0


def compare_cookies(legacy: Answer, candidate: Answer, how: Comparing, sheet: Sheet) -> None:
    ours, theirs = cookies_of(legacy, how), cookies_of(candidate, how)
    for name in {**ours, **theirs}:
        one, two = ours.get(name), theirs.get(name)
        values = [cookie.value for cookie in (one, two) if cookie is not None]
        if one == two or how.ignores_place(f"cookie:{name}", values):
            continue
        if one is None or two is None:
            kind: Kind = "missing" if two is None else "extra"
            shapes = (_act(one), _act(two))
            sheet.note(
                f"cookie:{name}", kind, _shown(one, sheet), _shown(two, sheet), shapes=shapes
            )
        else:
            _compare(one, two, how, sheet)


def _compare(one: Cookie, two: Cookie, how: Comparing, sheet: Sheet) -> None:
    place = f"cookie:{one.name}"
    if one.is_deletion != two.is_deletion:
        shapes = (_act(one), _act(two))
        sheet.note(place, "changed", _shown(one, sheet), _shown(two, sheet), shapes=shapes)
        return
    if one.value != two.value and not one.is_deletion:
        is_emptied = "" in (one.value, two.value)
        if is_emptied or one.name in how.cookie_values:
            kind: Kind = "emptied" if is_emptied else "changed"
            sheet.note(f"{place}@value", kind, _value(one, sheet), _value(two, sheet))
    for attribute, left, right in (
        ("path", one.path, two.path),
        ("domain", one.domain, two.domain),
        ("secure", str(one.is_secure).lower(), str(two.is_secure).lower()),
        ("httponly", str(one.is_http_only).lower(), str(two.is_http_only).lower()),
        ("samesite", one.same_site, two.same_site),
    ):
        at = f"{place}@{attribute}"
        if left != right and not how.ignores_place(at, [left, right]):
            mask = sheet.masker.text
            sheet.note(at, "changed", mask(left or "not set"), mask(right or "not set"))
    if not _is_near(one.lifetime_s, two.lifetime_s):
        at = f"{place}@lifetime"
        if not how.ignores_place(at, []):
            shapes = (_sort(one), _sort(two))
            sheet.note(at, "changed", _lifetime(one), _lifetime(two), shapes=shapes)


def cookies_of(answer: Answer, how: Comparing) -> dict[str, Cookie]:
    """By name; the last of a name counts."""
    now = _instant(answer.header("date") or "")
    found = (_read(line, now, how) for line in answer.all("set-cookie"))
    return {cookie.name: cookie for cookie in found if cookie is not None}


def _read(line: str, now: datetime | None, how: Comparing) -> Cookie | None:
    pair, *rest = line.split(";")
    name, mark, value = pair.partition("=")
    if not mark or not name.strip():
        return None
    own: dict[str, str] = {}
    for part in rest:
        key, _, content = part.partition("=")
        own[key.strip().lower()] = content.strip()
    domain = own.get("domain", "").lower().lstrip(".")
    return Cookie(
        name=name.strip(),
        value=value.strip().strip('"'),
        path=own.get("path") or "",
        domain="" if how.is_own(domain) else domain,
        lifetime_s=_lifetime_s(own, now),
        is_secure="secure" in own,
        is_http_only="httponly" in own,
        same_site=own.get("samesite", "").lower(),
    )


def _lifetime_s(own: dict[str, str], now: datetime | None) -> int | None:
    """``Max-Age`` before ``Expires`` (RFC 6265); the latter against the answer's own ``Date``."""
    age = own.get("max-age", "").removeprefix("+")
    if age.removeprefix("-").isascii() and age.removeprefix("-").isdigit() and len(age) <= 12:
        return max(int(age), 0)
    if "expires" not in own:
        return None
    at = _instant(own["expires"])
    if at is None:
        return None
    if at.year <= 1971:
        return 0
    return None if now is None else max(int((at - now).total_seconds()), 0)


def _instant(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text.replace("-", " "))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo is not None else None


def _is_near(one: int | None, two: int | None) -> bool:
    if one is None or two is None:
        return one == two
    return abs(one - two) <= max(_LIFETIME_SLACK_S, max(one, two) // 1000)


def _act(cookie: Cookie | None) -> str:
    return "" if cookie is None else "deleted" if cookie.is_deletion else "set"


def _sort(cookie: Cookie) -> str:
    return "session" if cookie.lifetime_s is None else "persistent"


def _lifetime(cookie: Cookie) -> str:
    return "until the browser closes" if cookie.lifetime_s is None else f"{cookie.lifetime_s:,} s"


def _value(cookie: Cookie, sheet: Sheet) -> str:
    return sheet.masker.cookie(cookie.name, cookie.value)


def _shown(cookie: Cookie | None, sheet: Sheet) -> str | None:
    if cookie is None:
        return None
    return "deleted" if cookie.is_deletion else f"set to {_value(cookie, sheet) or 'nothing'}"
