"""Renders a line of Tiptap text as Markdown.

Texts with marks become a tree of spans that nest. A span is written with delimiters (`**`)
where CommonMark reads them as meant, and with a tag (`<strong>`) where it would not: in the
middle of a word, at punctuation, beside other delimiters.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import groupby
from typing import NamedTuple

from documents.export.markdown_text import (
    drop_controls,
    escape_line,
    escape_text,
    is_autolink,
    is_punctuation,
    is_space,
    split_spaces,
    write_code,
    write_image,
    write_target,
)
from documents.export.schema import (
    MARK_RANK,
    Node,
    attributes_of,
    children_of,
    is_safe_image,
    is_safe_link,
)

_LINE_BREAKS = re.compile("\r\n|[\r\n\u2028\u2029]")
_TAGS = {
    "bold": "strong",
    "italic": "em",
    "strike": "s",
    "underline": "u",
    "highlight": "mark",
    "subscript": "sub",
    "superscript": "sup",
}


class _Kind(Enum):
    TEXT = "text"
    CODE = "code"
    IMAGE = "image"  # text is its Markdown
    BREAK = "break"


class _Mark(NamedTuple):
    name: str
    url: str = ""
    title: str = ""


class _Leaf(NamedTuple):
    kind: _Kind
    text: str = ""
    marks: frozenset[_Mark] = frozenset()


class _Span(NamedTuple):
    mark: _Mark
    children: "tuple[_Leaf | _Span, ...]"


def write_inline(nodes: list[Node], *, single_line: bool = False) -> str:
    """The nodes of a block of text as one line of Markdown, or several with hard breaks.

    With `single_line` hard breaks are `<br>`, for headings and table cells.
    """
    leaves = list(_read_leaves(nodes))
    present = {mark.name for leaf in leaves for mark in leaf.marks}
    for name in ("bold", "italic", "strike"):
        if name in present:
            leaves = list(_expel_spaces(leaves, name))
    tree = _build_tree(list(_join_leaves(leaves)))
    written = _Writer(single_line=single_line).write(tree, "", "")
    if written.endswith("\\\n"):
        # A backslash at the end of a block is only a backslash.
        written = f"{written[:-2]}<br>"
    lines = written.split("\\\n") if not single_line else [written]
    return "\\\n".join(map(escape_line, lines))


def _read_leaves(nodes: list[Node]) -> Iterator[_Leaf]:
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        if node.get("type") == "hardBreak":
            yield _Leaf(_Kind.BREAK, marks=_read_marks(node))
        elif node.get("type") == "image":
            yield from _read_image(node)
        elif isinstance(text := node.get("text"), str):
            yield from _read_text(text, _read_marks(node))
        else:
            pending.extend(reversed(children_of(node)))


def _read_image(node: Node) -> Iterator[_Leaf]:
    attrs = attributes_of(node)
    alt, title = _string(attrs.get("alt")), _string(attrs.get("title"))
    if is_safe_image(attrs.get("src")):
        yield _Leaf(_Kind.IMAGE, write_image(alt, attrs["src"], title), _read_marks(node))
    elif alt:
        yield from _read_text(alt, _read_marks(node))


def _read_text(text: str, marks: frozenset[_Mark]) -> Iterator[_Leaf]:
    code = _Mark("code") in marks
    marks -= {_Mark("code")}
    for index, line in enumerate(_LINE_BREAKS.split(text)):
        if index:
            yield _Leaf(_Kind.TEXT, " ", marks) if code else _Leaf(_Kind.BREAK, marks=marks)
        if visible := drop_controls(line):
            yield _Leaf(_Kind.CODE if code else _Kind.TEXT, visible, marks)


def _read_marks(node: Node) -> frozenset[_Mark]:
    marks: dict[str, _Mark] = {}
    for mark in node.get("marks") or ():
        name, attrs = mark.get("type"), attributes_of(mark)
        if name == "link" and is_safe_link(attrs.get("href")):
            marks.setdefault(name, _Mark(name, attrs["href"], _string(attrs.get("title"))))
        elif name == "code" or name in _TAGS:
            marks.setdefault(name, _Mark(name))
    return frozenset(marks.values())


def _string(value: object) -> str:
    return drop_controls(value) if isinstance(value, str) else ""


def _expel_spaces(leaves: Iterable[_Leaf], name: str) -> Iterator[_Leaf]:
    """Take this mark from the white space at both ends of each of its spans.

    Nobody sees it there, and delimiters beside white space are not delimiters.
    """
    mark = _Mark(name)
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
            elif leaf.kind is not _Kind.TEXT or first < index < last - 1:
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


def _is_blank(leaf: _Leaf) -> bool:
    return leaf.kind is _Kind.BREAK or (leaf.kind is _Kind.TEXT and leaf.text.isspace())


def _join_leaves(leaves: list[_Leaf]) -> Iterator[_Leaf]:
    """Join neighbours: two code spans side by side would read as one with backticks in it."""
    for _, group in groupby(leaves, key=lambda leaf: (leaf.kind, leaf.marks)):
        first, *others = group
        if others and first.kind in {_Kind.TEXT, _Kind.CODE}:
            yield first._replace(text="".join(leaf.text for leaf in (first, *others)))
        else:
            yield first
            yield from others


def _build_tree(leaves: list[_Leaf]) -> tuple[_Leaf | _Span, ...]:
    """Nest the marks: whichever goes on longest is outside."""
    items: list[_Leaf | _Span] = []
    index = 0
    while index < len(leaves):
        leaf = leaves[index]
        if not leaf.marks:
            items.append(leaf)
            index += 1
            continue
        ends = {mark: _find_end(leaves, index, mark) for mark in leaf.marks}
        mark = max(ends, key=lambda mark: (ends[mark], -MARK_RANK[mark.name]))
        inner = [leaf._replace(marks=leaf.marks - {mark}) for leaf in leaves[index : ends[mark]]]
        items.append(_Span(mark, _build_tree(inner)))
        index = ends[mark]
    return tuple(items)


def _find_end(leaves: list[_Leaf], index: int, mark: _Mark) -> int:
    while index < len(leaves) and mark in leaves[index].marks:
        index += 1
    return index


class _Writer:
    def __init__(self, *, single_line: bool) -> None:
        self._break = "<br>" if single_line else "\\\n"

    def write(self, items: tuple[_Leaf | _Span, ...], before: str, after: str) -> str:
        """`before` and `after` are the characters around; "" is the edge of the block."""
        written = ""
        for index, item in enumerate(items):
            if isinstance(item, _Leaf):
                written += self._write_leaf(item)
                continue
            previous = written[-1:] or before
            following = items[index + 1] if index + 1 < len(items) else None
            written += self._write_span(
                item, previous, self._first_of(following, item) if following else after
            )
        return written

    def _write_leaf(self, leaf: _Leaf) -> str:
        match leaf.kind:
            case _Kind.TEXT:
                return escape_text(leaf.text)
            case _Kind.CODE:
                return write_code(leaf.text)
            case _Kind.IMAGE:
                return leaf.text
            case _Kind.BREAK:
                return self._break

    def _first_of(self, item: _Leaf | _Span, before: _Span) -> str:
        """The character that the next item will begin with, as far as the one before must know."""
        if isinstance(item, _Leaf):
            # A line break counts as the white space that it ends with.
            return "\n" if item.kind is _Kind.BREAK else self._write_leaf(item)[0]
        match item.mark.name:
            case "bold":
                return "*"
            case "italic":
                # Italic avoids an asterisk beside bold's.
                return "_" if before.mark.name == "bold" else "*"
            case "strike":
                return "~"
            case "link":
                return "["
            case _:
                return "<"

    def _write_span(self, span: _Span, before: str, after: str) -> str:
        match span.mark.name:
            case "link":
                return self._write_link(span)
            case "bold":
                return self._write_delimited(span, before, after, ("**",))
            case "italic":
                # Underscores first where bold's asterisks would touch italic's.
                beside_bold = any(
                    isinstance(child, _Span) and child.mark.name == "bold"
                    for child in (span.children[0], span.children[-1])
                )
                order = ("_", "*") if beside_bold else ("*", "_")
                return self._write_delimited(span, before, after, order)
            case "strike":
                return self._write_delimited(span, before, after, ("~~",))
            case name:
                return self._write_tagged(span, _TAGS[name])

    def _write_link(self, span: _Span) -> str:
        inner = self.write(span.children, "[", "]")
        match span.children:
            case (_Leaf(_Kind.TEXT, text),) if is_autolink(text, span.mark.url):
                if not span.mark.title:
                    return f"<{text}>"
            case _:
                pass
        return f"[{inner}]{write_target(span.mark.url, span.mark.title)}"

    def _write_tagged(self, span: _Span, tag: str) -> str:
        return f"<{tag}>{self.write(span.children, '>', '<')}</{tag}>"

    def _write_delimited(
        self, span: _Span, before: str, after: str, delimiters: tuple[str, ...]
    ) -> str:
        for delimiter in delimiters:
            inner = self.write(span.children, delimiter[-1], delimiter[0])
            if _can_delimit(delimiter, before, inner, after):
                return f"{delimiter}{inner}{delimiter}"
        return self._write_tagged(span, _TAGS[span.mark.name])


def _can_delimit(delimiter: str, before: str, inner: str, after: str) -> bool:
    """CommonMark's rules for what opens and closes emphasis, on the safe side."""
    first, last, own = inner[0], inner[-1], delimiter[0]
    if own in {before, after, first, last} or is_space(first) or is_space(last):
        return False
    inside_word = not _is_open(before), not _is_open(after)
    if own == "_" and any(inside_word):
        return False
    return not (
        (inside_word[0] and is_punctuation(first)) or (inside_word[1] and is_punctuation(last))
    )


def _is_open(character: str) -> bool:
    return is_space(character) or is_punctuation(character)
