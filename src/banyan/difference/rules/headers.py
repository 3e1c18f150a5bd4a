"""Headers compared by what they mean."""

from urllib.parse import parse_qsl, urljoin, urlsplit

from banyan.difference.model import Answer, Asked, Kind
from banyan.difference.rules.how import Comparing
from banyan.difference.rules.shapes import shape_of
from banyan.difference.rules.sheet import Sheet

_SETS = frozenset({"cache-control", "vary", "allow", "access-control-allow-methods",
                   "access-control-allow-headers", "access-control-expose-headers", "pragma",
                   "content-language", "accept-ranges", "clear-site-data"})  # fmt: skip


def compare_headers(
    legacy: Answer, candidate: Answer, asked: Asked | None, how: Comparing, sheet: Sheet
) -> None:
    """Those that are chosen, but for ``set-cookie``."""
    for name in how.headers:
        if name == "set-cookie":
            continue
        one, two = legacy.all(name), candidate.all(name)
        if one == two:
            continue
        left, right = (_meaning(name, values, asked, how) for values in (one, two))
        place = f"header:{name}"
        if left == right or how.ignores_place(place, [*one, *two]):
            continue
        kind: Kind = "changed" if one and two else "missing" if one else "extra"
        masker = sheet.masker
        sheet.note(
            place,
            kind,
            masker.header(name, ", ".join(one)) if one else None,
            masker.header(name, ", ".join(two)) if two else None,
            shapes=(shape_of(one[0]) if one else "", shape_of(two[0]) if two else ""),
        )


def _meaning(name: str, values: tuple[str, ...], asked: Asked | None, how: Comparing) -> object:
    if not values:
        return None
    if name in _SETS:
        return frozenset(
            "".join(part.lower().split())
            for value in values
            for part in value.split(",")
            if part.strip()
        )
    if name == "content-type":
        return media_type(values[0])
    if name in ("location", "content-location", "refresh"):
        return tuple(_address(value, asked, how) for value in values)
    return tuple(how.scrub(" ".join(value.split())) for value in values)


def media_type(value: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """A content type and its parameters. JSON is UTF-8, whether that is said or not (RFC 8259)."""
    kind, *parameters = value.split(";")
    kind = kind.strip().lower()
    named = {
        key.strip().lower(): content.strip().strip('"').lower()
        for key, _, content in (parameter.partition("=") for parameter in parameters)
        if key.strip()
    }
    if named.get("charset") in ("utf8", "utf-8") and (kind.endswith("json")):
        named.pop("charset")
    if named.get("charset") == "utf8":
        named["charset"] = "utf-8"
    if kind.startswith("multipart/"):
        named.pop("boundary", None)
    return kind, frozenset(named.items())


def _address(value: str, asked: Asked | None, how: Comparing) -> object:
    """Where an address leads: absolute or relative to what was asked, at one of our hosts or not."""
    text = how.scrub(how.home(value.strip()))
    if text.startswith(("/", "?")) or "//" not in text[:10]:
        base = "/" if asked is None else asked.path
        try:
            text = urljoin(base, text)
        except ValueError:
            return text
    try:
        parts = urlsplit(text)
        query = tuple(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=500))
    except ValueError:
        return text
    return parts.scheme, parts.netloc.lower(), parts.path or "/", query, parts.fragment
