"""A document behind the gate: runs, refusals, poison, and what it says of itself."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from collab.live_doc import LiveDoc, Poisoned, merge
from documents.encoding import decode_state_vector, encode_state_vector
from documents.errors import BadUpdate, Contradiction, MissingPredecessors

A, B, C = (bytes.fromhex(f"01010{n}0004010174016{n}00") for n in (1, 2, 3))
AFTER_A = bytes.fromhex("010101018401000162" + "00")
DELETE_A = bytes.fromhex("000101010001")
BAD = b"nonsense"
# Client 1's leans on client 2's, and the other way round.
CIRCLE = bytes.fromhex("02" + "010100" + "8402000161" + "010200" + "8401000162" + "00")
# The parent of its second block is a text.
POISON = bytes.fromhex("010201" + "00" + "040101740161" + "2400" + "0100" + "016b" + "0162" + "00")


def text_of(doc: LiveDoc) -> str:
    return str(doc._doc.get("t", type=Text))


def true_clocks(doc: LiveDoc) -> dict[int, int]:
    return decode_state_vector(doc._doc.get_state())


def test_run_is_one_change():
    doc = LiveDoc([])
    run = doc.apply([A, AFTER_A, B])
    assert (run.refused, sorted(run.clients)) == ({}, [1, 2])
    other = LiveDoc([])
    assert other.apply([run.changed]).changed == run.changed
    assert text_of(other) == text_of(doc)
    assert doc.clocks == other.clocks == {1: 2, 2: 1}


def test_update_may_build_on_one_before_it_in_the_run():
    assert not LiveDoc([]).apply([A, AFTER_A]).refused
    refused = LiveDoc([]).apply([AFTER_A, A]).refused
    assert list(refused) == [0]
    assert isinstance(refused[0], MissingPredecessors)


def test_refused_updates_leave_no_trace_and_the_rest_of_the_run_counts():
    doc = LiveDoc([A])
    run = doc.apply([BAD, B, bytes.fromhex("01010305c4020102010163" + "00")])
    assert {index: type(error) for index, error in run.refused.items()} == {
        0: BadUpdate,
        2: MissingPredecessors,
    }
    assert (doc.clocks, true_clocks(doc), run.clients) == ({1: 1, 2: 1},) * 2 + ([2],)
    assert LiveDoc([doc.encode_since(b"\0")]).clocks == doc.clocks


def test_run_of_nothing_but_refused_ones_changes_nothing():
    doc = LiveDoc([A])
    full = doc.encode_since(b"\0")
    run = doc.apply([BAD, AFTER_A[:-1]])
    assert (run.changed, run.clients, len(run.refused)) == (None, [], 2)
    assert doc.encode_since(b"\0") is full


@pytest.mark.parametrize("again", [A, b"\0\0", bytes.fromhex("010201000401017401610a0500")])
def test_duplicate_reports_nothing(again):
    doc = LiveDoc([A, B])
    run = doc.apply([again])
    assert (run.refused, run.changed, run.clients) == ({}, None, [])


def test_partly_known_update_reports_what_is_new():
    doc = LiveDoc([A])
    both = LiveDoc([A, AFTER_A]).encode_since(b"\0")
    run = doc.apply([both])
    assert run.clients == [1]
    assert run.changed is not None
    other = LiveDoc([A])
    other.apply([run.changed])
    assert other.clocks == doc.clocks == {1: 2}


def test_deletion_alone_is_reported_once_and_brings_no_client():
    doc = LiveDoc([A])
    run = doc.apply([DELETE_A])
    assert (run.changed, run.clients, text_of(doc)) == (DELETE_A, [], "")
    assert doc.apply([DELETE_A]).changed is None


def test_other_content_at_known_clocks_is_a_contradiction():
    doc = LiveDoc([A])
    run = doc.apply([bytes.fromhex("01010100040101740162" + "00")])
    assert isinstance(run.refused[0], Contradiction)
    assert (run.changed, text_of(doc)) == (None, "a" if "a" in text_of(doc) else text_of(doc))
    assert doc.clocks == {1: 1}


def test_circle_of_blocks_is_poison():
    with pytest.raises(Poisoned):
        LiveDoc([]).apply([CIRCLE])


def test_blocks_that_lean_on_each_other_without_a_circle_are_fine():
    together = LiveDoc([A, bytes.fromhex("010102008401000162" + "00")]).encode_since(b"\0")
    doc = LiveDoc([])
    assert not doc.apply([together]).refused
    assert doc.clocks == true_clocks(doc) == {1: 1, 2: 1}


def test_what_pycrdt_fails_on_is_poison():
    with pytest.raises(Poisoned, match="parent"):
        LiveDoc([]).apply([POISON])


def test_log_with_what_cannot_be_applied_does_not_open():
    with pytest.raises(BadUpdate):
        LiveDoc([A, POISON[:4]])


def test_state_vector_is_what_the_doc_holds_even_after_poison():
    doc = LiveDoc([A])
    before = doc.state_vector()
    with pytest.raises(Poisoned):
        doc.apply([bytes.fromhex("02" + "010200" + "8403000161" + "010300" + "8402000162" + "00")])
    assert doc.state_vector() == before


def test_update_that_is_all_there_is_goes_to_who_joins_as_it_is():
    whole = LiveDoc([A, AFTER_A, B]).encode_since(b"\0")
    stored = bytes(bytearray(whole))
    doc = LiveDoc([stored])
    assert doc.encode_since(b"\0") is stored
    doc.apply([C])
    assert LiveDoc([doc.encode_since(b"\0")]).clocks == {1: 2, 2: 1, 3: 1}


def stored(*updates: bytes) -> LiveDoc:
    """A document of one update that somebody looked at already, as a snapshot is."""
    whole = LiveDoc(updates)
    return LiveDoc([whole.encode_since(b"\0")], clocks=whole.clocks)


def test_doc_of_a_snapshot_is_not_built_for_who_only_reads():
    doc = stored(A, AFTER_A, B)
    whole = doc.encode_since(b"\0")
    assert doc.state_vector() == encode_state_vector({1: 2, 2: 1})
    # Nobody asks for a while, and then somebody does.
    for _ in range(3):
        doc.let_go()
    assert doc.encode_since(b"\0") is whole
    assert "_doc" not in vars(doc)


@pytest.mark.parametrize("work", ["type", "apply", "log", "catch up"])
def test_doc_of_a_snapshot_is_built_for_whoever_needs_it(work):
    doc = stored(A, B)
    match work:
        case "type":
            assert doc.admit_plain(AFTER_A, is_foreign=lambda _: False) is not None
            doc.apply_plain()
        case "apply":
            assert not doc.apply([AFTER_A]).refused
        case "log":
            assert doc.apply_logged([AFTER_A]) == AFTER_A
        case "catch up":
            doc.apply([AFTER_A])
            since = encode_state_vector({1: 1, 2: 1})
            assert doc.encode_since(since) == AFTER_A
    assert doc.clocks == true_clocks(doc) == {1: 2, 2: 1}
    assert LiveDoc([doc.encode_since(b"\0")]).clocks == doc.clocks


@pytest.mark.parametrize(
    "snapshot", [POISON, merge([A, bytes.fromhex("010102028402010162" + "00")])]
)
def test_snapshot_that_cannot_be_built_is_poison_and_never_blank(snapshot):
    doc = LiveDoc([snapshot], clocks={1: 2, 2: 3})
    for _ in range(2):
        with pytest.raises(Poisoned):
            doc.apply([C])
    with pytest.raises(Poisoned):
        doc.encode_since(encode_state_vector({1: 1}))


def test_full_state_is_forgotten_when_nobody_asks_for_it_any_more():
    doc = LiveDoc([A, B])
    full = doc.encode_since(b"\0")
    doc.let_go()
    # Somebody else joins.
    assert doc.encode_since(b"\0") is full
    doc.let_go()
    doc.let_go()
    assert doc._full is None
    assert doc.encode_since(b"\0") == full


def test_full_state_is_encoded_once_until_something_changes():
    doc = LiveDoc([A])
    full = doc.encode_since(b"\0")
    assert doc.encode_since(b"") is full
    assert doc.apply([A]).changed is None
    assert doc.encode_since(b"\0") is full
    doc.apply([DELETE_A])
    emptied = doc.encode_since(b"\0")
    assert emptied != full
    doc.apply_logged([B])
    assert doc.encode_since(b"\0") != emptied
    assert text_of(LiveDoc([doc.encode_since(b"\0")])) == text_of(doc)


def test_holder_of_a_part_is_given_the_rest():
    doc = LiveDoc([A, B])
    since = LiveDoc([A]).state_vector()
    other = LiveDoc([A])
    other.apply([doc.encode_since(since)])
    assert other.clocks == doc.clocks
    assert len(doc.encode_since(since)) < len(doc.encode_since(b"\0"))


def test_rows_of_the_log_are_applied_as_they_are():
    doc = LiveDoc([])
    changed = doc.apply_logged([A, AFTER_A])
    assert changed is not None
    assert doc.clocks == true_clocks(doc) == {1: 2}
    assert doc.apply_logged([A]) is None


def test_merging_none_and_one_and_several():
    assert merge([]) == b"\0\0"
    assert merge([A]) is A
    assert LiveDoc([merge([A, AFTER_A, DELETE_A])]).clocks == {1: 2}


def test_foreign_client_stops_the_run_before_anything_of_it_is_applied():
    doc = LiveDoc([])
    run = doc.apply([A, B, C], is_foreign=lambda client: client == 2)
    assert (run.foreign_from, run.foreign) == (1, {2: 1})
    assert doc.clocks == true_clocks(doc) == {1: 1}


def test_known_blocks_of_somebody_else_are_not_foreign():
    doc = LiveDoc([B])
    run = doc.apply([B, DELETE_A[:2] + b"\2\1\0\1"], is_foreign=lambda client: client == 2)
    assert (run.foreign_from, run.refused) == (None, {})
    assert run.changed


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_clocks_are_the_docs_own_after_every_step(seed):
    source = random.Random(seed)
    people: list[Doc[Any]] = [Doc(client_id=client) for client in (1, 2)]
    sent: list[bytes] = []
    for person in people:
        person.observe(lambda event: sent.append(event.update))
    doc = LiveDoc([])
    for _ in range(20):
        person = source.choice(people)
        text = person.get("t", type=Text)
        match source.randrange(4):
            case 0 | 1:
                text.insert(0, source.choice(["é", "😀", "abc"]))
            case 2 if len(text):
                text.clear()
            case 3:
                person.apply_update(doc.encode_since(person.get_state()))
        run = [source.choice([*sent, BAD, A[:-1]]) for _ in range(3)] if sent else []
        doc.apply(run + sent[-2:])
        assert doc.clocks == true_clocks(doc)
        assert decode_state_vector(doc.state_vector()) == doc.clocks
    whole = LiveDoc([doc.encode_since(b"\0")])
    assert (whole.clocks, text_of(whole)) == (doc.clocks, text_of(doc))


def test_state_vector_that_ends_within_a_character_is_taken_to_end_before_it():
    doc = LiveDoc([bytes.fromhex("010101000401017404f09f988000")])
    assert doc.encode_since(encode_state_vector({1: 1})) == doc.encode_since(b"\0")
    assert doc.encode_since(encode_state_vector({1: 2})) == b"\0\0"


def test_gap_at_the_end_moves_no_clock_back():
    doc = LiveDoc([A, AFTER_A])
    # A block of nothing but a gap, from the clock that is known.
    assert doc.admit_plain(bytes.fromhex("010101020a0300"), is_foreign=lambda _: False) is None
    assert doc.clocks == {1: 2}
