"""Renders a line of Tiptap text as Markdown.

Texts with marks become a tree of spans that nest. A span is written with delimiters (`**`)
where CommonMark reads them as meant, and with a tag (`<strong>`) where it would not: in the
middle of a word, at punctuation, beside other delimiters.
"""

from typing import NamedTuple

from documents.export.markdown_leaves import Kind, Leaf, Mark, read_leaves
from documents.export.markdown_text import (
    escape_line,
    escape_text,
    is_autolink,
    is_punctuation,
    is_space,
    write_code,
    write_target,
)
from documents.export.schema import MARK_RANK, Node

_TAGS = {
    "bold": "strong",
    "italic": "em",
    "strike": "s",
    "underline": "u",
    "highlight": "mark",
    "subscript": "sub",
    "superscript": "sup",
}


class _Span(NamedTuple):
    mark: Mark
    children: "tuple[Leaf | _Span, ...]"


def write_inline(nodes: list[Node], *, single_line: bool = False) -> str:
    """The nodes of a block of text as one line of Markdown, or several with hard breaks.

    With `single_line` hard breaks are `<br>`, for headings and table cells.
    """
    tree = _build_tree(read_leaves(nodes))
    written = _Writer(single_line=single_line).write(tree, "", "")
    if written.endswith("\\\n"):
        # A backslash at the end of a block is only a backslash.
        written = f"{written[:-2]}<br>"
    lines = written.split("\\\n") if not single_line else [written]
    return "\\\n".join(map(escape_line, lines))


def _build_tree(leaves: list[Leaf]) -> tuple[Leaf | _Span, ...]:
    """Nest the marks: whichever goes on longest is outside."""
    items: list[Leaf | _Span] = []
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


def _find_end(leaves: list[Leaf], index: int, mark: Mark) -> int:
    while index < len(leaves) and mark in leaves[index].marks:
        index += 1
    return index


class _Writer:
    def __init__(self, *, single_line: bool) -> None:
        self._break = "<br>" if single_line else "\\\n"

    def write(self, items: tuple[Leaf | _Span, ...], before: str, after: str) -> str:
        """`before` and `after` are the characters around; "" is the edge of the block."""
        written = ""
        for index, item in enumerate(items):
            if isinstance(item, Leaf):
                written += self._write_leaf(item)
                continue
            previous = written[-1:] or before
            following = items[index + 1] if index + 1 < len(items) else None
            written += self._write_span(
                item, previous, self._first_of(following, item) if following else after
            )
        return written

    def _write_leaf(self, leaf: Leaf) -> str:
        match leaf.kind:
            case Kind.TEXT:
                return escape_text(leaf.text)
            case Kind.CODE:
                return write_code(leaf.text)
            case Kind.IMAGE:
                return leaf.text
            case Kind.BREAK:
                return self._break

    def _first_of(self, item: Leaf | _Span, before: _Span) -> str:
        """The character that the next item will begin with, as far as the one before must know."""
        if isinstance(item, Leaf):
            # A line break counts as the white space that it ends with.
            return "\n" if item.kind is Kind.BREAK else self._write_leaf(item)[0]
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
            case (Leaf(Kind.TEXT, text),) if is_autolink(text, span.mark.url):
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
