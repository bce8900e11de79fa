"""Puts the documents of other ProseMirror editors into Tiptap's words, for text to be made of them.

ProseMirror's own schema (and Milkdown's) has other names for the same nodes and marks. BlockNote
has another shape: a tree of blocks, in which a list is a run of blocks that are items.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import groupby
from typing import Any

from documents.export.schema import Node, attributes_of, children_of

_NODE_NAMES = {
    "bullet_list": "bulletList",
    "ordered_list": "orderedList",
    "list_item": "listItem",
    "code_block": "codeBlock",
    "horizontal_rule": "horizontalRule",
    "hr": "horizontalRule",
    "hard_break": "hardBreak",
    "hardbreak": "hardBreak",
    "table_row": "tableRow",
    "table_cell": "tableCell",
    "table_header": "tableHeader",
    "table_header_row": "tableRow",
    "tableParagraph": "paragraph",
}
_MARK_NAMES = {
    "strong": "bold",
    "em": "italic",
    "emphasis": "italic",
    "strikethrough": "strike",
    "strike_through": "strike",
    "inlineCode": "code",
    "backgroundColor": "highlight",
}
_ATTRIBUTE_NAMES = {"order": "start", "params": "language", "textAlignment": "textAlign"}
_BLOCK_LISTS = {
    "bulletListItem": "bulletList",
    "toggleListItem": "bulletList",
    "numberedListItem": "orderedList",
    "checkListItem": "taskList",
}
# What ProseMirror's own schema has under another name, or not at all.
_TIPTAP_ONLY = (frozenset(_NODE_NAMES.values()) - {"paragraph"}) | {"taskList", "taskItem"}
_TIPTAP_MARKS = frozenset(_MARK_NAMES.values()) - {"code"}
# What holds blocks in BlockNote without being one.
_BLOCK_HOLDERS = frozenset({"blockGroup", "columnList", "column"})
_FILES = frozenset({"file", "video", "audio"})


class Dialect(Enum):
    """Whose schema a document follows."""

    TIPTAP = "tiptap"
    PROSEMIRROR = "prosemirror"
    BLOCKNOTE = "blocknote"


# Where nothing is written yet, the root's name is all there is to go by: their documentation's.
_USUAL_ROOTS = {"document-store": Dialect.BLOCKNOTE, "prosemirror": Dialect.PROSEMIRROR}


def find_dialect(blocks: Iterable[Node], *, root: str = "") -> Dialect:
    """Whose schema this is, by the first name in it that only one of them has."""
    found = (_recognise(block) for block in blocks)
    return next(filter(None, found), _USUAL_ROOTS.get(root, Dialect.TIPTAP))


def _recognise(block: Node) -> Dialect | None:
    if block.get("type") == "blockGroup":
        return Dialect.BLOCKNOTE
    pending = [block]
    while pending:
        node = pending.pop()
        marks = [mark.get("type") for mark in node.get("marks") or ()]
        if node.get("type") in _NODE_NAMES or any(mark in _MARK_NAMES for mark in marks):
            return Dialect.PROSEMIRROR
        if node.get("type") in _TIPTAP_ONLY or any(mark in _TIPTAP_MARKS for mark in marks):
            return Dialect.TIPTAP
        pending.extend(children_of(node))
    return None


def to_tiptap(doc: Node) -> Node:
    """The same document in Tiptap's words; one that is in them already is returned as it is."""
    match find_dialect(children_of(doc)):
        case Dialect.TIPTAP:
            return doc
        case Dialect.PROSEMIRROR:
            return {"type": "doc", "content": [_rename(node) for node in children_of(doc)]}
        case Dialect.BLOCKNOTE:
            return {"type": "doc", "content": _read_blocks(children_of(doc))}


def _rename(node: Node) -> Node:
    """A node with everything below it. Recurses once per level, which the reader has bounded."""
    kind = node.get("type", "")
    renamed: Node = {**node, "type": _NODE_NAMES.get(kind, kind)}
    if attrs := attributes_of(node):
        # BlockNote says "left" of every block.
        renamed["attrs"] = {
            _ATTRIBUTE_NAMES.get(key, key): value
            for key, value in attrs.items()
            if (key, value) != ("textAlignment", "left")
        }
    if marks := node.get("marks"):
        renamed["marks"] = [_rename_mark(mark) for mark in marks]
    if content := children_of(node):
        renamed["content"] = [_rename(child) for child in content]
    return renamed


def _rename_mark(mark: Node) -> Node:
    name = mark.get("type", "")
    renamed: Node = {**mark, "type": _MARK_NAMES.get(name, name)}
    if name == "backgroundColor":
        renamed["attrs"] = {"color": attributes_of(mark).get("stringValue")}
    return renamed


def _read_blocks(nodes: list[Node]) -> list[Node]:
    """BlockNote's containers as blocks, neighbouring items as one list. Recurses as `_rename`."""
    blocks: list[Node] = []
    pairs = [_split_container(container) for container in _find_containers(nodes)]
    for family, group in groupby(pairs, key=lambda pair: _family_of(pair[0])):
        if family:
            blocks.append(_build_list(family, list(group)))
            continue
        for block, nested in group:
            blocks += _build_block(block)
            # Only items of a list can hold other blocks: elsewhere they follow.
            blocks += _read_blocks(nested)
    return blocks


def _find_containers(nodes: list[Node]) -> Iterator[Node]:
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        if node.get("type") in _BLOCK_HOLDERS:
            pending.extend(reversed(children_of(node)))
        else:
            yield node


def _split_container(container: Node) -> tuple[Node, list[Node]]:
    """A container's own block, and what is nested in it."""
    if container.get("type") != "blockContainer":
        return container, []
    children = children_of(container)
    own = [child for child in children if child.get("type") not in _BLOCK_HOLDERS]
    nested = [child for child in children if child.get("type") in _BLOCK_HOLDERS]
    return (own[0] if own else {"type": "paragraph"}), own[1:] + nested


def _family_of(block: Node) -> str:
    return _BLOCK_LISTS.get(block.get("type", ""), "")


def _build_list(family: str, pairs: list[tuple[Node, list[Node]]]) -> Node:
    items: list[Node] = []
    for block, nested in pairs:
        content = [_with_content("paragraph", block), *_read_blocks(nested)]
        item: Node = {"type": "listItem", "content": content}
        if family == "taskList":
            item["type"] = "taskItem"
            item["attrs"] = {"checked": attributes_of(block).get("checked") is True}
        items.append(item)
    built: Node = {"type": family, "content": items}
    start = attributes_of(pairs[0][0]).get("start")
    return built | ({"attrs": {"start": start}} if family == "orderedList" and start else {})


def _build_block(block: Node) -> list[Node]:
    attrs = attributes_of(block)
    match block.get("type"):
        case "quote":
            return [{"type": "blockquote", "content": [_with_content("paragraph", block)]}]
        case "divider" | "pageBreak":
            return [{"type": "horizontalRule"}]
        case "image":
            alt = attrs.get("caption") or attrs.get("name")
            return [{"type": "image", "attrs": {"src": attrs.get("url"), "alt": alt}}]
        case name if name in _FILES:
            return _build_file(attrs)
        case _:
            return [_rename(block)]


def _build_file(attrs: dict[str, Any]) -> list[Node]:
    text = next((t for key in ("caption", "name", "url") if (t := attrs.get(key))), None)
    if not isinstance(text, str):
        return []
    link: Node = {"type": "link", "attrs": {"href": attrs.get("url")}}
    return [{"type": "paragraph", "content": [{"type": "text", "text": text, "marks": [link]}]}]


def _with_content(kind: str, block: Node) -> Node:
    content = [_rename(child) for child in children_of(block)]
    return {"type": kind} | ({"content": content} if content else {})
