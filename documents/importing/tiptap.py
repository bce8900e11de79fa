"""Writes Tiptap JSON into a shared XmlFragment, the way y-prosemirror reads it.

A node is an XmlElement named by its type, neighbouring texts are one XmlText, marks are its
formatting. Numbers and booleans are stored as such: an editor would take level "2" for 1.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from pycrdt import XmlElement, XmlFragment, XmlText

from documents.export.schema import (
    MARK_RANK,
    MAX_DEPTH,
    Node,
    attributes_of,
    children_of,
    merge_texts,
)
from documents.export.tiptap import read_child
from documents.importing.errors import EditError, NestedTooDeep
from documents.importing.operations import require_unicode

# Beyond this pycrdt stores a BigInt, which JavaScript cannot turn into JSON.
_MAX_SAFE_INTEGER = 2**53 - 1
_MAX_NUMBER = 10**308

# What Tiptap fills in by itself: the same node with or without it.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "link": {"target": "_blank", "rel": "noopener noreferrer nofollow"},
    "orderedList": {"start": 1},
    "tableCell": {"colspan": 1, "rowspan": 1},
    "tableHeader": {"colspan": 1, "rowspan": 1},
    "taskItem": {"checked": False},
}


def append_content(fragment: XmlFragment | XmlElement, nodes: list[Node]) -> None:
    """Add blocks of Tiptap JSON to the end.

    Raises EditError, and changes nothing, when they are malformed or nested too deep. Whether
    they fit into Tiptap's schema is the caller's to know: an editor deletes what does not.
    """
    _require_writable(nodes)
    with fragment.doc.transaction():
        _insert_blocks(fragment, len(fragment.children), nodes)


def replace_content(
    fragment: XmlFragment | XmlElement,
    doc_json: Node,
    *,
    key: Callable[[Node], object] | None = None,
) -> None:
    """Make this Tiptap document the whole content. Raises as `append_content`.

    Blocks at both ends that stay the same are left in place, and with them the cursors of
    others. Two blocks are the same when `key` says the same of them; by default when they
    differ in nothing but defaults.
    """
    new = children_of(doc_json)
    _require_writable(new)
    key = key or identity_of
    with fragment.doc.transaction():
        length = len(fragment.children)
        old = [read_child(child) for child in fragment.children]
        if len(old) != length or any(len(blocks) != 1 for blocks in old):
            # Something odd stands in there that does not show as one block each.
            prefix = suffix = 0
        else:
            blocks = [block for (block,) in old]
            prefix = _count_same(blocks, new, key)
            suffix = _count_same(reversed(blocks[prefix:]), reversed(new[prefix:]), key)
        del fragment.children[prefix : length - suffix]
        _insert_blocks(fragment, prefix, new[prefix : len(new) - suffix])


def identity_of(node: Node) -> str:
    """What makes a node itself: equal for nodes that an editor shows alike."""
    return json.dumps(_normalise(node), sort_keys=True)


def _normalise(node: Node) -> Node:
    kind = node.get("type")
    defaults = _DEFAULTS.get(str(kind), {})
    normal: Node = {"type": kind}
    if attrs := {
        name: value
        for name, value in attributes_of(node).items()
        if value is not None and (name not in defaults or defaults[name] != value)
    }:
        normal["attrs"] = attrs
    if marks := [_normalise(mark) for mark in _marks_of(node)]:
        normal["marks"] = marks
    if "text" in node:
        normal["text"] = node["text"]
    if content := merge_texts([_normalise(child) for child in children_of(node)]):
        normal["content"] = content
    return normal


def _marks_of(node: Node) -> list[Node]:
    marks = node.get("marks")
    return sorted(
        marks if isinstance(marks, list) else [],
        key=lambda mark: MARK_RANK.get(mark.get("type"), len(MARK_RANK)),
    )


def _count_same(old: Iterable[Node], new: Iterable[Node], key: Callable[[Node], object]) -> int:
    count = 0
    for left, right in zip(old, new, strict=False):
        if left != right and key(left) != key(right):
            break
        count += 1
    return count


def _require_writable(nodes: list[Node]) -> None:
    pending = [(node, 1) for node in nodes]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH + 1:
            raise NestedTooDeep(f"Content may be nested {MAX_DEPTH} levels deep; flatten it.")
        if not isinstance(node, dict) or not isinstance(node.get("type"), str) or not node["type"]:
            raise EditError("Every node must be an object with a “type”.")
        if node["type"] == "text" and not isinstance(node.get("text"), str):
            raise EditError("Every text node must have a “text”.")
        _require_json(node)
        pending.extend((child, depth + 1) for child in children_of(node))


def _require_json(node: Node) -> None:
    others = {name: value for name, value in node.items() if name not in {"content", "text"}}
    try:
        written = (
            "" if len(others) == 1 else json.dumps(others, ensure_ascii=False, allow_nan=False)
        )
    except (TypeError, ValueError, RecursionError):
        raise EditError(f"A node of type “{node['type']}” holds what JSON cannot.") from None
    for text in (node["type"], node.get("text"), written):
        if isinstance(text, str):
            require_unicode(text, where="content")


def _insert_blocks(fragment: XmlFragment | XmlElement, index: int, nodes: list[Node]) -> None:
    # Last first: pycrdt walks to an index from the beginning, so that going up is quadratic.
    pending: list[tuple[XmlElement, Node]] = []
    for child in reversed(list(_shape(nodes))):
        _insert_child(fragment, index, child, pending)
    while pending:
        parent, node = pending.pop()
        for child in reversed(list(_shape(children_of(node)))):
            _insert_child(parent, 0, child, pending)


def _shape(nodes: list[Node]) -> Iterator[Node | list[Node]]:
    """Nodes as they are shared: an element each, but neighbouring texts as one."""
    for is_text, group in groupby(nodes, key=lambda node: node["type"] == "text"):
        if is_text:
            yield list(group)
        else:
            yield from group


def _insert_child(
    parent: XmlFragment | XmlElement,
    index: int,
    child: Node | list[Node],
    pending: list[tuple[XmlElement, Node]],
) -> None:
    if isinstance(child, list):
        _write_texts(parent.children.insert(index, XmlText()), child)
        return
    element = parent.children.insert(index, XmlElement(child["type"]))
    for name, value in attributes_of(child).items():
        # As y-prosemirror: null is what an absent attribute is.
        if value is not None:
            element.attributes[name] = _storable(value)
    pending.append((element, child))


def _write_texts(shared: XmlText, texts: list[Node]) -> None:
    index = 0
    for node in texts:
        if node["text"]:
            shared.insert(index, node["text"], _formats_of(node))
            index += len(node["text"].encode())


def _formats_of(node: Node) -> dict[str, Any]:
    formats: dict[str, Any] = {}
    for mark in _marks_of(node):
        name = mark["type"]
        if name in formats:
            # As y-prosemirror: a mark that overlaps itself is told apart by a hash.
            digest = hashlib.sha256(identity_of(mark).encode()).digest()
            name = f"{name}--{base64.b64encode(digest[:6]).decode()}"
        formats[name] = _storable(attributes_of(mark))
    return formats


def _storable(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int() if abs(value) > _MAX_SAFE_INTEGER:
            return float(value) if abs(value) < _MAX_NUMBER else None
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {str(name): _storable(item) for name, item in value.items()}
        case _:
            return value
