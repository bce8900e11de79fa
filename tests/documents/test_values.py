import pytest
from pycrdt import Doc, Map, Text

from collab.live_doc import LiveDoc
from documents import crdt
from documents.comparison import contradicts
from documents.errors import Contradiction
from documents.values import read_content

ANY, FORMAT, EMBED = 8, 6, 5


def read(ref: int, encoded: str) -> list:
    return list(read_content(ref, bytes.fromhex(encoded)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # {a: 1, b: 2} in both orders.
        ("01 76 02 0161 7d01 0162 7d02", "01 76 02 0162 7d02 0161 7d01"),
        # 2**31 as Yjs writes it, a float of 32 bits, and as pycrdt does.
        ("01 7c 4f000000", "01 7d 8080808010"),
        # 1.5 in 32 bits and in 64; -65; and what is no number.
        ("01 7c 3fc00000", "01 7b 3ff8000000000000"),
        ("01 7d c101", "01 7b c050400000000000"),
        ("01 7c 7fc00000", "01 7b 7ff8000000000000"),
    ],
)
def test_same_value_written_otherwise_is_the_same(one, other):
    assert read(ANY, one) == read(ANY, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("01 76 01 0161 7d01", "01 76 01 0161 7d02"),
        ("01 7e", "01 7f"),
        ("01 78", "01 79"),
        # "1" and 1, 1n and 1, "a" and the byte.
        ("01 77 01 31", "01 7d01"),
        ("01 7a 0000000000000001", "01 7d01"),
        ("01 77 01 61", "01 74 01 61"),
        ("01 75 02 7d01 7d02", "01 75 02 7d02 7d01"),
    ],
)
def test_other_values_are_others(one, other):
    assert read(ANY, one) != read(ANY, other)


def test_json_is_compared_as_json():
    def encoded(text: str) -> bytes:
        return bytes([len(text)]) + text.encode()

    one, other = encoded('{"a":1,"b":2}'), encoded('{"b": 2, "a": 1}')
    assert list(read_content(EMBED, one)) == list(read_content(EMBED, other))
    assert list(read_content(FORMAT, encoded("x") + one)) == list(
        read_content(FORMAT, encoded("x") + other)
    )
    assert list(read_content(FORMAT, encoded("x") + one)) != list(
        read_content(FORMAT, encoded("y") + one)
    )


def test_map_that_is_sent_again_is_no_contradiction():
    doc: Doc = Doc(client_id=7)
    names = ["é", "😀", "c", "d", "e", "f", "g", "h"]
    store = doc.get("map", type=Map)
    update = crdt.edit(doc, lambda: store.__setitem__("x", dict.fromkeys(names, 2**31)))
    # Each Doc writes the keys in an order of its own: by chance it may be the same.
    for _ in range(10):
        live = LiveDoc([update])
        assert live.apply([update]).refused == {}
    other: Doc = Doc(client_id=7)
    store = other.get("map", type=Map)
    changed = crdt.edit(other, lambda: store.__setitem__("x", dict.fromkeys(names, 1)))
    live = LiveDoc([update])
    assert isinstance(live.apply([changed]).refused[0], Contradiction)


def test_format_that_is_sent_again_is_no_contradiction():
    doc: Doc = Doc(client_id=7)
    text = doc.get("content", type=Text)
    link = {"link": {name: name for name in "abcdefgh"}}
    update = crdt.edit(doc, lambda: text.insert(0, "é😀", link))
    for _ in range(10):
        held = crdt.encode(crdt.build([update]))
        assert not contradicts(update, held, known=crdt.clocks_of(doc))
