"""Anchors in text: where they are, and where they are after somebody edited."""

import random
from typing import Any

import pytest
from pycrdt import Doc, Map, Text, UndoManager, XmlElement, XmlFragment, XmlText

from documents.anchoring import BadAnchor, NotHereYet, Places, Position, read_position
from documents.crdt import encode
from documents.export import plain_text


def plain(text: str = "") -> Doc[Any]:
    doc: Doc[Any] = Doc(client_id=1)
    doc.get("content", type=Text).insert(0, text)
    return doc


def copy_of(doc: Doc[Any], client_id: int) -> Doc[Any]:
    copy: Doc[Any] = Doc(client_id=client_id)
    copy.apply_update(encode(doc))
    return copy


def rich(*paragraphs: str) -> Doc[Any]:
    doc: Doc[Any] = Doc(client_id=1)
    fragment = doc.get("default", type=XmlFragment)
    for text in paragraphs:
        paragraph = XmlElement("paragraph")
        fragment.children.append(paragraph)
        paragraph.children.append(XmlText(text))
    return doc


def places(doc: Doc[Any]) -> Places:
    if "default" in list(doc.keys()):
        return Places(doc=doc, kind="richtext", root="default")
    return Places(doc=doc, kind="text", root="content")


def anchor(doc: Doc[Any], quote: str) -> tuple[Position, Position]:
    there = places(doc)
    start = there.text.index(quote)
    return there.anchor(start, start + len(quote))


def quoted(doc: Doc[Any], positions: tuple[Position, Position]) -> str | None:
    there = places(doc)
    found = there.find(*positions)
    return None if found is None else there.text[found[0] : found[1]]


def insert(doc: Doc[Any], before: str, new: str) -> None:
    text = doc.get("content", type=Text)
    at = len(str(text)[: str(text).index(before)].encode())
    text.insert(at, new)


def delete(doc: Doc[Any], gone: str) -> None:
    text = doc.get("content", type=Text)
    at = len(str(text)[: str(text).index(gone)].encode())
    del text[at : at + len(gone.encode())]


@pytest.mark.parametrize("text", ["a", "é", "😀", "é😀", "a é 😀 b 👩‍👩‍👧 c", "ab\n\ncd"])
def test_every_range_of_a_text_is_found_where_it_was_set(text):
    there = places(plain(text))
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            assert there.find(*there.anchor(start, end)) == (start, end)


def test_every_range_of_a_rich_text_is_found_without_what_separates_blocks():
    there = places(rich("é😀x", "", "zwei 😀", "3"))
    assert there.text == "é😀x\n\nzwei 😀\n3"
    for start in range(len(there.text)):
        for end in range(start + 1, len(there.text) + 1):
            within = there.text[start:end]
            if not within.strip("\n"):
                with pytest.raises(BadAnchor, match="only what separates"):
                    there.anchor(start, end)
                continue
            skipped = len(within) - len(within.lstrip("\n"))
            expected = (start + skipped, end - (len(within) - len(within.rstrip("\n"))))
            assert there.find(*there.anchor(start, end)) == expected


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 2), (-1, 2), (0, 99), (5, 6)])
def test_range_that_is_none_is_refused(start, end):
    with pytest.raises(BadAnchor, match="code points"):
        places(plain("é😀abc")).anchor(start, end)


def test_positions_are_those_that_yjs_would_make():
    # 😀 has two clocks: é is at 0, 😀 at 1 and 2, b at 3.
    start, end = places(plain("é😀b")).anchor(1, 2)
    assert start.to_json() == {"item": {"client": 1, "clock": 1}, "assoc": 0}
    assert end.to_json() == {"item": {"client": 1, "clock": 2}, "assoc": -1}
    for position in (start, end):
        assert read_position(position.to_json(), where="start") == position


def test_anchor_follows_what_is_typed_and_deleted_around_it():
    doc = plain("ein Café 😀 hier")
    here = anchor(doc, "Café 😀")
    insert(doc, "ein", "😀 noch ")
    assert quoted(doc, here) == "Café 😀"
    delete(doc, "ein ")
    assert quoted(doc, here) == "Café 😀"
    # What is typed at its edges is beside it, what is typed inside is part of it.
    insert(doc, "Café", "[")
    insert(doc, " hier", "]")
    insert(doc, "fé", "ü")
    assert quoted(doc, here) == "Caüfé 😀"


def test_anchor_shrinks_with_its_text_and_is_empty_when_that_is_gone():
    doc = plain("ein Café 😀 hier")
    here = anchor(doc, "Café 😀")
    delete(doc, "Ca")
    assert quoted(doc, here) == "fé 😀"
    delete(doc, "😀")
    assert quoted(doc, here) == "fé "
    delete(doc, "fé ")
    assert quoted(doc, here) == ""
    insert(doc, " hier", "anderes")
    assert quoted(doc, here) == ""


def test_anchor_in_a_paragraph_follows_what_happens_to_others():
    doc = rich("eins", "zwei é😀 drei", "vier")
    here = anchor(doc, "é😀")
    fragment = doc.get("default", type=XmlFragment)
    first = XmlElement("paragraph")
    fragment.children.insert(0, first)
    first.children.append(XmlText("ganz vorn 😀"))
    assert quoted(doc, here) == "é😀"
    del fragment.children[1]
    assert quoted(doc, here) == "é😀"
    fragment.children[1].children[0].format(0, 4, {"bold": {}})
    fragment.children[1].children[0].insert(0, "und ")
    assert quoted(doc, here) == "é😀"


def test_anchor_over_several_paragraphs_outlives_those_between_its_ends():
    doc = rich("eins é", "zwei", "drei 😀")
    here = anchor(doc, "é\nzwei\ndrei")
    del doc.get("default", type=XmlFragment).children[1]
    assert quoted(doc, here) == "é\ndrei"


def test_anchor_is_gone_with_its_paragraph():
    doc = rich("eins", "zwei é😀")
    here = anchor(doc, "é😀")
    del doc.get("default", type=XmlFragment).children[1]
    assert quoted(doc, here) is None


def test_undone_deletion_leaves_the_place_right_behind_the_text():
    doc = plain("ein Café 😀 hier")
    here = anchor(doc, "Café 😀")
    undo = UndoManager(scopes=[doc.get("content", type=Text)])
    delete(doc, "Café 😀")
    undo.undo()
    there = places(copy_of(doc, 2))
    assert there.text == "ein Café 😀 hier"
    start, end = there.find(*here)
    assert start == end
    assert there.text[:start].endswith("Café 😀") or there.text[start:].startswith("Café 😀")


def test_line_breaks_nested_blocks_and_tables_are_counted_as_the_text_has_them():
    doc: Doc[Any] = Doc(client_id=1)
    fragment = doc.get("default", type=XmlFragment)

    def add(into: Any, tag: str, *texts: str) -> Any:
        element = XmlElement(tag)
        into.children.append(element)
        for index, text in enumerate(texts):
            if index:
                element.children.append(XmlElement("hardBreak"))
            element.children.append(XmlText(text))
        return element

    add(fragment, "paragraph", "é", "zwei 😀")
    item = add(add(fragment, "bulletList"), "listItem")
    add(item, "paragraph", "Punkt")
    add(fragment, "codeBlock", "x\n\ny\t😀")
    row = add(add(fragment, "table"), "tableRow")
    for cell in ("", "B", "😀"):
        add(add(row, "tableCell"), "paragraph", cell)
    there = places(doc)
    assert there.text == "é\nzwei 😀\nPunkt\nx\n\ny\t😀\n\tB\t😀"
    for quote in ("zwei 😀", "Punkt", "x\n\ny\t😀", "B", "y\t😀\n\tB"):
        start = there.text.index(quote)
        assert there.find(*there.anchor(start, start + len(quote))) == (start, start + len(quote))


def test_ends_of_texts_and_elements_are_positions_too():
    """As y-prosemirror makes them for selections that end where a paragraph does."""
    doc = rich("é😀", "zwei")
    there = places(doc)
    paragraph, text = (1, 0), (1, 1)
    assert there.find(Position(type=text, assoc=-1), Position(type=text)) == (0, 2)
    assert there.find(Position(item=paragraph), Position(item=paragraph, assoc=-1)) == (0, 2)
    whole = (Position(root="default", assoc=-1), Position(root="default"))
    assert there.find(*whole) == (0, len(there.text))
    assert there.find(Position(root="other"), Position(root="default")) is None


def test_position_in_the_middle_of_a_surrogate_pair_is_at_its_edge():
    there = places(plain("é😀b"))
    assert there.find(Position(item=(1, 2)), Position(item=(1, 3), assoc=-1)) == (1, 3)


def test_chosen_positions_must_have_text_between_them_that_is_here():
    doc = plain("é😀 abc")
    there = places(doc)
    start, end = there.anchor(0, 2)
    assert there.require(start, end) == (0, 2)
    with pytest.raises(BadAnchor, match="no text"):
        there.require(end, start)
    with pytest.raises(NotHereYet):
        there.require(start, Position(item=(1, 99)))
    with pytest.raises(NotHereYet):
        there.require(start, Position(item=(2, 0)))
    delete(doc, "é😀")
    with pytest.raises(BadAnchor, match="no text"):
        places(doc).require(start, end)


def test_maps_and_other_embedded_values_have_no_text():
    doc: Doc[Any] = Doc(client_id=1)
    text = doc.get("content", type=Text)
    text.insert(0, "é")
    text.insert_embed(2, {"image": "x"})
    text.insert(3, "😀b")
    there = places(doc)
    assert there.text == "é😀b"
    assert there.find(*there.anchor(1, 3)) == (1, 3)
    doc = rich("é")
    doc.get("default", type=XmlFragment).children[0].children[0].insert_embed(0, Map({"a": "😀"}))
    there = places(doc)
    assert there.find(*there.anchor(0, 1)) == (0, 1)


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "item",
        {},
        {"item": 1},
        {"item": {"client": 1}},
        {"item": {"client": 1, "clock": -1}},
        {"item": {"client": True, "clock": 0}},
        {"item": {"client": 1, "clock": 1.5}},
        {"item": {"client": 2**60, "clock": 0}},
        {"item": {"client": 1, "clock": 0}, "assoc": "left"},
        {"tname": 7},
        {"tname": "x" * 65},
    ],
)
def test_what_is_no_relative_position_is_refused(given):
    with pytest.raises(BadAnchor, match="start: "):
        read_position(given, where="start")


LETTERS = ["a", "b", "é", "ü", "😀", "👩‍👩‍👧", "\n", "漢"]


def _edit_text(text: Text | XmlText, chance: random.Random) -> None:
    shown = "".join(piece for piece, _ in text.diff() if isinstance(piece, str))
    at = chance.randint(0, len(shown))
    start = len(shown[:at].encode())
    if shown and chance.random() < 0.35:
        end = len(shown[: chance.randint(at, min(at + 4, len(shown)))].encode())
        del text[start:end]
    elif shown and chance.random() < 0.2:
        end = len(shown[: chance.randint(at, len(shown))].encode())
        if end > start:
            text.format(start, end, {"bold": chance.choice([True, None])})
    else:
        text.insert(start, "".join(chance.choices(LETTERS, k=chance.randint(1, 4))))


def _edit_blocks(fragment: XmlFragment, chance: random.Random) -> None:
    blocks = list(fragment.children)
    if not blocks or chance.random() < 0.15:
        block = XmlElement(chance.choice(["paragraph", "heading"]))
        fragment.children.insert(chance.randint(0, len(blocks)), block)
        block.children.append(XmlText(chance.choice(LETTERS[:-2])))
    elif len(blocks) > 1 and chance.random() < 0.1:
        del fragment.children[chance.randrange(len(blocks))]
    else:
        _edit_text(chance.choice(blocks).children[0], chance)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("kind", ["text", "richtext"])
def test_items_stand_in_the_order_that_three_writers_agree_on(kind, seed):
    """Whatever is written at once: what is read out of the state is what pycrdt shows.

    And an anchor on a character is on that character, wherever it goes.
    """
    chance = random.Random(seed)
    docs: list[Doc[Any]] = [Doc(client_id=client) for client in (3, 1, 2)]
    seen: dict[tuple[Position, Position], str] = {}
    for _ in range(12):
        for doc in docs:
            for _ in range(chance.randint(0, 5)):
                if kind == "text":
                    _edit_text(doc.get("content", type=Text), chance)
                else:
                    _edit_blocks(doc.get("default", type=XmlFragment), chance)
        giver, taker = chance.sample(docs, 2)
        taker.apply_update(encode(giver, since=taker.get_state()))
        merged = copy_of(taker, 9)
        root = "content" if kind == "text" else "default"
        there = Places(doc=merged, kind=kind, root=root)
        assert there.text == plain_text(doc=merged, kind=kind, root=root)
        for at, letter in enumerate(there.text):
            try:
                positions = there.anchor(at, at + 1)
            except BadAnchor:
                continue
            assert there.find(*positions) == (at, at + 1)
            assert seen.setdefault(positions, letter) == letter
        for positions, letter in seen.items():
            found = there.find(*positions)
            if found and found[0] < found[1]:
                assert there.text[found[0] : found[1]] == letter
