"""Reads GitHub-flavoured Markdown as Tiptap JSON that keeps to Tiptap's schema.

To keep to it matters: an editor deletes from the shared document what does not fit. So an
image, which Tiptap has among blocks, ends the paragraph that it stands in; list items and
cells begin with a paragraph; a code block has no marks.
"""

import re
from itertools import groupby

from markdown_it.token import Token

from documents.export.schema import CELLS, Node
from documents.importing.errors import EditError
from documents.importing.markdown_inline import read_inline, strip_ends
from documents.importing.markdown_parser import build_parser
from documents.importing.operations import require_unicode

# The parser takes microseconds for each, and for hostile ones ten times as many.
MAX_MARKDOWN_CHARACTERS = 2_000_000

_BOX = re.compile(r"\[[ xX]\](?:[ \t]+|$)")
_ALIGN = re.compile(r"text-align:(\w+)")
_CONTAINERS = {
    "paragraph": "paragraph",
    "heading": "heading",
    "blockquote": "blockquote",
    "bullet_list": "bulletList",
    "ordered_list": "orderedList",
    "list_item": "listItem",
    "table": "table",
    "tr": "tableRow",
    "th": "tableHeader",
    "td": "tableCell",
}


def read_markdown(text: str) -> Node:
    """The Markdown as a Tiptap document of at least one block.

    Raises NestedTooDeep, or EditError for text that is too long or not Unicode.
    """
    if len(text) > MAX_MARKDOWN_CHARACTERS:
        raise EditError(
            f"At most {MAX_MARKDOWN_CHARACTERS:,} characters of Markdown at once; append the rest."
        )
    require_unicode(text, where="markdown")
    reader = _Reader()
    for token in build_parser().parse(text):
        reader.read(token)
    return reader.finish()


class _Reader:
    """Builds nodes from block tokens. `_open` holds the nodes that are not closed yet."""

    def __init__(self) -> None:
        self._open: list[Node] = [{"type": "doc", "content": []}]

    def read(self, token: Token) -> None:
        match token.type.rsplit("_", 1):
            case [name, "open"] if name in _CONTAINERS:
                self._open.append(_start(_CONTAINERS[name], token))
            case [name, "close"] if name in _CONTAINERS:
                node = self._open.pop()
                self._open[-1]["content"] += _finish(node)
            case _:
                self._read_leaf(token)

    def finish(self) -> Node:
        doc = self._open[0]
        return {"type": "doc", "content": doc["content"] or [{"type": "paragraph"}]}

    def _read_leaf(self, token: Token) -> None:
        siblings = self._open[-1]["content"]
        match token.type:
            case "inline":
                siblings += read_inline(token.children or [])
                if box := self._find_box(token.content):
                    # Whether it is one depends on the list, which is not read to its end.
                    self._open[-2]["box"] = box
            case "fence" | "code_block":
                node: Node = {"type": "codeBlock"}
                if words := token.info.split():
                    node["attrs"] = {"language": words[0]}
                if text := token.content.removesuffix("\n"):
                    node["content"] = [{"type": "text", "text": text}]
                siblings.append(node)
            case "hr":
                siblings.append({"type": "horizontalRule"})
            case _:
                pass  # thead and tbody: Tiptap's rows stand in the table itself

    def _find_box(self, source: str) -> str:
        """The "[ ] " or "[x] " that this text begins a list item with, unless it is a link."""
        match = _BOX.match(source)
        if match is None or self._open[-1]["type"] != "paragraph":
            return ""
        item, content = self._open[-2], self._open[-1]["content"]
        is_box = (
            item["type"] == "listItem"
            and not item["content"]
            and not content[0].get("marks")
            and content[0].get("text", "").startswith(match[0])
        )
        return match[0] if is_box else ""


def _start(kind: str, token: Token) -> Node:
    node: Node = {"type": kind, "content": []}
    match kind:
        case "heading":
            node["attrs"] = {"level": int(token.tag[1:])}
        case "orderedList":
            node["attrs"] = {"start": int(token.attrs.get("start", 1))}
        case "tableHeader" | "tableCell":
            node["attrs"] = {"colspan": 1, "rowspan": 1}
            if align := _ALIGN.search(str(token.attrs.get("style", ""))):
                node["attrs"]["align"] = align[1]
        case _:
            pass
    return node


def _finish(node: Node) -> list[Node]:
    """What a node that is now complete comes to: itself, as the schema wants it, or several."""
    content = node["content"]
    match node["type"]:
        case "paragraph" | "heading":
            return _hoist_images(node)
        case "listItem":
            if not content or content[0]["type"] != "paragraph":
                content.insert(0, {"type": "paragraph"})
        case "blockquote":
            node["content"] = content or [{"type": "paragraph"}]
        case kind if kind in CELLS:
            node["content"] = _hoist_images({"type": "paragraph", "content": content})
        case "table":
            if len(content) > 1 and all(map(_is_empty_cell, content[0]["content"])):
                # Markdown cannot leave the header out.
                del content[0]
        case "bulletList":
            return _split_tasks(content)
        case "orderedList":
            for item in content:
                # Tiptap has no numbered tasks: the boxes stay text.
                item.pop("box", None)
        case _:
            pass
    return [node]


def _hoist_images(node: Node) -> list[Node]:
    """A text without its images, which become blocks after and between its parts."""
    content = node["content"]
    if all(child["type"] != "image" for child in content):
        return [_with_content(node, content)]
    blocks: list[Node] = []
    for is_image, group in groupby(content, key=lambda child: child["type"] == "image"):
        if is_image:
            blocks += group
        elif part := strip_ends(list(group)):
            blocks.append(_with_content(node, part))
    return blocks


def _with_content(node: Node, content: list[Node]) -> Node:
    whole = {name: value for name, value in node.items() if name != "content"}
    if content:
        whole["content"] = content
    return whole


def _is_empty_cell(cell: Node) -> bool:
    return bool(cell["content"] == [{"type": "paragraph"}])


def _split_tasks(items: list[Node]) -> list[Node]:
    """A list as lists of items with boxes and lists of items without: Tiptap mixes them not."""
    lists: list[Node] = []
    for is_task, group in groupby(items, key=lambda item: "box" in item):
        members = [_as_task(item) if is_task else item for item in group]
        lists.append({"type": "taskList" if is_task else "bulletList", "content": members})
    return lists


def _as_task(item: Node) -> Node:
    text, *rest = item["content"]
    first, *others = text["content"]
    if label := first["text"].removeprefix(item["box"]):
        others.insert(0, {**first, "text": label})
    paragraph = _with_content(text, others)
    return {
        "type": "taskItem",
        "attrs": {"checked": item["box"][1] != " "},
        "content": [paragraph, *rest],
    }
