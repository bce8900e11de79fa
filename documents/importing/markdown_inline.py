"""Reads the inline tokens of Markdown as Tiptap's text nodes, breaks and images."""

from typing import Any

from markdown_it.token import Token

from documents.export.schema import MARK_RANK, Node, is_safe_image, is_safe_link, merge_texts
from documents.importing.markdown_parser import TAG_MARKS

_MARKS = {"strong": "bold", "em": "italic", "s": "strike"}
# As Tiptap itself writes links: other values would be corrected, as an edit, when next opened.
_LINK = {"target": "_blank", "rel": "noopener noreferrer nofollow"}


def read_inline(tokens: list[Token]) -> list[Node]:
    """Text nodes, hard breaks, and images, which have yet to be taken out of the text."""
    return _Reader(_find_unpaired(tokens)).read(tokens)


def strip_ends(nodes: list[Node]) -> list[Node]:
    """The nodes without white space at both ends, as it is left where an image was taken out."""
    nodes = list(nodes)
    while nodes and _is_blank(nodes[0]):
        del nodes[0]
    while nodes and _is_blank(nodes[-1]):
        del nodes[-1]
    if nodes and nodes[0]["type"] == "text":
        nodes[0] = {**nodes[0], "text": nodes[0]["text"].lstrip()}
    if nodes and nodes[-1]["type"] == "text":
        nodes[-1] = {**nodes[-1], "text": nodes[-1]["text"].rstrip()}
    return nodes


def _is_blank(node: Node) -> bool:
    return node["type"] == "hardBreak" or bool(node.get("text", "").isspace())


def _find_unpaired(tokens: list[Token]) -> set[int]:
    """Tags that nothing closes or opens: they are text. Crossing ones are both fine."""
    unpaired: set[int] = set()
    open_tags: dict[str, list[int]] = {}
    for index, token in enumerate(tokens):
        if token.type == "tag_open":
            open_tags.setdefault(token.tag, []).append(index)
        elif token.type == "tag_close":
            if opened := open_tags.get(token.tag):
                opened.pop()
            else:
                unpaired.add(index)
    for opened in open_tags.values():
        unpaired.update(opened)
    return unpaired


class _Reader:
    def __init__(self, unpaired: set[int]) -> None:
        self._unpaired = unpaired
        self._nodes: list[Node] = []
        # How many of each mark are open, and the attributes of the link that is.
        self._marks: dict[str, int] = {}
        self._link: dict[str, Any] | None = None

    def read(self, tokens: list[Token]) -> list[Node]:
        for index, token in enumerate(tokens):
            if index in self._unpaired:
                self._add_text(token.content)
            else:
                self._read(token)
        return merge_texts(self._nodes)

    def _read(self, token: Token) -> None:
        match token.type:
            case "softbreak":
                self._add_text(" ")
            case "hardbreak":
                self._nodes.append({"type": "hardBreak"})
            case "code_inline":
                self._nodes.append(_text(token.content, [{"type": "code"}]))
            case "image":
                self._add_image(token)
            case "link_open":
                self._link = _link_attributes(token)
            case "link_close":
                self._link = None
            case "tag_open" | "tag_close":
                self._count(TAG_MARKS[token.tag], 1 if token.type == "tag_open" else -1)
            case "strong_open" | "em_open" | "s_open":
                self._count(_MARKS[token.type.removesuffix("_open")], 1)
            case "strong_close" | "em_close" | "s_close":
                self._count(_MARKS[token.type.removesuffix("_close")], -1)
            case _:
                self._add_text(token.content)

    def _count(self, mark: str, step: int) -> None:
        self._marks[mark] = self._marks.get(mark, 0) + step

    def _add_text(self, text: str) -> None:
        if not text:
            return
        marks: list[Node] = [{"type": name} for name, count in self._marks.items() if count]
        if self._link:
            marks.append({"type": "link", "attrs": self._link})
        self._nodes.append(_text(text, sorted(marks, key=lambda mark: MARK_RANK[mark["type"]])))

    def _add_image(self, token: Token) -> None:
        src, alt = str(token.attrs.get("src", "")), _plain(token.children or [])
        if not is_safe_image(src):
            self._add_text(alt)
            return
        attrs = {"src": src}
        if alt:
            attrs["alt"] = alt
        if title := str(token.attrs.get("title", "")):
            attrs["title"] = title
        self._nodes.append({"type": "image", "attrs": attrs})


def _text(text: str, marks: list[Node]) -> Node:
    node: Node = {"type": "text", "text": text}
    if marks:
        node["marks"] = marks
    return node


def _link_attributes(token: Token) -> dict[str, Any] | None:
    href = str(token.attrs.get("href", ""))
    if not is_safe_link(href):
        return None
    title = str(token.attrs.get("title", ""))
    return {"href": href, **_LINK, **({"title": title} if title else {})}


def _plain(tokens: list[Token]) -> str:
    """The text of an image's description, without its marks."""
    parts: list[str] = []
    pending = list(reversed(tokens))
    while pending:
        token = pending.pop()
        if token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        elif token.children:
            pending.extend(reversed(token.children))
        else:
            parts.append(token.content)
    return "".join(parts)
