from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from documents import bus, crdt
from documents.content import build_document
from documents.log import NewUpdate, append_updates
from documents.models import Document


class Writer:
    """A client that types into a document; each call is one row of the log."""

    def __init__(self, document: Document, author: Any = None) -> None:
        self.document = document
        self.author = author
        self.doc: Doc[Any] = Doc()
        for update in [crdt.encode(build_document(document_id=document.id).doc)]:
            self.doc.apply_update(update)

    @property
    def text(self) -> Text:
        return self.doc.get("content", type=Text)

    @property
    def fragment(self) -> XmlFragment:
        return self.doc.get("default", type=XmlFragment)

    def change(self, change: Callable[[], Any]) -> int:
        """Run a change and log it; the seq of its row."""
        payload = crdt.edit(self.doc, change)
        return append_updates(
            document_id=self.document.id,
            updates=[
                NewUpdate(
                    payload=payload,
                    author_id=self.author.pk if self.author else None,
                    client=self.doc.client_id,
                )
            ],
        )

    def type(self, text: str) -> int:
        """Write at the end of a plain text."""
        return self.change(lambda: self.text.insert(len(self.text), text))

    def add_paragraph(self, text: str) -> int:
        """Write a paragraph at the end of a rich text."""

        def add() -> None:
            paragraph = XmlElement("paragraph")
            self.fragment.children.append(paragraph)
            paragraph.children.append(XmlText(text))

        return self.change(add)


@pytest.fixture
def writer() -> type[Writer]:
    return Writer


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was published on the bus."""
    published: list[Any] = []
    monkeypatch.setattr(bus, "publish", lambda *hints: published.extend(hints))
    return published
