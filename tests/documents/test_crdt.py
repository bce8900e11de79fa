from typing import Any

import pytest
from pycrdt import Doc, Map, Text, XmlElement, XmlFragment, XmlText

from documents import crdt
from documents.errors import BadUpdate, Contradiction, MissingPredecessors

ORDERED = [
    bytes.fromhex(update)
    for update in (
        "0101010004010174016100",
        "01010103440100016400",
        "01010101840100016200",
        "01010102c401000101016300",
    )
]


def test_updates_in_their_order_make_the_text():
    causal = sorted(ORDERED, key=lambda update: update[3])
    assert str(crdt.build(causal).get("t", type=Text)) == "dacb"


def test_gate_refuses_what_came_too_early():
    doc = crdt.build(ORDERED[:1])
    with pytest.raises(MissingPredecessors):
        crdt.admit_and_apply(doc, ORDERED[1])


def test_admitted_update_is_reported_with_its_client():
    doc = crdt.build([])
    changed, clients = crdt.admit_and_apply(doc, ORDERED[0])
    assert (changed, clients) == (ORDERED[0], [1])
    assert crdt.admit_and_apply(doc, ORDERED[0]) == (crdt.EMPTY_UPDATE, [])


def test_blocks_that_wait_for_each_other_are_refused():
    # Client 1's item stands after client 2's, and client 2's after client 1's.
    circle = bytes.fromhex("02 01 02 00 84 01 00 01 78 01 01 00 84 02 00 01 79 00")
    with pytest.raises(BadUpdate, match="wait for each other"):
        crdt.admit_and_apply(crdt.build([]), circle)


def test_doc_with_something_set_aside_is_not_complete():
    circle = bytes.fromhex("02 01 02 00 84 01 00 01 78 01 01 00 84 02 00 01 79 00")
    clocks, _ = crdt.check_rows(None, [circle])
    with pytest.raises(BadUpdate, match="waits"):
        crdt.check_complete(crdt.build([circle]), clocks)


def test_panic_of_the_rust_side_is_a_bad_update():
    doc: Doc = Doc(client_id=11)
    doc.get("t", type=Text).insert(0, "é")
    with pytest.raises(BadUpdate):
        crdt.guard(lambda: doc.apply_update(bytes.fromhex("01010bffffffff0f04010174016100")))


def test_interrupts_pass_the_guard():
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crdt.guard(interrupt)


def test_edit_reports_nothing_where_nothing_changed():
    assert crdt.edit(crdt.build([]), lambda: None) == crdt.EMPTY_UPDATE


def test_other_content_at_known_clocks_is_a_contradiction():
    doc = crdt.build(ORDERED[:1])
    with pytest.raises(Contradiction):
        crdt.admit_and_apply(doc, bytes.fromhex("0101010004010174017a00"))


def test_update_that_cuts_a_character_in_two_is_refused():
    doc = crdt.build([bytes.fromhex("010101000401017404f09f988000")])
    with pytest.raises(BadUpdate):
        crdt.admit_and_apply(doc, bytes.fromhex("000101010101"))


@pytest.mark.parametrize("hostile", ["", "00", "01010bffffffff0f04010174016100"])
def test_hostile_bytes_are_refused(hostile):
    with pytest.raises(BadUpdate):
        crdt.admit_and_apply(crdt.build([]), bytes.fromhex(hostile))


def test_panic_of_pycrdt_comes_out_as_bad_update():
    doc = crdt.build([bytes.fromhex("01010b0004010174016100")])
    with pytest.raises(BadUpdate):
        crdt.guard(lambda: doc.apply_update(bytes.fromhex("01010bffffffff0f04010174016100")))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_what_ends_the_process_is_not_held_up(error):
    def fail() -> None:
        raise error

    with pytest.raises(error):
        crdt.guard(fail)


def test_edit_reports_one_update_for_the_whole_change_and_none_for_nothing():
    doc: Doc[Any] = Doc()
    text = doc.get("t", type=Text)

    def change() -> None:
        text.insert(0, "é😀")
        text.insert(0, "a")

    update = crdt.edit(doc, change)
    assert str(crdt.build([update]).get("t", type=Text)) == "aé😀"
    assert crdt.edit(doc, lambda: None) == crdt.EMPTY_UPDATE


def test_rows_that_wait_for_something_are_refused():
    with pytest.raises(MissingPredecessors):
        crdt.check_rows(None, [ORDERED[2]])
    clocks, _ = crdt.check_rows(None, ORDERED[:1])
    crdt.check_complete(crdt.build(ORDERED[:1]), clocks)


def rich(text: str) -> Doc[Any]:
    doc: Doc[Any] = Doc(client_id=1)
    paragraph = XmlElement("paragraph", {"level": "1"}, [XmlText(text)])
    doc.get("default", type=XmlFragment).children.append(paragraph)
    doc.get("m", type=Map)["é"] = text
    return doc


def test_rewinding_brings_back_what_was_as_an_edit_going_forward():
    doc = rich("é😀")
    was, then = str(doc.get("default", type=XmlFragment)), doc.get_update()
    del doc.get("default", type=XmlFragment).children[0]
    doc.get("default", type=XmlFragment).children.append(XmlElement("heading"))
    doc.get("m", type=Map)["é"] = "changed"
    update = crdt.rewind(doc, to=then, client_id=99)
    doc.apply_update(update)
    assert str(doc.get("default", type=XmlFragment)) == was
    assert doc.get("m", type=Map)["é"] == "é😀"
    assert set(crdt.clocks_of(doc)) == {1, 99}


def test_rewinding_to_now_is_nothing():
    doc = rich("é😀")
    assert crdt.rewind(doc, to=doc.get_update(), client_id=99) == crdt.EMPTY_UPDATE
