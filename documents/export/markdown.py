"""Renders Tiptap JSON as GitHub-flavoured Markdown."""

from documents.export.schema import Node
from documents.export.text import to_text


def to_markdown(doc: Node) -> str:
    """The document as Markdown."""
    return to_text(doc)
