"""Turns a Quill delta into Tiptap JSON, so that it has every export.

Quill formats a whole line on the line feed that ends it. Lists are lines with an indent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from documents.export.delta import Delta
from documents.export.schema import Node, whole_number

_MARKS = {
    "bold": "bold",
    "italic": "italic",
    "strike": "strike",
    "underline": "underline",
    "code": "code",
}
_SCRIPTS = {"sub": "subscript", "super": "superscript"}
_LISTS = {
    "bullet": "bulletList",
    "ordered": "orderedList",
    "checked": "taskList",
    "unchecked": "taskList",
}
# Quill's own toolbar stops at 8.
_MAX_INDENT = 8


@dataclass(slots=True)
class _Line:
    content: list[Node] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """What neighbouring lines make up together."""
        for name in ("list", "code-block", "blockquote", "table"):
            if self.attributes.get(name):
                return name
        return ""


def delta_to_tiptap(delta: Delta) -> Node:
    """The delta as a Tiptap document. What Tiptap has no node for stands as its text."""
    blocks: list[Node] = []
    for family, group in groupby(_split_lines(delta), key=lambda line: line.family):
        lines = list(group)
        match family:
            case "list":
                blocks += _build_lists(lines)
            case "code-block":
                blocks.append(_build_code(lines))
            case "blockquote":
                blocks.append({"type": "blockquote", "content": [_paragraph(x) for x in lines]})
            case "table":
                blocks.append(_build_table(lines))
            case _:
                blocks += [_build_block(line) for line in lines]
    return {"type": "doc", "content": blocks}


def _split_lines(delta: Delta) -> Iterator[_Line]:
    line = _Line()
    for op in delta:
        attributes = op.get("attributes", {})
        if not isinstance(op["insert"], str):
            line.content += _read_embed(op["insert"], attributes)
            continue
        for index, part in enumerate(op["insert"].split("\n")):
            if index:
                line.attributes = attributes
                yield line
                line = _Line()
            if part:
                line.content.append(_text(part, attributes))
    if line.content:
        yield line


def _text(value: str, attributes: dict[str, Any]) -> Node:
    node: Node = {"type": "text", "text": value}
    marks: list[Node] = [{"type": mark} for name, mark in _MARKS.items() if attributes.get(name)]
    if isinstance(link := attributes.get("link"), str):
        marks.insert(0, {"type": "link", "attrs": {"href": link}})
    if isinstance(color := attributes.get("background"), str):
        marks.append({"type": "highlight", "attrs": {"color": color}})
    if script := _SCRIPTS.get(str(attributes.get("script"))):
        marks.append({"type": script})
    return node | ({"marks": marks} if marks else {})


def _read_embed(embed: Any, attributes: dict[str, Any]) -> list[Node]:
    """An image, a video as its address, or whatever text the embed has in it."""
    match embed:
        case {"image": str() as source}:
            return [{"type": "image", "attrs": {"src": source, "alt": attributes.get("alt")}}]
        case {"video": str() as source}:
            return [_text(source, {"link": source})]
        case {"formula": str() as formula}:
            return [_text(formula, {"code": True})]
        case {"mention": {"value": str() as name}}:
            return [_text(f"@{name}", {})]
        case {"text": str() as text} if text:
            return [_text(text, {})]
        case _:
            return []


def _paragraph(line: _Line) -> Node:
    node: Node = {"type": "paragraph"}
    if isinstance(align := line.attributes.get("align"), str):
        node["attrs"] = {"textAlign": align}
    return node | ({"content": line.content} if line.content else {})


def _build_block(line: _Line) -> Node:
    level = line.attributes.get("header")
    if not level:
        return _paragraph(line)
    paragraph = _paragraph(line)
    level = whole_number(level, default=1, low=1, high=6)
    return paragraph | {
        "type": "heading",
        "attrs": {**paragraph.get("attrs", {}), "level": level},
    }


def _build_code(lines: list[_Line]) -> Node:
    text = "\n".join("".join(node.get("text", "") for node in line.content) for line in lines)
    language = lines[0].attributes["code-block"]
    node: Node = {"type": "codeBlock"}
    if isinstance(language, str) and language != "plain":
        node["attrs"] = {"language": language}
    return node | ({"content": [{"type": "text", "text": text}]} if text else {})


def _build_table(lines: list[_Line]) -> Node:
    rows: list[Node] = []
    for _, cells in groupby(lines, key=lambda line: str(line.attributes["table"])):
        content = [{"type": "tableCell", "content": [_paragraph(cell)]} for cell in cells]
        rows.append({"type": "tableRow", "content": content})
    return {"type": "table", "content": rows}


def _build_lists(lines: list[_Line]) -> list[Node]:
    """Nest lines by their indent; one that jumps ahead stands one level deeper."""
    top: list[Node] = []
    # The content in which the list of each level stands, outermost first.
    levels: list[list[Node]] = [top]
    for line in lines:
        kind = str(line.attributes["list"])
        list_type = _LISTS.get(kind, "bulletList")
        indent = whole_number(line.attributes.get("indent"), default=0, low=0, high=_MAX_INDENT)
        del levels[indent + 1 :]
        around = levels[-1]
        if not around or around[-1]["type"] != list_type:
            around.append({"type": list_type, "content": []})
        item: Node = {"type": "listItem", "content": [_paragraph(line)]}
        if list_type == "taskList":
            item |= {"type": "taskItem", "attrs": {"checked": kind == "checked"}}
        around[-1]["content"].append(item)
        levels.append(item["content"])
    return top
