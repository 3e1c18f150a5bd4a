"""How answers of one route are compared: rules read once, and used for every pair."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from banyan.difference.errors import InvalidRule
from banyan.difference.model import IgnoreRule, MaskingRule
from banyan.difference.rules.json_paths import JsonPath
from banyan.difference.rules.jsons import Step
from banyan.difference.rules.masking import PLAIN, Masker
from banyan.difference.rules.nodes import Node
from banyan.difference.rules.patterns import WINDOW, safe_pattern
from banyan.difference.rules.selectors import Selector

BodyChoice: TypeAlias = Literal["auto", "json", "html", "text", "bytes", "none"]

HEADERS = ("location", "set-cookie", "cache-control", "vary", "content-type")
SCRUBBED = "…"
"""Stands where a pattern alone was taken out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """Rules as ``comparing`` reads them. ``hosts`` (lower case, maybe with a port) all mean us."""

    body: BodyChoice = "auto"
    headers: tuple[str, ...] = HEADERS
    numbers: float = 0.0
    unordered: tuple[JsonPath, ...] = ()
    ignored: tuple[JsonPath, ...] = ()
    limited: tuple[tuple[JsonPath, re.Pattern[str]], ...] = ()
    hidden: tuple[Selector, ...] = ()
    half_hidden: tuple[tuple[Selector, re.Pattern[str]], ...] = ()
    places: frozenset[str] = frozenset()
    half_places: tuple[tuple[str, re.Pattern[str]], ...] = ()
    scrubbed: tuple[re.Pattern[str], ...] = ()
    cookie_values: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    masker: Masker = PLAIN

    def at_host(self, host: str | None) -> "Comparing":
        """The same for a request that was sent to this host."""
        return self if not host else replace(self, hosts=self.hosts | {host.lower()})

    def scrub(self, text: str) -> str:
        """Without what means nothing wherever it stands. Long texts are looked at line by line."""
        for pattern in self.scrubbed:
            if len(text) <= WINDOW:
                text = pattern.sub(SCRUBBED, text)
            elif "\n" in text:
                lines = text.split("\n")
                text = "\n".join(
                    pattern.sub(SCRUBBED, line) if len(line) <= WINDOW else line for line in lines
                )
        return text

    def home(self, url: str) -> str:
        """An address without scheme and host, where the host is ours."""
        if "//" not in url[:8]:
            return url
        try:
            parts = urlsplit(url)
        except ValueError:
            return url
        if parts.scheme not in ("", "http", "https") or not self.is_own(parts.netloc):
            return url
        return url.partition("//")[2].removeprefix(parts.netloc) or "/"

    def is_own(self, netloc: str) -> bool:
        host = netloc.rpartition("@")[2].lower()
        return bool(host) and (
            host in self.hosts or host.removesuffix(":443").removesuffix(":80") in self.hosts
        )

    def ignores(self, steps: Sequence[Step]) -> bool:
        return any(path.covers(steps) for path in self.ignored)

    def is_unordered(self, steps: Sequence[Step]) -> bool:
        return any(path.covers(steps) and not path.covers(steps[:-1]) for path in self.unordered)

    def excuses(self, steps: Sequence[Step], values: Collection[str]) -> bool:
        """Whether all values at a place look as a rule says they may differ."""
        return any(
            path.covers(steps) and _all_match(pattern, values) for path, pattern in self.limited
        )

    def hides(self, node: Node, attribute: str | None = None) -> bool:
        return any(one.attribute == attribute and one.selects(node) for one in self.hidden)

    def excuses_in(self, node: Node, attribute: str | None, values: Collection[str]) -> bool:
        return any(
            one.covers(node, attribute) and _all_match(pattern, values)
            for one, pattern in self.half_hidden
        )

    def ignores_place(self, place: str, values: Collection[str]) -> bool:
        """Of a header, a cookie (or an attribute of it), or the status."""
        wholes = {place, place.partition("@")[0]}
        return not self.places.isdisjoint(wholes) or any(
            named in wholes and _all_match(pattern, values) for named, pattern in self.half_places
        )


def comparing(
    *,
    body: BodyChoice = "auto",
    headers: Sequence[str] = HEADERS,
    numbers: float = 0.0,
    unordered: Sequence[str] = (),
    ignore: Sequence[IgnoreRule] = (),
    masking: Sequence[MaskingRule] = (),
    key: bytes | None = None,
    hosts: Collection[str] = (),
    cookie_values: Collection[str] = (),
) -> Comparing:
    """Read the rules of a route; ``InvalidRule`` tells what is wrong with one.

    ``key`` is the plan's for masking; without one nothing is masked, and nothing may be stored.
    ``cookie_values`` names the cookies whose values must be equal; others are sessions.
    """
    ignored: list[JsonPath] = []
    limited: list[tuple[JsonPath, re.Pattern[str]]] = []
    hidden: list[Selector] = []
    half_hidden: list[tuple[Selector, re.Pattern[str]]] = []
    places: set[str] = set()
    half_places: list[tuple[str, re.Pattern[str]]] = []
    scrubbed: list[re.Pattern[str]] = []
    for rule in ignore:
        pattern = None if rule.pattern is None else safe_pattern(rule.pattern)
        if rule.path is None:
            if pattern is None:
                raise InvalidRule("A noise rule names a path, a pattern, or both.")
            scrubbed.append(pattern)
        elif rule.path.startswith("$"):
            path = JsonPath.read(rule.path)
            if pattern is None:
                ignored.append(path)
            else:
                limited.append((path, pattern))
        elif rule.path == "status" or rule.path.startswith(("header:", "cookie:")):
            place = rule.path if rule.path.startswith("cookie:") else rule.path.lower()
            if pattern is None:
                places.add(place)
            else:
                half_places.append((place, pattern))
        else:
            selector = Selector.read(rule.path)
            if pattern is None:
                hidden.append(selector)
            else:
                half_hidden.append((selector, pattern))
    return Comparing(
        body=body,
        headers=tuple(dict.fromkeys(name.lower() for name in headers)),
        numbers=numbers,
        unordered=tuple(JsonPath.read(path) for path in unordered),
        ignored=tuple(ignored),
        limited=tuple(limited),
        hidden=tuple(hidden),
        half_hidden=tuple(half_hidden),
        places=frozenset(places),
        half_places=tuple(half_places),
        scrubbed=tuple(scrubbed),
        cookie_values=frozenset(cookie_values),
        hosts=frozenset(host.lower() for host in hosts),
        masker=PLAIN if key is None else Masker.of(key, masking),
    )


def _all_match(pattern: re.Pattern[str], values: Collection[str]) -> bool:
    return bool(values) and all(
        len(value) <= WINDOW and pattern.search(value) is not None for value in values
    )
