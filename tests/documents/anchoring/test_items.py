"""States that only forged updates bring about: they end soon, in a refusal or in order."""

from typing import Any

import pytest
from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from documents.anchoring import Places, items
from documents.anchoring.items import Items
from documents.crdt import encode
from documents.encoding import encode_number
from documents.errors import BadUpdate


def all_at_one_place(clients: range) -> bytes:
    """An update in which each of these wrote one letter at the start of `content`."""
    update = bytearray(encode_number(len(clients)))
    for client in clients:
        update += b"\x01" + encode_number(client) + b"\x00"
        update += b"\x04\x01\x07content\x01a"
    return bytes(update + b"\x00")


def test_many_who_write_to_one_place_are_put_in_order():
    doc: Doc[Any] = Doc()
    doc.apply_update(all_at_one_place(range(1, 301)))
    places = Places(doc=doc, kind="text", root="content")
    clients = [places.anchor(at, at + 1)[0].item[0] for at in range(300)]
    assert clients == list(range(1, 301))


def test_more_of_them_than_could_be_put_in_order_are_refused_soon(monkeypatch):
    monkeypatch.setattr(items, "MAX_COMPARISONS", 10_000)
    with pytest.raises(BadUpdate, match="one place"):
        Items(all_at_one_place(range(1, 301)))


def test_items_that_build_on_each_other_in_a_circle_are_refused():
    # 1's letter stands behind 2's, and 2's behind 1's.
    update = b"\x02" + b"\x01\x01\x00\x84\x02\x00\x01a" + b"\x01\x02\x00\x84\x01\x00\x01b" + b"\x00"
    with pytest.raises(BadUpdate, match="circle"):
        Items(update)


def test_text_that_is_nested_deeper_than_any_reader_goes_is_anchored_to():
    doc: Doc[Any] = Doc(client_id=1)
    inner: Any = doc.get("default", type=XmlFragment)
    for _ in range(3_000):
        element = XmlElement("blockquote")
        inner.children.append(element)
        inner = element
    inner.children.append(XmlText("é😀"))
    inner.children.append(XmlElement("hr"))
    inner.children.append(XmlText("x"))
    places = Places(doc=doc, kind="richtext", root="default")
    for quote in ("é😀", "x"):
        at = places.text.index(quote)
        assert places.find(*places.anchor(at, at + len(quote))) == (at, at + len(quote))


def test_collected_items_are_no_place():
    doc: Doc[Any] = Doc(client_id=1)
    fragment = doc.get("default", type=XmlFragment)
    fragment.children.append(XmlElement("paragraph"))
    fragment.children[0].children.append(XmlText("é😀"))
    del fragment.children[0]
    read = Items(encode(doc))
    assert read.find((1, 0)) is not None
    assert read.find((1, 0)).is_deleted
    assert read.find((1, 2)) is None
    assert read.reaches((1, 2))
    assert not read.reaches((1, 99))
    assert not read.reaches((2, 0))


def test_root_that_nobody_wrote_to_has_no_text():
    doc: Doc[Any] = Doc()
    doc.get("other", type=Text).insert(0, "é")
    places = Places(doc=doc, kind="text", root="content")
    assert places.text == ""
