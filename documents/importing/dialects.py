"""Puts Tiptap blocks into the words of other ProseMirror editors; see `documents.export.dialects`.

What their schema has no place for is written as the nearest thing that it has. Recurses once per
level of nesting, which the reader of Markdown has bounded.
"""

import uuid
from collections.abc import Collection
from typing import Any

from documents.export.schema import LISTS, Node, attributes_of, children_of
from documents.export.text import inline_text, to_text

_PROSEMIRROR_NAMES = {
    "bulletList": "bullet_list",
    "orderedList": "ordered_list",
    "taskList": "bullet_list",
    "listItem": "list_item",
    "taskItem": "list_item",
    "codeBlock": "code_block",
    "horizontalRule": "horizontal_rule",
    "hardBreak": "hard_break",
}
_PROSEMIRROR_MARKS = {"bold": "strong", "italic": "em", "code": "code", "link": "link"}
_PROSEMIRROR_ATTRIBUTES = {"start": "order", "language": "params"}

_BLOCKNOTE_ITEMS = {
    "bulletList": "bulletListItem",
    "orderedList": "numberedListItem",
    "taskList": "checkListItem",
}
_BLOCKNOTE_MARKS = frozenset({"bold", "italic", "strike", "underline", "code", "link", "highlight"})
_LINK_ATTRIBUTES = ("href", "title")


def to_prosemirror(blocks: list[Node]) -> list[Node]:
    """The blocks in the words of prosemirror-schema-basic with lists."""
    return [written for block in blocks for written in _to_prosemirror(block)]


def _to_prosemirror(node: Node) -> list[Node]:
    kind = node["type"]
    if kind == "table":
        # It has no tables: a line for each row.
        rows = [row for row in children_of(node) if children_of(row)]
        return [_paragraph(to_text(row)) for row in rows]
    if kind == "image":
        return [{"type": "paragraph", "content": [node]}]
    children = children_of(node)
    if kind == "taskItem":
        box = "[x] " if attributes_of(node).get("checked") is True else "[ ] "
        first = [*_paragraph(box)["content"], *(children_of(children[0]) if children else [])]
        children = [{"type": "paragraph", "content": first}, *children[1:]]
    elif kind == "listItem" and children and children[0]["type"] != "paragraph":
        children = [{"type": "paragraph"}, *children]
    written: Node = {"type": _PROSEMIRROR_NAMES.get(kind, kind)}
    attrs = {
        _PROSEMIRROR_ATTRIBUTES.get(name, name): value
        for name, value in attributes_of(node).items()
        if name in {"level", "start", "language"}
    }
    if attrs:
        written["attrs"] = attrs
    if "text" in node:
        return [_translate_text(node, written, _PROSEMIRROR_MARKS)]
    if content := to_prosemirror(children):
        written["content"] = content
    return [written]


def to_blocknote(blocks: list[Node]) -> list[Node]:
    """The blocks as BlockNote's containers, each with an id."""
    return [container for block in blocks for container in _to_containers(block)]


def _to_containers(node: Node) -> list[Node]:
    kind, attrs = node["type"], attributes_of(node)
    if kind in LISTS:
        return _to_items(node)
    if kind == "blockquote":
        return [quoted for child in children_of(node) for quoted in _to_quoted(child)]
    match kind:
        case "heading":
            block = _block("heading", node, level=attrs.get("level"))
        case "codeBlock":
            block = _block("codeBlock", node, language=attrs.get("language"))
        case "horizontalRule":
            block = {"type": "divider"}
        case "image":
            block = {
                "type": "image",
                "attrs": {"url": attrs.get("src"), "caption": attrs.get("alt")},
            }
        case "table":
            block = _to_table(node)
        case _:
            block = _block("paragraph", node)
    return [_contain(block)]


def _to_quoted(node: Node) -> list[Node]:
    """A quotation is a line of text in BlockNote: what else was in it stands on its own."""
    if node["type"] == "paragraph":
        return [_contain(_block("quote", node))]
    return _to_containers(node)


def _to_items(node: Node) -> list[Node]:
    """The items of a list: each is a block, and holds what followed its first paragraph."""
    containers: list[Node] = []
    for index, item in enumerate(children_of(node)):
        first: Node = {"type": "paragraph"}
        rest = children_of(item)
        if rest and rest[0]["type"] == "paragraph":
            first, rest = rest[0], rest[1:]
        attrs: dict[str, Any] = {}
        if node["type"] == "taskList":
            attrs["checked"] = attributes_of(item).get("checked") is True
        elif node["type"] == "orderedList" and not index:
            attrs["start"] = attributes_of(node).get("start")
        block = _block(_BLOCKNOTE_ITEMS[node["type"]], first, **attrs)
        containers.append(_contain(block, to_blocknote(rest)))
    return containers


def _to_table(node: Node) -> Node:
    rows: list[Node] = []
    for row in children_of(node):
        cells: list[Node] = []
        for cell in children_of(row):
            lines = [
                _block("tableParagraph", line)
                if line["type"] == "paragraph"
                else _block("tableParagraph", _paragraph(to_text(line)))
                for line in children_of(cell)
            ]
            cells.append({"type": cell["type"], "content": lines or [{"type": "tableParagraph"}]})
        rows.append({"type": "tableRow", "content": cells})
    return {"type": "table", "content": rows}


def _contain(block: Node, nested: list[Node] | None = None) -> Node:
    group = [{"type": "blockGroup", "content": nested}] if nested else []
    attrs = {"id": str(uuid.uuid4())}
    return {"type": "blockContainer", "attrs": attrs, "content": [block, *group]}


def _block(kind: str, source: Node, **attrs: Any) -> Node:
    block: Node = {"type": kind}
    if attrs := {name: value for name, value in attrs.items() if value is not None}:
        block["attrs"] = attrs
    content: list[Node] = []
    for child in children_of(source):
        if "text" in child:
            content.append(_translate_text(child, {"type": "text"}, _BLOCKNOTE_MARKS))
        elif child["type"] == "hardBreak":
            content.append(child)
        elif text := inline_text(child):
            content.append({"type": "text", "text": text})
    return block | ({"content": content} if content else {})


def _translate_text(node: Node, written: Node, names: Collection[str]) -> Node:
    """A text with the marks among these names; a mapping of them says what they are called."""
    marks: list[Node] = []
    for mark in node.get("marks") or ():
        name = mark["type"]
        if name not in names:
            continue
        attrs = attributes_of(mark)
        if name == "highlight":
            color = attrs.get("color") or "yellow"
            marks.append({"type": "backgroundColor", "attrs": {"stringValue": color}})
            continue
        renamed: Node = {"type": names[name] if isinstance(names, dict) else name}
        if name == "link":
            renamed["attrs"] = {key: attrs[key] for key in _LINK_ATTRIBUTES if attrs.get(key)}
        marks.append(renamed)
    return {**written, "text": node["text"]} | ({"marks": marks} if marks else {})


def _paragraph(text: str) -> Node:
    content = [{"type": "text", "text": text}] if text else []
    return {"type": "paragraph"} | ({"content": content} if content else {})
