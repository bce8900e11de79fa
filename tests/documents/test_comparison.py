"""Whether two updates say the same where they overlap."""

from typing import Any

import pytest
from pycrdt import Doc, Map, Text, XmlElement, XmlFragment

from documents.comparison import contradicts


def typed(*texts: str, client: int = 1) -> Doc[Any]:
    """A Doc in which one client typed these, one after the other."""
    doc: Doc[Any] = Doc(client_id=client)
    text = doc.get("t", type=Text)
    for part in texts:
        text += part
    return doc


def differ(said: Doc[Any], held: Doc[Any], known: int) -> bool:
    return contradicts(said.get_update(), held.get_update(), known={1: known})


def test_same_text_in_other_pieces_is_the_same():
    pieces = typed("é", "😀", "abc")
    assert not differ(typed("é😀abc"), pieces, 6)
    assert not differ(pieces, typed("é😀abc"), 6)


@pytest.mark.parametrize(("said", "held"), [("a", "b"), ("abc", "abd"), ("é", "e")])
def test_other_text_at_known_clocks_contradicts(said, held):
    assert differ(typed(said), typed(held), 3)


def test_characters_of_two_clocks_are_not_compared():
    """Peers that cut one in two make different things of the halves."""
    assert not differ(typed("😀"), typed("😁"), 2)
    assert differ(typed("😀"), typed("ab"), 2)


def test_other_text_after_what_is_known_does_not_contradict():
    assert not differ(typed("abx"), typed("ab"), 2)
    assert differ(typed("axb"), typed("ab"), 2)


def test_longer_text_is_compared_as_far_as_it_is_known():
    assert not differ(typed("ab", "cd"), typed("abc"), 3)
    assert differ(typed("ab", "xd"), typed("abc"), 3)


def test_same_text_of_other_clients_is_not_compared():
    assert not contradicts(
        typed("a").get_update(), typed("b", client=2).get_update(), known={1: 1, 2: 1}
    )


def test_same_letters_elsewhere_contradict():
    first, second = typed("abc"), typed("abc")
    first.get("t", type=Text).insert(0, "x")
    second.get("t", type=Text).insert(1, "x")
    assert differ(first, second, 4)


def test_other_kind_of_content_contradicts():
    doc: Doc[Any] = Doc(client_id=1)
    doc.get("m", type=Map)["k"] = "a"
    assert differ(typed("a"), doc, 1)


@pytest.mark.parametrize(
    ("said", "held"), [("a", "b"), (1, 1.5), ([1], [2]), ("é", "😀"), (None, 0)]
)
def test_other_value_of_a_key_contradicts(said, held):
    docs = []
    for value in (said, held, said):
        doc: Doc[Any] = Doc(client_id=1)
        doc.get("m", type=Map)["k"] = value
        docs.append(doc)
    assert differ(docs[0], docs[1], 1)
    assert not differ(docs[0], docs[2], 1)


def test_other_element_contradicts():
    docs = []
    for tag in ("paragraph", "heading"):
        doc: Doc[Any] = Doc(client_id=1)
        doc.get("default", type=XmlFragment).children.append(XmlElement(tag))
        docs.append(doc)
    assert differ(docs[0], docs[1], 1)
    assert not differ(docs[0], docs[0], 1)


def test_what_was_deleted_on_either_side_cannot_be_compared():
    whole, deleted = typed("abc"), typed("abc")
    del deleted.get("t", type=Text)[0:3]
    assert not differ(whole, deleted, 3)
    assert not differ(deleted, whole, 3)
    assert not differ(typed("xyz"), deleted, 3)


def test_what_is_left_of_a_partly_deleted_text_is_compared():
    held = typed("abc")
    del held.get("t", type=Text)[0:1]
    assert not differ(typed("xbc"), held, 3)
    assert differ(typed("xby"), held, 3)


def test_halves_of_a_pair_that_was_cut_in_two_may_differ():
    """JavaScript puts U+FFFD in the place of each half; others keep the pair."""
    cut = "01020100040101740" + "3efbfbd" + "8401000" + "3efbfbd" + "00"
    whole = typed("😀").get_update()
    assert not contradicts(bytes.fromhex(cut), whole, known={1: 2})


def test_nothing_contradicts_nothing():
    assert not contradicts(b"\0\0", typed("a").get_update(), known={1: 1})
    assert not contradicts(typed("a").get_update(), b"\0\0", known={})


@pytest.mark.parametrize("same", [True, False])
def test_long_texts_in_many_pieces_are_compared_piece_by_piece(same):
    doc: Doc[Any] = Doc(client_id=1)
    text = doc.get("t", type=Text)
    text += "é😀ab" * 5_000
    whole = doc.get_update()
    for place in range(0, 5_000, 10):
        # Somebody else's letters cut the held text into pieces.
        doc.apply_update(_inserted_by_another(doc, place))
    other: Doc[Any] = Doc(client_id=1)
    other.get("t", type=Text).insert(0, "é😀ab" * 4_999 + ("é😀ab" if same else "é😀aB"))
    known = {1: 25_000}
    assert contradicts(whole, doc.get_update(), known=known) is False
    assert contradicts(other.get_update(), doc.get_update(), known=known) is not same


def _inserted_by_another(doc: Doc[Any], place: int) -> bytes:
    """A letter in front of the place-th group, by client 2."""
    writer: Doc[Any] = Doc(client_id=2)
    writer.apply_update(doc.get_update())
    before = writer.get_state()
    writer.get("t", type=Text).insert(8 * place, "x")
    return writer.get_update(before)
