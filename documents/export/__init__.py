"""Exports a document that someone has already built as a pycrdt Doc. Knows no Django.

Call from the thread that made the Doc. Reading gives a root its type in that Doc and changes
nothing else.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc

from documents.export.dialects import to_tiptap
from documents.export.errors import (
    ExportError,
    UnknownFormat,
    UnknownKind,
    UnknownRoot,
    Unreadable,
    WrongRootType,
)
from documents.export.filenames import safe_file_name
from documents.export.html import text_to_html, to_html
from documents.export.markdown import to_markdown
from documents.export.roots import (
    DEFAULT_ROOTS,
    RICHTEXT,
    TEXT,
    RootContent,
    RootType,
    find_type,
    is_formatted,
    list_roots,
    read_root,
    read_text,
    read_tiptap,
    require_root,
    trace_text,
)
from documents.export.schema import Node

__all__ = [
    "DEFAULT_ROOTS",
    "FORMATS",
    "ExportError",
    "Format",
    "RootContent",
    "RootType",
    "UnknownFormat",
    "UnknownKind",
    "UnknownRoot",
    "Unreadable",
    "WrongRootType",
    "list_roots",
    "plain_text",
    "read_root",
    "render",
    "require_root",
    "safe_file_name",
    "tiptap_json",
    "trace_text",
]


@dataclass(frozen=True, slots=True)
class _Source:
    """What is to be exported."""

    doc: Doc[Any]
    kind: str | None
    root: str
    title: str


@dataclass(frozen=True, slots=True)
class Format:
    """One way to download a document. `extension` has no dot."""

    name: str
    media_type: str
    extension: str
    _render: Callable[[_Source], bytes]


def render(
    *,
    doc: Doc[Any],
    kind: str | None,
    root: str,
    title: str,
    format: str,  # noqa: A002
) -> bytes:
    """One root of the document in one of FORMATS (`yjs` is always all of it); text is UTF-8.

    The root is rendered as what it is; `kind` is what the document's own is while it is empty,
    and None for any other. Raises UnknownFormat, UnknownKind, WrongRootType where a map or an
    array is to be text, Unreadable.
    """
    chosen = FORMATS.get(format)
    if chosen is None:
        raise UnknownFormat(f"Unknown format “{format}”: choose one of {', '.join(FORMATS)}.")
    return chosen._render(_Source(doc, kind, root, title))  # noqa: SLF001 (our own dataclass)


def plain_text(*, doc: Doc[Any], kind: str, root: str) -> str:
    """The document's text, in whose code points positions are given; see `text.py`.

    Raises UnknownKind or WrongRootType.
    """
    return read_text(doc=doc, kind=kind, root=root)


def tiptap_json(*, doc: Doc[Any], kind: str, root: str) -> Node | None:
    """Rich text as Tiptap JSON; None for other kinds. Raises UnknownKind or WrongRootType."""
    return None if kind == TEXT else read_tiptap(doc=doc, kind=kind, root=root)


def _as_text(source: _Source) -> bytes:
    return _encode(read_text(doc=source.doc, kind=source.kind, root=source.root))


def _as_markdown(source: _Source) -> bytes:
    content = _read_prose(source)
    # A plain text that somebody writes Markdown in is Markdown already.
    return _as_text(source) if content is None else _encode(to_markdown(content))


def _as_html(source: _Source) -> bytes:
    content = _read_prose(source)
    if content is not None:
        return _encode(to_html(content, title=source.title))
    text = read_text(doc=source.doc, kind=source.kind, root=source.root)
    return _encode(text_to_html(text, title=source.title))


def _read_prose(source: _Source) -> Node | None:
    """What is to be rendered as rich text, in Tiptap's words; None for text without formats."""
    where: dict[str, Any] = {"doc": source.doc, "root": source.root}
    is_text = find_type(kind=source.kind, **where) is RootType.TEXT
    if is_text and source.kind != RICHTEXT and not is_formatted(**where):
        return None
    return to_tiptap(read_tiptap(kind=source.kind, **where))


def _as_json(source: _Source) -> bytes:
    where: dict[str, Any] = {"doc": source.doc, "kind": source.kind, "root": source.root}
    if find_type(**where) in {RootType.MAP, RootType.ARRAY}:
        return _encode(json.dumps(read_root(**where).value, ensure_ascii=False))
    return _encode(json.dumps(read_tiptap(**where), ensure_ascii=False))


def _as_yjs(source: _Source) -> bytes:
    return source.doc.get_update()


def _encode(text: str) -> bytes:
    # A title from elsewhere may hold half of a surrogate pair.
    return text.encode(errors="replace")


FORMATS: dict[str, Format] = {
    chosen.name: chosen
    for chosen in (
        Format("txt", "text/plain; charset=utf-8", "txt", _as_text),
        Format("md", "text/markdown; charset=utf-8", "md", _as_markdown),
        Format("html", "text/html; charset=utf-8", "html", _as_html),
        Format("json", "application/json", "json", _as_json),
        Format("yjs", "application/octet-stream", "yjs", _as_yjs),
    )
}
