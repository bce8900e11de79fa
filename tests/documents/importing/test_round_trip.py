"""A document that goes out as Markdown and comes back is the same document."""

from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from pycrdt import XmlFragment

from documents.export import render, tiptap_json
from documents.export.markdown import to_markdown
from documents.export.text import to_text
from documents.importing import append_content, read_markdown
from documents.importing.tiptap import identity_of
from tests.documents.export.builders import DOCUMENTS, FULL_PARAGRAPHS, Node, doc, shared

PATIENT = settings(deadline=None, suppress_health_check=list(HealthCheck))


def visible(content: Node) -> list[tuple[Any, ...]]:
    """The tree as its types, and every character that is seen with the marks it has.

    Which white space is bold nobody sees, and Markdown cannot say.
    """
    return list(_walk(content))


def _walk(content: Node) -> Iterator[tuple[Any, ...]]:
    if "text" in content:
        marks = frozenset(
            (mark["type"], mark.get("attrs", {}).get("href"), mark.get("attrs", {}).get("title"))
            for mark in content.get("marks", ())
        )
        for character in content["text"]:
            hidden = character.isspace() and ("code", None, None) not in marks
            yield (character, frozenset() if hidden else marks)
        return
    attrs = {**content.get("attrs", {})}
    if attrs.get("start") == 1:
        del attrs["start"]
    yield (content["type"], tuple(sorted(attrs.items())))
    for child in content.get("content", ()):
        yield from _walk(child)
    yield ("end", content["type"])


@PATIENT
@given(DOCUMENTS)
def test_document_survives_markdown(content: Node) -> None:
    markdown = to_markdown(content)
    back = read_markdown(markdown)
    assert visible(back) == visible(content), markdown
    assert to_text(back) == to_text(content)
    assert to_markdown(back) == markdown


@PATIENT
@given(FULL_PARAGRAPHS)
def test_any_line_of_text_survives_markdown(paragraph: Node) -> None:
    markdown = to_markdown(doc(paragraph))
    assert visible(read_markdown(markdown)) == visible(doc(paragraph)), markdown


@PATIENT
@given(DOCUMENTS)
def test_document_survives_the_crdt(content: Node) -> None:
    back = tiptap_json(doc=shared(content), kind="richtext", root="default")
    assert back is not None
    assert identity_of(back) == identity_of(content)


@PATIENT
@given(DOCUMENTS)
def test_markdown_survives_the_crdt(content: Node) -> None:
    markdown = to_markdown(content)
    copy = shared(doc())
    append_content(copy.get("default", type=XmlFragment), read_markdown(markdown)["content"])
    exported = render(doc=copy, kind="richtext", root="default", title="", format="md")
    assert exported.decode() == markdown
