import pytest
from pycrdt import Doc, Text

from documents import crdt
from documents.errors import BadUpdate, MissingPredecessors

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
    doc = crdt.build([ORDERED[0], ORDERED[1]])
    crdt.check_complete(doc, ORDERED[:1])
    with pytest.raises(BadUpdate, match="waits"):
        crdt.check_complete(doc, ORDERED[:2])


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
