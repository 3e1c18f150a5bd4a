"""A page as a tree in which nothing is left that a browser wouldn't show or act on."""

from collections.abc import Callable
from typing import Any, TypeAlias

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

from banyan.difference.rules.nodes import Node

_BOOLEAN = frozenset(
    [
        "allowfullscreen",
        "async",
        "autofocus",
        "autoplay",
        "checked",
        "controls",
        "default",
        "defer",
        "disabled",
        "formnovalidate",
        "hidden",
        "ismap",
        "itemscope",
        "loop",
        "multiple",
        "muted",
        "nomodule",
        "novalidate",
        "open",
        "readonly",
        "required",
        "reversed",
        "selected",
    ]
)
_KEEPS_SPACE = frozenset({"pre", "textarea", "script", "style"})
_URLS = frozenset({"href", "src", "action", "formaction", "poster", "data-src", "srcset"})

Clean: TypeAlias = Callable[[str], str]


def read_html(text: str, clean: Clean, home: Clean) -> Node | None:
    """None if there is nothing in it. ``clean`` is asked of each text, ``home`` of each address."""
    parser: Any = etree.HTMLParser(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    return _read(text, parser, clean, home)


def read_xml(text: str, clean: Clean, home: Clean) -> Node | None:
    """``ValueError`` if it isn't well-formed. Entities of its own are not expanded."""
    parser: Any = etree.XMLParser(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    return _read(text, parser, clean, home)


def _read(text: str, parser: Any, clean: Clean, home: Clean) -> Node | None:
    try:
        root: Any = etree.fromstring(text.encode("utf-8", "replace"), parser)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    except (SyntaxError, AssertionError) as error:  # lxml's are of SyntaxError
        raise ValueError(str(error)) from None
    if root is None:
        return None
    return _node(root, None, clean, home)


def _node(element: Any, parent: Node | None, clean: Clean, home: Clean) -> Node:
    attributes: dict[str, str] = {}
    for key, value in element.items():
        name = _local(key)
        attributes[name] = clean(_attribute(name, value or "", home))
    node = Node(_local(element.tag), attributes, parent)
    _gather(element, node, clean, home)
    node.seal()
    return node


def _gather(element: Any, node: Node, clean: Clean, home: Clean) -> None:
    """The children of an element; a ``tbody`` that may be left out is."""
    _add_text(node, element.text, clean)
    for child in element:
        if not isinstance(child.tag, str):
            pass
        elif node.tag == "table" and child.tag == "tbody" and not child.attrib:
            _gather(child, node, clean, home)
        else:
            node.children.append(_node(child, node, clean, home))
        _add_text(node, child.tail, clean)


def _add_text(node: Node, text: str | None, clean: Clean) -> None:
    if not text:
        return
    kept = (
        text.replace("\r\n", "\n").strip() if node.tag in _KEEPS_SPACE else " ".join(text.split())
    )
    if kept:
        node.children.append(clean(kept))


def _attribute(name: str, value: str, home: Clean) -> str:
    if name in _BOOLEAN:
        return ""
    if name == "class":
        return " ".join(sorted({*value.split()}))
    if name == "style":
        parts = (" ".join(part.split()).replace(": ", ":") for part in value.split(";"))
        return "; ".join(part for part in parts if part)
    return home(value.strip()) if name in _URLS else " ".join(value.split())


def _local(name: Any) -> str:
    text = str(name)
    return text.rpartition("}")[2] if text[:1] == "{" else text
