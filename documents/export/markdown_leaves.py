"""Reads a line of Tiptap text as leaves: stretches of text, code, images and breaks."""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import groupby
from typing import NamedTuple

from documents.export.markdown_text import drop_controls, split_spaces, write_image
from documents.export.schema import (
    Node,
    attributes_of,
    children_of,
    is_safe_image,
    is_safe_link,
)

_LINE_BREAKS = re.compile("\r\n|[\r\n\u2028\u2029]")
# Marks that are written with delimiters, which are none beside white space.
_DELIMITED = ("bold", "italic", "strike")
_MARKS = frozenset({*_DELIMITED, "underline", "highlight", "subscript", "superscript", "code"})


class Kind(Enum):
    """What a leaf is."""

    TEXT = "text"
    CODE = "code"
    IMAGE = "image"  # text is its Markdown
    BREAK = "break"


class Mark(NamedTuple):
    """A mark that Markdown can write; the address and title are a link's."""

    name: str
    url: str = ""
    title: str = ""


_CODE = frozenset({Mark("code")})


class Leaf(NamedTuple):
    """A stretch of a line with the same marks; code is a kind, not a mark."""

    kind: Kind
    text: str = ""
    marks: frozenset[Mark] = frozenset()


def read_leaves(nodes: list[Node]) -> list[Leaf]:
    """The leaves of a block of text, neighbours with the same marks joined."""
    leaves = list(_read_leaves(nodes))
    present = {mark.name for leaf in leaves for mark in leaf.marks}
    for name in _DELIMITED:
        if name in present:
            leaves = list(_expel_spaces(leaves, name))
    return list(_join_leaves(leaves))


def _read_leaves(nodes: list[Node]) -> Iterator[Leaf]:
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        if node.get("type") == "hardBreak":
            yield Leaf(Kind.BREAK, marks=_read_marks(node) - _CODE)
        elif node.get("type") == "image":
            yield from _read_image(node)
        elif isinstance(text := node.get("text"), str):
            yield from _read_text(text, _read_marks(node))
        else:
            pending.extend(reversed(children_of(node)))


def _read_image(node: Node) -> Iterator[Leaf]:
    attrs = attributes_of(node)
    alt, title = _string(attrs.get("alt")), _string(attrs.get("title"))
    if is_safe_image(attrs.get("src")):
        yield Leaf(Kind.IMAGE, write_image(alt, attrs["src"], title), _read_marks(node) - _CODE)
    elif alt:
        yield from _read_text(alt, _read_marks(node))


def _read_text(text: str, marks: frozenset[Mark]) -> Iterator[Leaf]:
    code = marks >= _CODE
    marks -= _CODE
    for index, line in enumerate(_LINE_BREAKS.split(text)):
        if index:
            yield Leaf(Kind.TEXT, " ", marks) if code else Leaf(Kind.BREAK, marks=marks)
        if visible := drop_controls(line):
            yield Leaf(Kind.CODE if code else Kind.TEXT, visible, marks)


def _read_marks(node: Node) -> frozenset[Mark]:
    marks: dict[str, Mark] = {}
    for mark in node.get("marks") or ():
        name, attrs = mark.get("type"), attributes_of(mark)
        if name == "link" and is_safe_link(attrs.get("href")):
            marks.setdefault(name, Mark(name, attrs["href"], _string(attrs.get("title"))))
        elif name in _MARKS:
            marks.setdefault(name, Mark(name))
    return frozenset(marks.values())


def _string(value: object) -> str:
    return drop_controls(value) if isinstance(value, str) else ""


def _expel_spaces(leaves: Iterable[Leaf], name: str) -> Iterator[Leaf]:
    """Take this mark from the white space at both ends of each of its spans.

    Nobody sees it there, and delimiters beside white space are not delimiters.
    """
    mark = Mark(name)
    for has_mark, group in groupby(leaves, key=lambda leaf: mark in leaf.marks):
        span = list(group)
        if not has_mark:
            yield from span
            continue
        first = 0
        while first < len(span) and _is_blank(span[first]):
            first += 1
        last = len(span)
        while last > first and _is_blank(span[last - 1]):
            last -= 1
        for index, leaf in enumerate(span):
            plain = leaf._replace(marks=leaf.marks - {mark})
            if not first <= index < last:
                yield plain
            elif leaf.kind is not Kind.TEXT or first < index < last - 1:
                yield leaf
            else:
                before, text, after = split_spaces(leaf.text)
                if before and index == first:
                    yield plain._replace(text=before)
                    before = ""
                if after and index == last - 1:
                    yield leaf._replace(text=before + text)
                    yield plain._replace(text=after)
                else:
                    yield leaf._replace(text=before + text + after)


def _is_blank(leaf: Leaf) -> bool:
    return leaf.kind is Kind.BREAK or (leaf.kind is Kind.TEXT and leaf.text.isspace())


def _join_leaves(leaves: list[Leaf]) -> Iterator[Leaf]:
    """Join neighbours: two code spans side by side would read as one with backticks in it."""
    for _, group in groupby(leaves, key=lambda leaf: (leaf.kind, leaf.marks)):
        first, *others = group
        if others and first.kind in {Kind.TEXT, Kind.CODE}:
            yield first._replace(text="".join(leaf.text for leaf in (first, *others)))
        else:
            yield first
            yield from others
