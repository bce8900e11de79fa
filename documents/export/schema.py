"""What we know of Tiptap's schema, and which addresses are harmless.

Both directions use it: the renderers here, and the readers in `documents.importing`.
"""

import re
from collections.abc import Mapping
from typing import Any

# A ProseMirror node as JSON: {"type", "attrs"?, "content"?, "text"?, "marks"?}.
Node = dict[str, Any]

# Levels of nodes below the document. Two levels of JSON each: json.dumps stops near 1,000.
MAX_DEPTH = 100

TEXT_BLOCKS = frozenset({"paragraph", "heading", "codeBlock"})
INLINE_NODES = frozenset({"text", "hardBreak"})
LISTS = frozenset({"bulletList", "orderedList", "taskList"})
CELLS = frozenset({"tableCell", "tableHeader"})

# ProseMirror keeps the marks of a text in the order of the schema; this is Tiptap's.
MARK_ORDER = (
    "link",
    "bold",
    "code",
    "italic",
    "strike",
    "underline",
    "highlight",
    "subscript",
    "superscript",
)
MARK_RANK = {name: rank for rank, name in enumerate(MARK_ORDER)}

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_IGNORED_IN_URLS = re.compile(r"[\x00-\x20\x7f-\x9f]+")
_LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_IMAGE_SCHEMES = frozenset({"http", "https"})


def is_safe_link(url: object) -> bool:
    """Whether a link may go there: the web, mail, telephone, or within the same site."""
    return _has_scheme_of(url, _LINK_SCHEMES)


def is_safe_image(url: object) -> bool:
    """Whether an image may be loaded from there: the web, or the same site."""
    return _has_scheme_of(url, _IMAGE_SCHEMES)


def _has_scheme_of(url: object, allowed: frozenset[str]) -> bool:
    if not isinstance(url, str) or not url.strip():
        return False
    # Browsers drop control characters before they look for the scheme.
    scheme = _SCHEME.match(_IGNORED_IN_URLS.sub("", url).lower())
    return scheme is None or scheme[1] in allowed


def attributes_of(node: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a node or mark; empty where it has none."""
    attrs = node.get("attrs")
    return attrs if isinstance(attrs, dict) else {}


def children_of(node: Node) -> list[Node]:
    """The child nodes; empty where it has none."""
    content = node.get("content")
    return content if isinstance(content, list) else []


def whole_number(value: object, *, default: int, low: int, high: int) -> int:
    """A forged or missing number as one within bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        return default
    return min(max(value, low), high)


def has_inline_content(node: Node) -> bool:
    """Whether the children are a line of text, as opposed to blocks.

    Decided by the children when the type is unknown, so that nothing of it is lost.
    """
    if node.get("type") in TEXT_BLOCKS:
        return True
    return any(child.get("type") in INLINE_NODES for child in children_of(node))


def can_merge(left: Node, right: Node) -> bool:
    """Whether two neighbours are one text to an editor."""
    both = left.get("type") == right.get("type") == "text"
    return both and left.get("marks") == right.get("marks")


def merge_texts(nodes: list[Node]) -> list[Node]:
    """The nodes with texts joined that have the same marks; nodes that change are copies."""
    merged: list[Node] = []
    parts: list[str] = []  # joined once at the end of each run, so that many stay linear
    for node in nodes:
        if merged and can_merge(merged[-1], node):
            parts.append(node["text"])
            continue
        if len(parts) > 1:
            merged[-1] = {**merged[-1], "text": "".join(parts)}
        merged.append(node)
        parts = [node["text"]] if node.get("type") == "text" else []
    if len(parts) > 1:
        merged[-1] = {**merged[-1], "text": "".join(parts)}
    return merged
