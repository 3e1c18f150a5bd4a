"""Personal data and secrets, replaced before anything is stored.

What is replaced becomes ``[email:cdefghij]``: the same value gives the same letters within a plan, so
that it can be seen whether two sides gave the same; the letters come out of HMAC-SHA256 with a key
that isn't stored in the clear, so that nobody can try values until one fits.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_plus

from banyan.difference.errors import InvalidRule
from banyan.difference.model import VALUE_LENGTH_MAX, MaskingRule
from banyan.difference.rules.json_paths import JsonPath
from banyan.difference.rules.jsons import Json, Number, Step
from banyan.difference.rules.nodes import Node
from banyan.difference.rules.numbers_of_people import find_cards, find_ibans
from banyan.difference.rules.patterns import safe_pattern
from banyan.difference.rules.selectors import Selector

Span = tuple[int, int, str]

TOKEN = re.compile(r"\[[a-z]{1,20}:[a-p]{8}\]")
_LOOKAHEAD = 400
"""Longer than what is looked for: what begins before the cut is seen whole."""

_ROUNDS_MAX = 6

_AT = r"(?:@|%40|\\u0040|&#64;|&#x40;)"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(rf"[\w.+-][\w.+'-]{{0,63}}{_AT}(?:[\w-]{{1,63}}\.){{1,8}}[\w-]{{2,63}}")),
    ("secret", re.compile(r"eyJ[\w-]{6,}(?:\.[\w-]*){0,4}")),
    ("secret", re.compile(r"(?i)\b(?:bearer|basic|digest) +[\w.~+/=-]{8,}")),
    ("secret", re.compile(r"\b(?:sk|pk|rk|bk|whsec|ghp|gho|glpat|xox[abps])[_-][\w-]{10,}")),
    ("phone", re.compile(r"(?<![\w.+])(?:\+|00)[1-9](?:[ ()./-]{0,2}\d){6,13}(?!\d)")),
    ("phone", re.compile(r"(?<!\w)\(\d{2,5}\) ?\d(?:[ -]?\d){5,9}(?!\d)")),
    ("phone", re.compile(r"(?<![\d.-])\d{3}[-. ]\d{3}[-. ]\d{4}(?![\d-])")),
)
_FINDERS: tuple[tuple[str, Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    ("card", find_cards),
    ("iban", find_ibans),
)

_FIELDS_WITHIN = (
    "password", "passwd", "passphrase", "secret", "token", "csrf", "xsrf", "authorization", "apikey",
    "credential", "signature", "cookie", "sessionid", "session", "email", "phone", "mobile", "telefon",
    "iban", "cardnumber", "creditcard", "cvv", "cvc", "securitycode", "firstname", "lastname",
    "surname", "fullname", "givenname", "familyname", "customername", "recipient", "username",
    "address", "street", "postcode", "postalcode", "zipcode", "birth", "passport", "taxid",
    "socialsecurity",
)  # fmt: skip
_FIELDS_WHOLE = (
    "pwd pass auth mail tel fax pan ssn dob zip cpf cnpj login sid phpsessid jsessionid ip xforwardedfor "
    "forwarded xrealip trueclientip cfconnectingip line1 line2 "
    "otp jwt nonce"
)
_PARAMETERS = frozenset({"code"})
"""Of addresses and forms; elsewhere it is the code of an error or a country."""
_QUOTE = r"""(?:\\{0,3}["']|&quot;|&\#34;|&\#39;)?"""
_NAMED = re.compile(
    rf"(?P<name>[\w-]{{1,64}})(?:\]|%5[Dd])?{_QUOTE}\s{{0,4}}(?::|=>|={{1,3}})\s{{0,4}}"
    rf"(?P<quote>{_QUOTE})(?:(?i:bearer|basic|digest)\s{{1,4}})?"
)
_TO_QUOTE = {
    '"': re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL),
    "'": re.compile(r"(?:[^'\\]|\\.)*", re.DOTALL),
}
_TO_DELIMITER = re.compile(r"(?!\[[a-z]{1,20}:[a-p]{8}\])\[?[^\s&;,\"'<>{}\[\]\\]+")
_NO_SECRETS = frozenset({"null", "none", "undefined", "true", "false"})
_SAFE_FIELDS = frozenset({"authorizationurl", "addresstype", "sessionlength", "birthdaydiscount"})


@dataclass(frozen=True, slots=True)
class Masker:
    """Replaces what the default rules and those of a plan name. ``key`` is the plan's own secret."""

    key: bytes
    paths: tuple[JsonPath, ...] = ()
    selectors: tuple[Selector, ...] = ()
    places: frozenset[str] = frozenset()
    fields: tuple[re.Pattern[str], ...] = ()
    patterns: tuple[tuple[str, re.Pattern[str]], ...] = field(default=_PATTERNS)
    is_on: bool = True

    @staticmethod
    def of(key: bytes, rules: Sequence[MaskingRule] = ()) -> "Masker":
        """With the default rules and these; ``InvalidRule``."""
        paths: list[JsonPath] = []
        selectors: list[Selector] = []
        places: set[str] = set()
        for rule in rules:
            if rule.path is None:
                continue
            if rule.path.startswith("$"):
                paths.append(JsonPath.read(rule.path))
            elif rule.path.startswith(("header:", "cookie:")):
                places.add(rule.path.lower())
            else:
                selectors.append(Selector.read(rule.path))
        if any(not (rule.path or rule.field or rule.pattern) for rule in rules):
            raise InvalidRule("A masking rule names a path, a field or a pattern.")
        return Masker(
            key,
            tuple(paths),
            tuple(selectors),
            frozenset(places),
            tuple(_glob(rule.field) for rule in rules if rule.field),
            (*_PATTERNS, *(("masked", safe_pattern(r.pattern)) for r in rules if r.pattern)),
        )

    def pseudonym(self, label: str, value: str) -> str:
        if TOKEN.fullmatch(value):
            return value
        digest = hmac.digest(self.key, value.encode("utf-8", "replace"), hashlib.sha256)
        return f"[{label}:{''.join(chr(97 + (n >> s & 15)) for n in digest[:4] for s in (4, 0))}]"

    def is_field(self, name: str) -> bool:
        """Whether a field of this name holds what is never stored."""
        if not self.is_on:
            return False
        plain = re.sub(r"[^a-z0-9]", "", name.lower())
        if plain in _SAFE_FIELDS:
            return False
        return (
            plain in _FIELDS_WHOLE.split()
            or any(part in plain for part in _FIELDS_WITHIN)
            or any(one.fullmatch(name) for one in self.fields)
        )

    def text(
        self, value: str, length_max: int = VALUE_LENGTH_MAX, *, is_place: bool = False
    ) -> str:
        """A text with what its patterns find replaced, cut after ``length_max`` characters.

        So are values that stand beside a name, as in forms and scripts, but for a place in an answer,
        where ``cookie:a`` is no value. What is looked at reaches beyond the cut, and its end isn't shown: nothing is seen in half.
        """
        if not self.is_on:
            return _cut(value, length_max)
        source = value[: length_max + _LOOKAHEAD]
        masked = self._whole(printable(source), is_place=is_place)
        if len(source) < len(value):
            length_max = min(length_max, max(len(masked) - _LOOKAHEAD + 50, 0))
        if len(masked) <= length_max:
            return masked
        end = next(
            (t.end() for t in TOKEN.finditer(masked) if t.start() < length_max < t.end()),
            length_max,
        )
        return masked[:end] + "…"

    def _whole(self, text: str, *, is_place: bool) -> str:
        """Masked until nothing more is found: what one mask hides may have stood in another's way."""
        for _ in range(_ROUNDS_MAX):
            spans = self._spans(text, is_place=is_place)
            if not spans:
                break
            shown: list[str] = []
            at = 0
            for start, end, label in spans:
                shown += text[at:start], self.pseudonym(label, text[start:end])
                at = end
            text = "".join(shown) + text[at:]
        return text

    def named(self, name: str, value: str) -> str:
        """The value of a field of this name."""
        return self.pseudonym("field", value) if value and self.is_field(name) else self.text(value)

    def json(self, value: Json, steps: Sequence[Step] = ()) -> str:
        """A value at a place of JSON, as JSON; texts are quoted, so that "1" isn't 1."""
        text = ""
        for piece in self._pieces(value, tuple(steps)):
            text += piece
            if len(text) > VALUE_LENGTH_MAX:
                return printable(text)[:VALUE_LENGTH_MAX] + "…"
        return printable(text)

    def node(self, node: Node) -> str:
        """An element by its tag, attributes and texts."""
        if self.is_on and any(s.covers(node) for s in self.selectors if s.attribute is None):
            return f"<{node.tag}> {self.pseudonym('field', node.texts())}"
        attributes = "".join(f' {k}="{self.attribute(node, k)}"' for k in sorted(node.attributes))
        return _cut(f"<{node.tag}{attributes}> {self._within(node)}".strip(), 2 * VALUE_LENGTH_MAX)

    def attribute(self, node: Node, name: str) -> str:
        """The value of an attribute. That of an input is called as the input is."""
        value = node.attributes.get(name, "")
        if not self.is_on or not value:
            return self.text(value)
        is_named = self.is_field(name) or (
            name in ("value", "content", "placeholder") and self._is_named(node)
        )
        if is_named or any(one.covers(node, name) for one in self.selectors):
            return self.pseudonym("field", value)
        return self.url(value) if name in ("href", "src", "action") else self.text(value)

    def written(self, node: Node, text: str) -> str:
        """A text that stands right in an element."""
        if self.is_on and (
            self._is_named(node)
            or any(one.covers(node) for one in self.selectors if one.attribute is None)
        ):
            return self.pseudonym("field", text)
        return self.text(text)

    def header(self, name: str, value: str) -> str:
        if self.is_on and (f"header:{name}" in self.places or self.is_field(name)):
            return self.pseudonym("field", value)
        return self.url(value) if name in ("location", "referer", "origin") else self.text(value)

    def cookie(self, name: str, value: str) -> str:
        """Cookies are secrets unless they are a word: whoever has one is that customer."""
        is_secret = len(value) >= 8 or self.is_field(name) or f"cookie:{name}" in self.places
        return self.pseudonym("cookie", value) if self.is_on and value and is_secret else value

    def url(self, text: str) -> str:
        """An address: each segment, and each parameter by its name."""
        if not self.is_on:
            return _cut(text, 2 * VALUE_LENGTH_MAX)
        shown = printable(text[: 4 * VALUE_LENGTH_MAX])
        for _ in range(_ROUNDS_MAX):
            before, shown = shown, self._url(shown)
            if before == shown:
                break
        return _cut(shown, 4 * VALUE_LENGTH_MAX)

    def _url(self, text: str) -> str:
        """A fragment is a query where it has parameters (OAuth's implicit grant), else a path."""
        address, hash_mark, fragment = text.partition("#")
        path, mark, query = address.partition("?")
        shown = self._path(path)
        if mark:
            shown += mark + self._query(query)
        if hash_mark:
            path, mark, query = fragment.partition("?")
            shown += hash_mark + (self._query(path) if "=" in path else self._path(path))
            if mark:
                shown += mark + self._query(query)
        return shown

    def _path(self, text: str) -> str:
        return "/".join(self._segment(part) for part in text.split("/"))

    def _query(self, text: str) -> str:
        return "&".join(self._parameter(part) for part in text.split("&"))

    def _segment(self, part: str) -> str:
        plain = unquote_plus(part)
        masked = self.text(plain)
        return part[: 2 * VALUE_LENGTH_MAX] if masked == plain else _quoted(masked)

    def _parameter(self, part: str) -> str:
        name, mark, value = part.partition("=")
        plain_name, plain = unquote_plus(name), unquote_plus(value)
        is_secret = self.is_on and plain_name.lower() in _PARAMETERS
        masked = self.pseudonym("field", plain) if is_secret else self.named(plain_name, plain)
        shown = value[: 2 * VALUE_LENGTH_MAX] if masked == plain else _quoted(masked)
        masked_name = self.text(plain_name)
        return (name if masked_name == plain_name else _quoted(masked_name)) + mark + shown

    def _within(self, node: Node, budget: int = 40) -> str:
        shown = [
            self.written(node, child)
            if isinstance(child, str)
            else self._within(child, budget // 2)
            for child in node.children[:budget]
        ]
        return " ".join(part for part in shown if part)

    def _is_named(self, node: Node) -> bool:
        own = node.attributes
        names = (own.get("name"), own.get("id"), own.get("itemprop"), own.get("autocomplete"))
        return any(self.is_field(name) for name in (*names, *node.classes) if name)

    def _pieces(self, value: Json, steps: tuple[Step, ...]) -> Iterator[str]:
        is_hidden = self.is_on and (
            any(path.covers(steps) for path in self.paths)
            or any(isinstance(step, str) and self.is_field(step) for step in steps)
        )
        if isinstance(value, dict):
            yield "{"
            for place, (name, part) in enumerate(value.items()):
                yield f"{', ' if place else ''}{_json(self.text(name))}: "
                yield from self._pieces(part, (*steps, name))
            yield "}"
        elif isinstance(value, list):
            yield "["
            for place, part in enumerate(value):
                yield ", " if place else ""
                yield from self._pieces(part, (*steps, place))
            yield "]"
        elif value is None or isinstance(value, bool):
            yield _json(value)
        elif is_hidden and value:
            token = self.pseudonym("field", str(value))
            yield token if isinstance(value, Number) else _json(token)
        elif isinstance(value, Number):
            yield self.text(str(value))
        else:
            yield _json(self.text(value))

    def _beside_names(self, source: str) -> Iterator[tuple[int, int]]:
        """Values of fields in forms, scripts and messages: ``name=value``, ``"name": "value"``."""
        end = 0
        for match in _NAMED.finditer(source):
            if match.start() < end:
                continue
            name, at = match["name"], match.end()
            is_parameter = name.lower() in _PARAMETERS and source[match.end("name") : at] == "="
            if not (is_parameter or self.is_field(name)):
                continue
            value = _TO_QUOTE.get(match["quote"], _TO_DELIMITER).match(source, at)
            if value is None or value[0].lower() in _NO_SECRETS:
                continue
            end = value.end()
            for kept in TOKEN.finditer(source, at, end):
                yield at, kept.start()
                at = kept.end()
            yield at, end

    def _spans(self, source: str, *, is_place: bool) -> list[Span]:
        """What is to be replaced, from left to right, none within another."""
        found = [
            (match.start(), match.end(), label)
            for label, pattern in self.patterns
            for match in pattern.finditer(source)
        ]
        found += [
            (start, end, label) for label, finder in _FINDERS for start, end in finder(source)
        ]
        if not is_place:
            found += [(start, end, "field") for start, end in self._beside_names(source)]
        if not found:
            return []
        kept = [match.span() for match in TOKEN.finditer(source)]
        spans: list[Span] = []
        for start, end, label in sorted(found, key=lambda one: (one[0], -one[1])):
            if start == end or any(start < stop and begin < end for begin, stop in kept):
                continue
            if spans and start < spans[-1][1]:
                last = spans[-1]
                spans[-1] = (last[0], max(last[1], end), last[2])
            else:
                spans.append((start, end, label))
        return spans


PLAIN = Masker(b"", is_on=False)
"""Masks nothing: for comparing without storing."""


def printable(text: str) -> str:
    """Without what PostgreSQL or JSON can't hold."""
    return text.replace("\0", "␀").encode("utf-8", "replace").decode()


def _cut(text: str, length_max: int) -> str:
    return printable(text if len(text) <= length_max else text[:length_max] + "…")


def _quoted(text: str) -> str:
    return quote(text, safe="[]:…")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _glob(field: str) -> re.Pattern[str]:
    return re.compile(re.escape(field).replace(r"\*", "[^.]*"), re.IGNORECASE)
