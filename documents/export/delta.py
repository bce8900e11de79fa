"""Reads a shared Text as a Quill delta: the form in which its formats and embeds are known.

`[{"insert": "text" or embed, "attributes"?: {...}}]`, as `toDelta()` gives it in a browser.
"""

from typing import Any

from pycrdt import Array, Map, Text, XmlElement, XmlFragment, XmlText

from documents.crdt import encode
from documents.export.nesting import check_nesting
from documents.export.schema import Node
from documents.export.text import to_text
from documents.export.tiptap import read_child, read_members
from documents.export.values import to_json

Delta = list[dict[str, Any]]


def read_delta(text: Text, *, root: str) -> Delta:
    """The text's stretches in order. A shared type inside stands as its JSON, or its text.

    Raises Unreadable where a map or an array inside cannot be read.
    """
    delta: Delta = []
    is_checked = False
    for piece, formats in text.diff():
        if isinstance(piece, Map | Array) and not is_checked:
            check_nesting(encode(text.doc), root)
            is_checked = True
        op: dict[str, Any] = {"insert": _read_piece(piece, root)}
        set_formats = {name: value for name, value in (formats or {}).items() if value is not None}
        if attributes := read_members(set_formats.items()):
            op["attributes"] = attributes
        if delta and _can_join(delta[-1], op):
            delta[-1]["insert"] += op["insert"]
        else:
            delta.append(op)
    return delta


def is_plain(delta: Delta) -> bool:
    """Whether the delta says no more than its text does."""
    return all(isinstance(op["insert"], str) and "attributes" not in op for op in delta)


def _read_piece(piece: Any, root: str) -> Any:
    match piece:
        case str():
            return piece
        case Map() | Array():
            return to_json(piece, root=root)
        case Text():
            return {"text": str(piece)}
        case XmlElement() | XmlText() | XmlFragment():
            content: Node = {"type": "doc", "content": read_child(piece)}
            return {"text": to_text(content)}
        case _:
            return read_members([("insert", piece)]).get("insert")


def _can_join(left: dict[str, Any], right: dict[str, Any]) -> bool:
    both = isinstance(left["insert"], str) and isinstance(right["insert"], str)
    return both and left.get("attributes") == right.get("attributes")
