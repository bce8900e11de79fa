"""Reads GitHub-flavoured Markdown as Tiptap JSON that keeps to Tiptap's schema."""

from documents.export.roots import paragraphs
from documents.export.schema import Node


def read_markdown(text: str) -> Node:
    """The Markdown as a Tiptap document. Raises EditError."""
    return paragraphs(text)
