"""The changelog as a feed (Atom, RFC 4287)."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from banyan.migration.informing.model import Snapshot
from banyan.migration.informing.rules.status import status_page
from banyan.migration.model.standing import PLAN

_ATOM = "http://www.w3.org/2005/Atom"
_ENTRIES_MAX = 100


def atom(snapshot: Snapshot, team: str, address: str) -> bytes:
    """The latest changes; ``address`` is that of the page that the feed belongs to."""
    page = status_page(snapshot, team)
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    name = PLAN.text(snapshot.plan_id)
    _add(root, "id", f"urn:banyan:{name}{f':{team}' if team else ''}")
    _add(root, "title", f"{page.title}{f': {page.team_title}' if team else ''}")
    _add(root, "updated", _instant(page.updated_at))
    _add(_add(root, "author"), "name", page.title)
    _add(root, "link", rel="alternate", type="text/html", href=address)
    _add(root, "link", rel="self", type="application/atom+xml", href=f"{address}/changes.atom")
    for line in page.changes[:_ENTRIES_MAX]:
        entry = _add(root, "entry")
        _add(entry, "id", f"urn:banyan:{name}:{line.key}")
        _add(entry, "title", line.title)
        _add(entry, "updated", _instant(line.at))
        _add(entry, "link", rel="alternate", type="text/html", href=address)
        _add(entry, "summary", line.sentence)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    child.text = _printable(text) or None
    return child


def _printable(text: str) -> str:
    """Without what XML can't carry."""
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
