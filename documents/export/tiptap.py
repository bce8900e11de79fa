"""Reads a shared XmlFragment as Tiptap's JSON, the way y-prosemirror does.

Walks with a stack of its own: what others wrote may be nested 20,000 deep. Never `str()`
on a shared XML type, which recurses on the Rust side and takes the process with it.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

from pycrdt import Map, Text, XmlElement, XmlFragment, XmlText

from documents.export.schema import MARK_RANK, MAX_DEPTH, Node, can_merge, merge_texts

# y-prosemirror names a mark that may overlap itself "name--hash".
_HASHED_MARK = re.compile(r"(.+)--[a-zA-Z0-9+/=]{8}")
_MAX_VALUE_DEPTH = 16
# Above this JavaScript writes numbers with an exponent, as Python writes floats.
_EXPONENT_FROM = 1e21
_UNREADABLE: Final = object()


def read_fragment(fragment: XmlFragment) -> Node:
    """The fragment as `{"type": "doc", "content": [...]}`.

    Equal to y-prosemirror's JSON, made whole where a document is odd: adjacent text with the
    same marks is one node, as in a live editor; text at the root stands in a paragraph; what
    is nested deeper than MAX_DEPTH becomes a paragraph of its text.
    """
    with fragment.doc.transaction():
        blocks = [block for child in fragment.children for block in read_child(child)]
    return {"type": "doc", "content": blocks}


def read_child(child: XmlElement | XmlText | XmlFragment) -> list[Node]:
    """The blocks that one child of the root stands for: one, or in odd documents any number."""
    with child.doc.transaction():
        nodes = _Reader().read(child)
    blocks: list[Node] = []
    for node in nodes:
        if node["type"] != "text":
            blocks.append(node)
        elif blocks and blocks[-1].get("type") == "paragraph" and isinstance(child, XmlText):
            blocks[-1]["content"].append(node)
        else:
            blocks.append({"type": "paragraph", "content": [node]})
    return blocks


def read_value(value: object, depth: int = 0) -> Any:
    """A shared attribute value as JSON has it; whole floats as integers, as JavaScript writes."""
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            if not math.isfinite(value):
                return None
            return int(value) if value.is_integer() and abs(value) < _EXPONENT_FROM else value
        case list() if depth < _MAX_VALUE_DEPTH:
            items = [read_value(item, depth + 1) for item in value]
            return [None if item is _UNREADABLE else item for item in items]
        case dict() if depth < _MAX_VALUE_DEPTH:
            return read_members(value.items(), depth + 1)
        case _:
            # Bytes, shared types and other documents have no place in JSON.
            return _UNREADABLE


def read_members(members: Iterable[tuple[str, object]], depth: int = 0) -> dict[str, Any]:
    """Names and shared values as a JSON object; what has no place in JSON is left out."""
    # Sorted, because pycrdt hands them out in another order each time.
    read = ((name, read_value(value, depth)) for name, value in sorted(members, key=_first))
    return {name: value for name, value in read if value is not _UNREADABLE}


def read_keys(shared: Map[Any]) -> dict[str, Any]:
    """A map's own values as a JSON object; shared types in it are left out."""
    # A key that was forged may stand for nothing: items() stumbles over it.
    return read_members((key, shared.get(key)) for key in shared.keys())  # noqa: SIM118


def _attributes(element: XmlElement) -> Iterable[tuple[str, object]]:
    return cast("Iterable[tuple[str, object]]", element.attributes)


def _first(member: tuple[str, object]) -> str:
    return member[0]


def read_marks(formats: dict[str, Any]) -> list[Node]:
    """The formats of a stretch of text as marks, in the order of Tiptap's schema."""
    marks: list[Node] = []
    for name, value in sorted(formats.items(), key=_first):
        if value is None:
            continue
        hashed = _HASHED_MARK.fullmatch(name)
        mark: Node = {"type": hashed[1] if hashed else name}
        if isinstance(value, dict) and (attrs := read_members(value.items())):
            mark["attrs"] = attrs
        marks.append(mark)
    marks.sort(key=lambda mark: MARK_RANK.get(mark["type"], len(MARK_RANK)))
    return marks


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch of text with one formatting."""

    text: str
    formats: dict[str, Any] | None


_Item = XmlElement | XmlText | XmlFragment | _Run


def _read_runs(text: XmlText) -> list[_Item]:
    """A text's stretches and the XML embedded in it; other embedded things have no text."""
    items: list[_Item] = []
    for value, formats in text.diff():
        match value:
            case str():
                items.append(_Run(value, formats))
            case Text():
                items.append(_Run(str(value), formats))
            case XmlElement() | XmlText() | XmlFragment():
                items.append(value)
            case _:
                pass
    return items


class _Reader:
    """One walk. `pending` holds what is still to be read, its last item first."""

    def __init__(self) -> None:
        self._pending: list[tuple[_Item, list[Node], int]] = []
        self._unmerged: list[list[Node]] = []

    def read(self, item: _Item) -> list[Node]:
        nodes: list[Node] = []
        self._pending.append((item, nodes, 1))
        while self._pending:
            item, into, depth = self._pending.pop()
            match item:
                case _Run():
                    self._add_text(item, into)
                case XmlText():
                    self._push(_read_runs(item), into, depth)
                case XmlElement():
                    self._add_element(item, into, depth)
                case XmlFragment():
                    # Only a forged update nests one; what it holds is part of its parent.
                    self._push(list(item.children), into, depth)
        for texts in self._unmerged:
            texts[:] = merge_texts(texts)
        return nodes

    def _push(self, items: Iterable[_Item], into: list[Node], depth: int) -> None:
        self._pending.extend((item, into, depth) for item in reversed(list(items)))

    def _add_text(self, run: _Run, into: list[Node]) -> None:
        if not run.text:
            return
        node: Node = {"type": "text", "text": run.text}
        if run.formats and (marks := read_marks(run.formats)):
            node["marks"] = marks
        if (
            into
            and can_merge(into[-1], node)
            and not (self._unmerged and self._unmerged[-1] is into)
        ):
            self._unmerged.append(into)
        into.append(node)

    def _add_element(self, element: XmlElement, into: list[Node], depth: int) -> None:
        children: list[_Item] = list(element.children)
        tag = element.tag
        if not tag or tag == "text":
            # A text node without text would break every reader; what it holds is kept.
            self._push(children, into, depth)
            return
        if depth >= MAX_DEPTH and any(_is_deep(child) for child in children):
            content = _flatten(children)
            into.append({"type": "paragraph", "content": content} if content else _empty())
            return
        node: Node = {"type": tag}
        if attrs := read_members(_attributes(element)):
            node["attrs"] = attrs
        into.append(node)
        if children:
            content = node["content"] = []
            self._push(children, content, depth + 1)


def _empty() -> Node:
    return {"type": "paragraph"}


def _is_deep(item: _Item) -> bool:
    return isinstance(item, XmlElement | XmlFragment) and len(item.children) > 0


def _flatten(items: list[_Item]) -> list[Node]:
    """All text below, its formatting dropped; a line break where another block began."""
    lines: list[list[str]] = [[]]
    pending = list(reversed(items))
    while pending:
        item = pending.pop()
        match item:
            case _Run():
                lines[-1].append(item.text)
            case XmlText():
                pending.extend(reversed(_read_runs(item)))
            case XmlElement() | XmlFragment():
                if lines[-1]:
                    lines.append([])
                pending.extend(reversed(list(item.children)))
    content: list[Node] = []
    for line in lines:
        if text := "".join(line):
            if content:
                content.append({"type": "hardBreak"})
            content.append({"type": "text", "text": text})
    return content
