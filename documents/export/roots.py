"""Finds what a document has at its roots, whatever shared types an editor put there.

A root has no type of its own in an update: each reader sees in it what it asks for. So its type
is told from what stands in it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from documents.export.delta import Delta, is_plain, read_delta
from documents.export.dialects import to_tiptap
from documents.export.errors import UnknownKind, UnknownRoot, WrongRootType
from documents.export.lexical import is_embedded, read_embedded
from documents.export.quill import delta_to_tiptap
from documents.export.schema import Node, children_of
from documents.export.text import to_text
from documents.export.tiptap import read_fragment, read_keys
from documents.export.values import read_array, read_map

RICHTEXT = "richtext"
TEXT = "text"
_SHARED = (Array, Map, Text, XmlElement, XmlFragment, XmlText)
DEFAULT_ROOTS = {RICHTEXT: "default", TEXT: "content"}
_NAMED_IN_ERRORS = 20


class RootType(StrEnum):
    """What stands in a root."""

    TEXT = "text"
    XML = "xml"
    MAP = "map"
    ARRAY = "array"
    # Everything in it was deleted, and with it what it was.
    EMPTY = "empty"


_TYPES_OF_KINDS = {RICHTEXT: RootType.XML, TEXT: RootType.TEXT}


@dataclass(frozen=True, slots=True)
class RootContent:
    """A root as what it is; None is what it does not have."""

    type: RootType
    # Plain text, of `text` and `xml`.
    text: str | None = None
    # Tiptap JSON, of `xml`.
    content: Node | None = None
    # Quill's delta, of a `text` with formats or embeds.
    delta: Delta | None = None
    # JSON, of `map` and `array`.
    value: Any = None
    # Keys that were set on a root that is not a map, as Lexical does.
    attributes: dict[str, Any] | None = None


def list_roots(*, doc: Doc[Any], kind: str, root: str) -> dict[str, RootType]:
    """Every root by name with its type; the document's own first, also when nothing is in it.

    Raises UnknownKind.
    """
    others = sorted(set(doc.keys()) - {root})
    return {root: find_type(doc=doc, kind=kind, root=root)} | {
        name: find_type(doc=doc, kind=None, root=name) for name in others
    }


def require_root(name: str, roots: Iterable[str]) -> None:
    """Raise UnknownRoot, which says what there is, unless the name is among the roots."""
    names = list(roots)
    if name in names:
        return
    named = ", ".join(f"“{known}”" for known in names[:_NAMED_IN_ERRORS])
    more = " and others" if len(names) > _NAMED_IN_ERRORS else ""
    raise UnknownRoot(f"There is no root “{name}” in this document. It has {named}{more}.")


def find_type(*, doc: Doc[Any], kind: str | None, root: str) -> RootType:
    """What a root is; while the document's own one is empty, what its kind says.

    `kind` is None for any other root. Raises UnknownKind.
    """
    expected = RootType.EMPTY if kind is None else _TYPES_OF_KINDS.get(kind)
    if expected is None:
        raise UnknownKind(f"Unknown kind of document “{kind}”: it is richtext or text.")
    found = _type_of(doc, root)
    return expected if found is RootType.EMPTY else found


def read_root(*, doc: Doc[Any], kind: str | None, root: str) -> RootContent:
    """The root as what it is. Of a richtext document a text is rich text, too.

    `kind` as for `find_type`. Raises UnknownKind, and Unreadable for what only a forged update
    can bring about.
    """
    found = find_type(doc=doc, kind=kind, root=root)
    attributes = None if found is RootType.MAP else read_keys(doc.get(root, type=Map))
    match found:
        case RootType.TEXT:
            delta = read_delta(doc.get(root, type=Text), root=root)
            return RootContent(
                found,
                text=str(doc.get(root, type=Text)),
                content=_delta_to_tiptap(delta) if kind == RICHTEXT else None,
                delta=None if is_plain(delta) else delta,
                attributes=attributes or None,
            )
        case RootType.XML:
            content = _read_xml(doc, root)
            text = to_text(to_tiptap(content))
            return RootContent(found, text=text, content=content, attributes=attributes or None)
        case RootType.MAP:
            return RootContent(found, value=read_map(doc, root))
        case RootType.ARRAY:
            return RootContent(found, value=read_array(doc, root), attributes=attributes or None)
        case RootType.EMPTY:
            return RootContent(found, text="", attributes=attributes or None)
        case _:
            assert_never(found)


def read_tiptap(*, doc: Doc[Any], kind: str | None, root: str) -> Node:
    """The root as Tiptap JSON; plain text as one paragraph per line.

    Raises UnknownKind, WrongRootType where there is content but no text, Unreadable.
    """
    match find_type(doc=doc, kind=kind, root=root):
        case RootType.XML | RootType.EMPTY:
            return _read_xml(doc, root)
        case RootType.TEXT:
            return _delta_to_tiptap(read_delta(doc.get(root, type=Text), root=root))
        case found:
            raise _no_text(root, found)


def read_text(*, doc: Doc[Any], kind: str | None, root: str) -> str:
    """The root as plain text. Raises as `read_tiptap`."""
    match find_type(doc=doc, kind=kind, root=root):
        case RootType.TEXT:
            return str(doc.get(root, type=Text))
        case RootType.XML | RootType.EMPTY:
            return to_text(to_tiptap(_read_xml(doc, root)))
        case found:
            raise _no_text(root, found)


# Stands for each character of the document's own; no text can hold it.
_MARK = "\ufdd0"


def trace_text(
    *, doc: Doc[Any], kind: str | None, root: str
) -> tuple[str, list[tuple[int, int]], bool]:
    """The root as plain text, which ranges of that are the document's own, and if it is XML.

    What is not its own was put there to separate, or says what has no text. Raises as
    `read_text`.
    """
    match find_type(doc=doc, kind=kind, root=root):
        case RootType.TEXT:
            text = str(doc.get(root, type=Text))
            return text, [(0, len(text))], False
        case RootType.XML | RootType.EMPTY:
            content = _read_xml(doc, root)
            # The same rendering twice: once with its characters marked.
            text, marked = (to_text(to_tiptap(each)) for each in (content, _mark(content)))
            return text, [run.span() for run in re.finditer(f"{_MARK}+", marked)], True
        case found:
            raise _no_text(root, found)


def _mark(node: Node) -> Node:
    """The node with a mark for each character. Recurses as deep as the reader lets it be."""
    marked = dict(node)
    if isinstance(text := node.get("text"), str):
        marked["text"] = _MARK * len(text)
    if content := children_of(node):
        marked["content"] = [_mark(child) for child in content]
    return marked


def is_formatted(*, doc: Doc[Any], root: str) -> bool:
    """Whether a text root has formats or embeds, as Quill's has."""
    return not is_plain(read_delta(doc.get(root, type=Text), root=root))


def paragraphs(text: str) -> Node:
    """Plain text as a Tiptap document with one paragraph per line."""
    content: list[Node] = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]}
        if line
        else {"type": "paragraph"}
        for line in text.split("\n")
    ]
    return {"type": "doc", "content": content}


def open_fragment(*, doc: Doc[Any], root: str) -> XmlFragment:
    """The root as rich text to write to. Raises WrongRootType where something else is there."""
    fragment: XmlFragment = doc.get(root, type=XmlFragment)
    if _type_of(doc, root) not in {RootType.XML, RootType.EMPTY} or is_embedded(fragment):
        raise _wrong_root(root)
    return fragment


def open_text(*, doc: Doc[Any], root: str) -> Text:
    """The root as text to write to. Raises WrongRootType where something else is there."""
    if _type_of(doc, root) not in {RootType.TEXT, RootType.EMPTY}:
        raise _wrong_root(root)
    text: Text = doc.get(root, type=Text)
    return text


def _type_of(doc: Doc[Any], root: str) -> RootType:
    # Never as an Array here: pycrdt waits for ever on one that has text in it.
    text: Text = doc.get(root, type=Text)
    pieces = [piece for piece, _ in text.diff()]
    if any(not isinstance(piece, _SHARED) for piece in pieces):
        return RootType.TEXT
    if any(isinstance(piece, XmlElement | XmlText) for piece in pieces):
        return RootType.XML
    if len(text):
        return RootType.ARRAY
    # A map counts no children: its keys are looked for only where there is nothing else.
    return RootType.MAP if len(doc.get(root, type=Map)) else RootType.EMPTY


def _read_xml(doc: Doc[Any], root: str) -> Node:
    fragment = doc.get(root, type=XmlFragment)
    return read_embedded(fragment) if is_embedded(fragment) else read_fragment(fragment)


def _delta_to_tiptap(delta: Delta) -> Node:
    if is_plain(delta):
        return paragraphs("".join(op["insert"] for op in delta))
    return delta_to_tiptap(delta)


def _wrong_root(root: str) -> WrongRootType:
    return WrongRootType(
        f"The root “{root}” holds something else than this kind of document. Set the document's "
        "kind and root to those of its editor, or send updates that its editor would make."
    )


def _no_text(root: str, found: RootType) -> WrongRootType:
    return WrongRootType(
        f"The root “{root}” holds something else than text: a{'n' * (found == 'array')} {found}. "
        "Export it as json or yjs, or ask for another root."
    )
