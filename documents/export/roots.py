"""Finds the text of a document at its root, whatever shared type another editor put there."""

from typing import Any

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from documents.export.errors import UnknownKind, WrongRootType
from documents.export.schema import Node
from documents.export.text import to_text
from documents.export.tiptap import read_fragment

RICHTEXT = "richtext"
TEXT = "text"
_SHARED = (Array, Map, Text, XmlElement, XmlFragment, XmlText)
DEFAULT_ROOTS = {RICHTEXT: "default", TEXT: "content"}


def read_tiptap(*, doc: Doc[Any], kind: str, root: str) -> Node:
    """The document as Tiptap JSON; plain text as one paragraph per line.

    Raises UnknownKind, or WrongRootType where there is content but no text.
    """
    match kind:
        case "richtext":
            return _read_richtext(doc, root)
        case "text":
            return paragraphs(_read_text(doc, root))
        case _:
            raise _unknown_kind(kind)


def read_text(*, doc: Doc[Any], kind: str, root: str) -> str:
    """The document as plain text. Raises as `read_tiptap`."""
    match kind:
        case "richtext":
            return to_text(_read_richtext(doc, root))
        case "text":
            return _read_text(doc, root)
        case _:
            raise _unknown_kind(kind)


def paragraphs(text: str) -> Node:
    """Plain text as a Tiptap document with one paragraph per line."""
    content: list[Node] = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]}
        if line
        else {"type": "paragraph"}
        for line in text.split("\n")
    ]
    return {"type": "doc", "content": content}


def _unknown_kind(kind: str) -> UnknownKind:
    return UnknownKind(f"Unknown kind of document “{kind}”: it is richtext or text.")


def open_fragment(*, doc: Doc[Any], root: str) -> XmlFragment:
    """The root as rich text to write to. Raises WrongRootType where something else is there."""
    fragment: XmlFragment = doc.get(root, type=XmlFragment)
    if not list(fragment.children) and not _is_empty(doc, root, len(fragment.children)):
        raise _wrong_root(root)
    return fragment


def open_text(*, doc: Doc[Any], root: str) -> Text:
    """The root as text to write to. Raises WrongRootType where something else is there."""
    text: Text = doc.get(root, type=Text)
    if not str(text) and not _is_empty(doc, root, len(text)) and not _has_only_embeds(text):
        raise _wrong_root(root)
    return text


def _read_richtext(doc: Doc[Any], root: str) -> Node:
    # A root has no type of its own in an update: each reader sees in it what it asks for.
    fragment = doc.get(root, type=XmlFragment)
    content = read_fragment(fragment)
    if content["content"] or _is_empty(doc, root, len(fragment.children)):
        return content
    if text := str(doc.get(root, type=Text)):
        return paragraphs(text)
    raise _wrong_root(root)


def _read_text(doc: Doc[Any], root: str) -> str:
    text = doc.get(root, type=Text)
    if str(text) or _is_empty(doc, root, len(text)) or _has_only_embeds(text):
        return str(text)
    content = read_fragment(doc.get(root, type=XmlFragment))
    if content["content"]:
        return to_text(content)
    raise _wrong_root(root)


def _is_empty(doc: Doc[Any], root: str, length: int) -> bool:
    # A map counts no children: its keys are looked for only where there is nothing else.
    return length == 0 and len(doc.get(root, type=Map)) == 0


def _has_only_embeds(text: Text) -> bool:
    """Whether this is a text of nothing but pictures, as Quill makes it."""
    embedded = [value for value, _ in text.diff()]
    return bool(embedded) and not any(isinstance(value, _SHARED) for value in embedded)


def _wrong_root(root: str) -> WrongRootType:
    return WrongRootType(
        f"The root “{root}” holds something else than this kind of document. Set the document's "
        "kind and root to those of its editor, or export it as yjs."
    )
