"""Renders Tiptap JSON as GitHub-flavoured Markdown that reads back as the same document.

What Markdown cannot say is left out: alignment of paragraphs, colours, sizes, merged cells,
empty paragraphs. Recurses once per level of nesting, which the reader has bounded.
"""

import re
from collections.abc import Iterator

from documents.export.markdown_inline import write_inline
from documents.export.markdown_table import write_table
from documents.export.schema import (
    INLINE_NODES,
    LISTS,
    Node,
    attributes_of,
    children_of,
    has_inline_content,
    whole_number,
)
from documents.export.text import inline_text

_BLOCKS = frozenset(
    {"paragraph", "heading", "codeBlock", "blockquote", "horizontalRule", "table", "image", *LISTS}
)
_LANGUAGE = re.compile(r"[\w+#.-]+")
# CommonMark reads at most nine digits.
_MAX_NUMBER = 999_999_999


def to_markdown(doc: Node) -> str:
    """The document as Markdown, ending with a line feed unless it is empty."""
    lines = _write_blocks(children_of(doc))
    return "\n".join([*lines, ""]) if lines else ""


def _write_blocks(
    nodes: list[Node], *, in_item: bool = False, lead: list[str] | None = None
) -> list[str]:
    """Lines of blocks that follow each other; in a list item, a list goes right after a text.

    `lead` are the lines of a paragraph that is written already.
    """
    lines = list(lead or ())
    last_type, last_family, turn = "paragraph" if lead else "", "", 0
    for node in _find_blocks(nodes):
        family = _family_of(node)
        # Lists of one kind side by side would be one list, but for another marker.
        turn = turn + 1 if family and family == last_family else 0
        block = _write_block(node, turn=turn, is_first=not lines)
        if not block:
            continue
        if lines and not (in_item and last_type == "paragraph" and _can_interrupt(node, block)):
            lines.append("")
        lines += block
        last_type, last_family = node["type"], family
    return lines


def _find_blocks(nodes: list[Node]) -> Iterator[Node]:
    """Blocks that Markdown has; what is unknown stands for its content."""
    line: list[Node] = []
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        if node.get("type") in INLINE_NODES:
            line.append(node)
            continue
        if line:
            yield {"type": "paragraph", "content": line}
            line = []
        if node.get("type") in _BLOCKS:
            yield node
        elif has_inline_content(node):
            yield {"type": "paragraph", "content": children_of(node)}
        else:
            pending.extend(reversed(children_of(node)))
    if line:
        yield {"type": "paragraph", "content": line}


def _family_of(node: Node) -> str:
    match node["type"]:
        case "orderedList":
            return "ordered"
        case "bulletList" | "taskList":
            return "bullet"
        case _:
            return ""


def _can_interrupt(node: Node, lines: list[str]) -> bool:
    """Whether CommonMark begins this list on the line after a paragraph."""
    if node["type"] not in LISTS or " " not in lines[0]:
        return False
    return node["type"] != "orderedList" or lines[0].startswith(("1. ", "1) "))


def _write_block(node: Node, *, turn: int, is_first: bool) -> list[str]:
    children = children_of(node)
    match node["type"]:
        case "heading":
            level = whole_number(attributes_of(node).get("level"), default=1, low=1, high=6)
            lines = [f"{'#' * level} {_write_heading(children)}".rstrip()]
        case "codeBlock":
            lines = _write_code(node)
        case "blockquote":
            lines = [f"> {line}" if line else ">" for line in _write_blocks(children) or [""]]
        case "horizontalRule":
            # "- ---" is a rule instead of an item with one; and a file that begins with "---"
            # is taken for one with metadata.
            lines = ["___" if is_first else "---"]
        case "table":
            lines = write_table(node)
        case "image":
            lines = _write_lines([node])
        case name if name in LISTS:
            lines = _write_list(node, turn)
        case _:
            lines = _write_lines(children)
    return lines


def _write_lines(nodes: list[Node]) -> list[str]:
    text = write_inline(nodes)
    return text.split("\n") if text else []


def _write_heading(nodes: list[Node]) -> str:
    text = write_inline(nodes, single_line=True)
    bare = text.rstrip("#")
    if bare != text and (not bare or bare[-1].isspace()):
        # Number signs at the end would be taken for decoration.
        return f"{text[:-1]}\\#"
    return text


def _write_code(node: Node) -> list[str]:
    text = re.sub("\r\n?", "\n", inline_text(node))
    language = attributes_of(node).get("language")
    known = isinstance(language, str) and _LANGUAGE.fullmatch(language)
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language if known else ''}", *text.split("\n"), fence]


def _write_list(node: Node, turn: int) -> list[str]:
    items = children_of(node)
    start = whole_number(attributes_of(node).get("start"), default=1, low=0, high=_MAX_NUMBER)
    start = min(start, _MAX_NUMBER - len(items))
    lines: list[str] = []
    for index, item in enumerate(items):
        ordered = node["type"] == "orderedList"
        marker = f"{start + index}{'.)'[turn % 2]}" if ordered else "-*"[turn % 2]
        indent = " " * (len(marker) + 1)
        written = _write_item(item)
        lines.append(f"{marker} {written[0]}".rstrip())
        lines += [f"{indent}{line}" if line else "" for line in written[1:]]
    return lines


def _write_item(item: Node) -> list[str]:
    """The lines of one item, at least one."""
    children = children_of(item)
    if item.get("type") in INLINE_NODES | _BLOCKS:
        children = [item]
    if item.get("type") != "taskItem":
        return _write_blocks(children, in_item=True) or [""]
    box = "[x]" if attributes_of(item).get("checked") is True else "[ ]"
    text: list[str] = []
    if children and children[0].get("type") == "paragraph":
        text, children = _write_lines(children_of(children[0])), children[1:]
    lead = [f"{box} {text[0]}" if text else box, *text[1:]]
    return _write_blocks(children, in_item=True, lead=lead)
