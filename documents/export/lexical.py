"""Reads rich text whose elements are texts inside of texts, as Lexical and Slate share it.

Lexical names an element by the attribute `__type`, and puts a map with the formatting before
each stretch of text; Slate names it by `type`, and formats the text itself. Lexical's own nodes
become Tiptap's, and those of Slate's own examples; others keep their names.
"""

from collections.abc import Callable
from typing import Any

from pycrdt import Map, Text, XmlElement, XmlFragment, XmlText

from documents.export.schema import LISTS, MAX_DEPTH, Node, whole_number
from documents.export.tiptap import read_child, read_keys, read_marks, read_members

# The bits of a text's `__format`.
_FORMATS = {
    1: "bold",
    2: "italic",
    4: "strike",
    8: "underline",
    16: "code",
    32: "subscript",
    64: "superscript",
    128: "highlight",
}
_INLINE = frozenset({"text", "hardBreak"})
_Element = XmlText | XmlElement


def is_embedded(fragment: XmlFragment) -> bool:
    """Whether the root's elements are texts that say what they are."""
    children = list(fragment.children)
    texts = [child for child in children if isinstance(child, XmlText)]
    return bool(texts) and all(_type_of(child) for child in texts)


def read_embedded(fragment: XmlFragment) -> Node:
    """The root as a Tiptap document."""
    blocks: list[Node] = []
    for child in fragment.children:
        match child:
            case XmlText() | XmlElement():
                blocks += _read_element(child, 1)
            case _:
                blocks += read_child(child)
    return {"type": "doc", "content": _wrap(blocks)}


def _type_of(element: _Element) -> str:
    name = element.attributes.get("__type") or element.attributes.get("type")
    return name if isinstance(name, str) else ""


def _read_element(element: _Element, depth: int) -> list[Node]:
    """One element: a node, or those that it stands for. Recurses down to MAX_DEPTH."""
    name = _type_of(element)
    if not name or depth > MAX_DEPTH:
        return read_child(element)
    attributes: dict[str, Any] = read_members(element.attributes)  # type: ignore[arg-type]
    attributes.pop("type", None)
    content = _read_pieces(element, depth) if isinstance(element, XmlText) else []
    if "__type" not in attributes and name not in _SLATE:
        node: Node = {"type": name}
        node |= {"attrs": attributes} if attributes else {}
        return [node | ({"content": content} if content else {})]
    build = _NODES.get(name) or _SLATE.get(name)
    if build is None:
        # Unknown to us: what it holds is part of its parent.
        return content
    return build(content, attributes)


def _read_pieces(text: XmlText, depth: int) -> list[Node]:
    nodes: list[Node] = []
    marks: list[Node] = []
    for piece, formats in text.diff():
        match piece:
            case str() if piece:
                node: Node = {"type": "text", "text": piece}
                both = marks + (read_marks(formats) if formats else [])
                nodes.append(node | ({"marks": both} if both else {}))
            case Map():
                properties = read_keys(piece)
                marks = _read_format(properties.get("__format"))
                if properties.get("__type") == "linebreak":
                    nodes.append({"type": "hardBreak"})
            case XmlText() | XmlElement():
                nodes += _read_element(piece, depth + 1)
                marks = []
            case Text() if str(piece):
                nodes.append({"type": "text", "text": str(piece)})
            case _:
                pass
    return nodes


def _read_format(bits: object) -> list[Node]:
    bits = whole_number(bits, default=0, low=0, high=2**16)
    return [{"type": name} for bit, name in _FORMATS.items() if bits & bit]


def _wrap(nodes: list[Node]) -> list[Node]:
    """Blocks: a stretch of inline nodes stands in a paragraph."""
    blocks: list[Node] = []
    line: list[Node] = []
    for node in nodes:
        if node["type"] in _INLINE:
            line.append(node)
            continue
        if line:
            blocks.append({"type": "paragraph", "content": line})
            line = []
        blocks.append(node)
    return [*blocks, {"type": "paragraph", "content": line}] if line else blocks


def _node(name: str, content: list[Node], **attrs: Any) -> list[Node]:
    node: Node = {"type": name}
    if attrs := {key: value for key, value in attrs.items() if value is not None}:
        node["attrs"] = attrs
    return [node | ({"content": content} if content else {})]


def _heading(content: list[Node], attributes: dict[str, Any]) -> list[Node]:
    level = str(attributes.get("__tag")).removeprefix("h")
    return _node("heading", content, level=int(level) if level in set("123456") else 1)


def _list(content: list[Node], attributes: dict[str, Any]) -> list[Node]:
    items: list[Node] = []
    for item in content:
        children = item.get("content", [])
        # Lexical wraps a nested list in an item of its own.
        if items and children and all(child["type"] in LISTS for child in children):
            items[-1].setdefault("content", []).extend(children)
        else:
            items.append(item)
    match attributes.get("__listType"):
        case "number":
            start = whole_number(attributes.get("__start"), default=1, low=0, high=10**9)
            return _node("orderedList", items, start=start)
        case "check":
            return _node("taskList", [item | {"type": "taskItem"} for item in items])
        case _:
            return _node("bulletList", items)


def _item(content: list[Node], attributes: dict[str, Any]) -> list[Node]:
    blocks = _wrap(content) or [{"type": "paragraph"}]
    return _node("listItem", blocks, checked=attributes.get("__checked"))


def _code(content: list[Node], attributes: dict[str, Any]) -> list[Node]:
    text = "".join("\n" if n["type"] == "hardBreak" else n.get("text", "") for n in content)
    language = attributes.get("__language")
    return _node("codeBlock", [{"type": "text", "text": text}] if text else [], language=language)


def _link(content: list[Node], attributes: dict[str, Any]) -> list[Node]:
    mark: Node = {"type": "link", "attrs": {"href": attributes.get("__url")}}
    return [
        {**node, "marks": [mark, *node.get("marks", [])]} if node["type"] == "text" else node
        for node in content
    ]


_Build = Callable[[list[Node], dict[str, Any]], list[Node]]
_NODES: dict[str, _Build] = {
    "paragraph": lambda content, _: _node("paragraph", content),
    "heading": _heading,
    "quote": lambda content, _: _node("blockquote", _wrap(content)),
    "list": _list,
    "listitem": _item,
    "code": _code,
    "link": _link,
    "autolink": _link,
    "horizontalrule": lambda _, __: _node("horizontalRule", []),
    "image": lambda _, attributes: _node(
        "image", [], src=attributes.get("__src"), alt=attributes.get("__altText")
    ),
    "table": lambda content, _: _node("table", content),
    "tablerow": lambda content, _: _node("tableRow", content),
    "tablecell": lambda content, attributes: _node(
        "tableHeader" if attributes.get("__headerState") else "tableCell", _wrap(content)
    ),
}
_SLATE: dict[str, _Build] = {
    "paragraph": _NODES["paragraph"],
    "block-quote": _NODES["quote"],
    "bulleted-list": _NODES["list"],
    "numbered-list": lambda content, _: _list(content, {"__listType": "number"}),
    "list-item": _item,
} | {
    f"heading-{word}": lambda content, _, level=level: _node("heading", content, level=level)
    for level, word in enumerate(("one", "two", "three", "four", "five", "six"), start=1)
}
