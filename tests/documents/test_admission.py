"""The gate: what is let onto a Doc, what is refused and why; and what pycrdt does without it."""

import json
import random
import subprocess
import sys
from contextlib import suppress
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.live_doc import LiveDoc
from documents.admission import (
    MAX_EMPTY_LENGTH,
    MAX_VALUE_DEPTH,
    Admitted,
    Reader,
    admit,
    read_keystroke,
)
from documents.encoding import (
    MAX_CLIENT,
    MAX_CLOCK,
    decode_state_vector,
    encode_number,
    encode_state_vector,
)
from documents.errors import BadUpdate, DocumentError, MissingPredecessors
from documents.pairs import NO_PAIRS, Pairs

ROOT = Path(__file__).parents[2]
YJS = {case["name"]: case for case in json.loads((ROOT / "tests/vectors/yjs.json").read_text())}
SUBDOCUMENTS = sorted(name for name in YJS if "subdocument" in name)
KEPT = sorted(
    name
    for name in YJS
    if "xml hook" not in name and "missing" not in YJS[name] and name not in SUBDOCUMENTS
)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


def structs(client: int, clock: int, *written: str, deletes: str = "00") -> bytes:
    """An update with these structs of one client."""
    head = encode_number(1) + encode_number(len(written)) + encode_number(client)
    return head + encode_number(clock) + unhex("".join(written)) + unhex(deletes)


def value_update(value: str) -> bytes:
    """An update that sets the key `k` of the map `m` to a value given as hex."""
    return structs(1, 0, "2801016d016b01" + value)


def refuse(update: bytes, known: dict[int, int] | None = None) -> str:
    with pytest.raises(BadUpdate) as caught:
        admit(update, known or {})
    return str(caught.value)


def lacks(update: bytes, known: dict[int, int] | None = None) -> None:
    with pytest.raises(MissingPredecessors):
        admit(update, known or {})


# Hostile inputs that were measured -----------------------------------------------------------

DEEP = unhex("010105000801017401") + unhex("7501") * 26_250 + unhex("7e00")


def test_clock_that_makes_pycrdt_panic_is_refused():
    refuse(unhex("01010bffffffff0f04010174016100"), {11: 5})


def test_clock_that_makes_pycrdt_allocate_17_gigabytes_is_refused():
    refuse(unhex("01010bffffffff0f04010174016100"), {})


def test_clock_that_runs_over_while_reading_is_refused():
    refuse(unhex("010205ffffffff0f04010174016104010174016200"))
    refuse(structs(5, MAX_CLOCK, "0401017401" + "61"), {5: MAX_CLOCK})


def test_value_nested_until_the_stack_ends_is_refused():
    assert "nested" in refuse(DEEP)


def test_forged_block_that_silences_a_client_is_refused():
    refuse(unhex("01010705008094ebdc0300"), {7: 5})


@pytest.mark.parametrize(
    "update",
    [
        b"",
        b"\x01",
        b"hello, world",
        b"\0\0\0",
        unhex("01ffffffffffffffff7f"),
        unhex("01" + "ff" * 11),
        unhex("0001" + "01" + "ffffffff0f"),
        b"\x80" * 100,
    ],
)
def test_what_is_no_update_is_refused(update):
    refuse(update)


def test_bytes_after_the_end_are_refused():
    assert "1 bytes after" in refuse(unhex("010101000401017401610000"))


def test_client_without_structs_is_refused_since_pycrdt_panics_at_it():
    refuse(unhex("0100020800"), {2: 2})


def test_client_that_stands_twice_is_refused():
    refuse(unhex("02" + "01010004010174" + "0161" + "01010104010174" + "0162" + "00"))


@pytest.mark.parametrize("info", ["80", "40", "20", "8a", "4a", "2a"])
def test_collected_block_with_flags_is_refused_since_pycrdt_reads_an_item(info):
    refuse(structs(1, 0, info + "01"))


def test_skip_at_the_end_does_not_count_as_held():
    admitted = admit(structs(2, 0, "0401017401" + "61", "0a05"), {})
    assert admitted.ends == {2: 1}
    assert admit(structs(2, 0, "0a05"), {}).is_known({})
    assert not any(admit(structs(1, 1, "0a07"), {}).ends.values())


def test_nothing_can_lean_on_what_is_skipped():
    head = unhex("02" + "020200" + "0401017401" + "61" + "0a05")
    lacks(head + unhex("010100" + "840203" + "0162" + "00"))
    lacks(structs(2, 0, "0401017401" + "61", "0a05", deletes="0102010301"))


def test_xml_hook_is_refused_since_pycrdt_does_not_read_its_name():
    for name in ("xml hook", "xml hook, whole"):
        refuse(unhex(YJS[name]["updates"][0]))


def test_legacy_json_is_refused_since_pycrdt_reads_a_string_too_many():
    refuse(structs(1, 0, "0201017401046e756c6c"))


@pytest.mark.parametrize(
    "text",
    ["", "[", "{'a':1}", "NaN", "1e999", "Infinity", '"\\ud800"', "[" * 50_000, "nul", "1 2"],
)
def test_format_or_embed_that_is_not_json_is_refused(text):
    raw = text.encode()
    written = (encode_number(len(raw)) + raw).hex()
    refuse(structs(1, 0, "05010174" + written))
    refuse(structs(1, 0, "06010174" + "0162" + written))


def test_format_nested_deeper_than_pycrdt_parses_is_refused():
    for depth, good in ((MAX_VALUE_DEPTH, True), (120, False), (900, False)):
        raw = b"[" * depth + b"]" * depth
        update = structs(1, 0, "06010174" + "0162" + (encode_number(len(raw)) + raw).hex())
        if good:
            assert LiveDoc([]).apply([update]).changed == update
        else:
            refuse(update)


@pytest.mark.parametrize("kind", [5, 7, 8, 15, 127])
def test_shared_type_that_pycrdt_does_not_know_is_refused(kind):
    refuse(structs(1, 0, f"07010174{kind:02x}00"))


@pytest.mark.parametrize("kind", [2, 11, 12, 15, 16, 20, 31])
def test_content_that_pycrdt_does_not_know_is_refused(kind):
    refuse(structs(1, 0, f"{kind:02x}01017401" + "0161"))


@pytest.mark.parametrize("tag", [0, 1, 100, 115, 128, 255])
def test_value_of_unknown_kind_is_refused(tag):
    refuse(value_update(f"{tag:02x}"))


def test_parent_that_is_neither_name_nor_id_is_refused():
    refuse(structs(1, 0, "0402" + "0174" + "0161"))


@pytest.mark.parametrize("empty", ["0401017400", "0801017400", "01010174" + "00", "0000", "0a00"])
def test_struct_without_length_is_refused(empty):
    refuse(structs(1, 0, empty))


def test_value_as_deep_as_allowed_applies_and_one_deeper_is_refused():
    deep = "7501" * MAX_VALUE_DEPTH + "7e"
    assert LiveDoc([]).apply([value_update(deep)]).changed
    refuse(value_update("7501" + deep))
    refuse(value_update("7601" + "016b7601" * MAX_VALUE_DEPTH + "016b7e"))


@pytest.mark.parametrize(
    "text", ["80", "c3", "c3a9ff", "eda080", "f0908080ff"], ids=lambda text: f"utf8 {text}"
)
def test_text_that_is_not_utf8_is_refused(text):
    size = f"{len(text) // 2:02x}"
    refuse(structs(1, 0, "04010174" + size + text))
    refuse(structs(1, 0, "0401" + size + text + "0161"))
    refuse(value_update("77" + size + text))
    refuse(structs(1, 0, "2801016d" + size + text + "017e"))


# Bounds --------------------------------------------------------------------------------------


def test_client_ids_reach_as_far_as_javascript_counts():
    assert admit(structs(MAX_CLIENT, 0, "04010174" + "0161"), {}).ends == {MAX_CLIENT: 1}
    refuse(structs(MAX_CLIENT + 1, 0, "04010174" + "0161"))
    refuse(b"\0\1" + encode_number(MAX_CLIENT + 1) + b"\0")
    refuse(b"\0\1" + encode_number(MAX_CLIENT + 1) + b"\1\0\1")


def test_clocks_reach_as_far_as_pycrdt_counts():
    last = structs(1, MAX_CLOCK - 1, "04010174" + "0161")
    assert admit(last, {1: MAX_CLOCK - 1}).ends == {1: MAX_CLOCK}
    refuse(structs(1, MAX_CLOCK, "04010174" + "0161"), {1: MAX_CLOCK})
    refuse(structs(1, MAX_CLOCK + 1, "04010174" + "0161"), {1: MAX_CLOCK})
    deletes = encode_number(MAX_CLOCK) + encode_number(1)
    refuse(b"\0\1\1\1" + deletes, {1: MAX_CLOCK})


@pytest.mark.parametrize("info", ["00", "0a", "01010174"])
def test_block_without_content_claims_no_more_than_a_frame_can_hold(info):
    most, more = (encode_number(size).hex() for size in (MAX_EMPTY_LENGTH, MAX_EMPTY_LENGTH + 1))
    admit(structs(1, 0, info + most), {})
    refuse(structs(1, 0, info + more))


# Causal order --------------------------------------------------------------------------------

A = structs(1, 0, "04010174" + "0161")


def test_update_that_begins_beyond_what_is_known_lacks_predecessors():
    lacks(structs(1, 1, "8401000162"), {})
    lacks(structs(1, 2, "8401010162"), {1: 1})
    admit(structs(1, 1, "8401000162"), {1: 1})


@pytest.mark.parametrize(
    "struct",
    ["8402000162", "4402000162", "c4010002000162", "04000200" + "0162"],
    ids=["origin", "right origin", "both", "parent"],
)
def test_item_that_leans_on_an_unknown_one_lacks_predecessors(struct):
    update = structs(1, 1, struct)
    lacks(update, {1: 1})
    lacks(update, {1: 1, 3: 9})
    assert admit(update, {1: 1, 2: 1}).ends == {1: 2}


def test_delete_of_what_is_unknown_lacks_predecessors():
    lacks(unhex("000101010101"), {1: 1})
    lacks(unhex("000101010001"), {})
    assert admit(unhex("000101010001"), {1: 1}).deletes
    assert admit(structs(1, 0, "04010174" + "0161", deletes="0101010001"), {}).deletes


def test_skip_over_what_is_known_is_fine_and_over_what_is_not_lacks_predecessors():
    update = structs(1, 0, "04010174" + "0161", "0a02", "8401020162")
    assert admit(update, {1: 3}).ends == {1: 4}
    lacks(update, {1: 2})
    lacks(update, {})
    case = YJS["a skip over what is not known"]
    doc = LiveDoc([])
    first, second = map(unhex, case["updates"])
    doc.apply([first])
    assert isinstance(doc.apply([second]).refused[0], MissingPredecessors)


def test_item_that_builds_on_itself_or_a_later_one_is_refused():
    refuse(structs(1, 0, "8401000162"))
    refuse(structs(1, 0, "8401050162"))
    refuse(structs(1, 1, "4401010162"), {1: 1})


def test_malformed_update_whose_predecessors_are_missing_is_malformed():
    refuse(structs(1, 7, "04010174" + "0161") + b"\0")


def test_blocks_of_one_update_that_lean_on_each_other_are_entangled():
    update = unhex("02" + "010200" + "0401017401" + "61" + "010100" + "840200" + "0162" + "00")
    assert admit(update, {}).entangled
    assert not admit(update, {2: 1}).entangled
    assert not admit(A, {}).entangled


def test_what_is_known_already_is_admitted_and_known():
    admitted = admit(A, {1: 1})
    assert (admitted.starts, admitted.ends, admitted.deletes) == ({1: 0}, {1: 1}, False)
    assert admitted.is_known({1: 1})
    assert not admitted.is_known({})
    assert admit(b"\0\0", {}).is_known({})


# What Yjs and pycrdt write ---------------------------------------------------------------------


def apply_all(updates: list[bytes]) -> LiveDoc:
    doc = LiveDoc([])
    for update in updates:
        run = doc.apply([update])
        assert not run.refused, update.hex()
    return doc


@pytest.mark.parametrize("name", KEPT)
def test_what_yjs_writes_is_admitted_and_held(name):
    doc = apply_all([unhex(update) for update in YJS[name]["updates"]])
    assert doc.clocks == {int(client): clock for client, clock in YJS[name]["clocks"].items()}
    assert decode_state_vector(doc._doc.get_state()) == doc.clocks


@pytest.mark.parametrize("name", KEPT)
def test_what_yjs_writes_is_refused_when_it_is_cut_off_anywhere(name):
    known: dict[int, int] = {}
    for update in map(unhex, YJS[name]["updates"]):
        for size in range(len(update)):
            refuse(update[:size], known)
        known |= admit(update, known).ends


def pycrdt_updates(change: Any) -> list[bytes]:
    doc: Doc[Any] = Doc(client_id=9)
    written: list[bytes] = []
    doc.observe(lambda event: written.append(event.update))
    change(doc)
    return written


def write_text(doc: Doc[Any]) -> None:
    text = doc.get("t", type=Text)
    text += "é😀abc"
    text.insert(0, "x", {"bold": True, "é": {"a": [1, None, 0.5]}})
    text.format(0, 3, {"bold": None})
    text.insert_embed(1, {"image": "é😀.png"})
    del text[0:1]


def write_arrays_and_maps(doc: Doc[Any]) -> None:
    values = doc.get("m", type=Map)
    values["é"] = [None, True, False, 1, -1, 2**40, 0.1, "😀", b"\0\xff", {"a": {"b": []}}]
    values["list"] = Array([1, Text("é😀"), Map({"x": 1})])
    values["list"] = "replaced"
    del values["é"]
    doc.get("a", type=Array).extend([1, 2.5, "é😀", b"bytes", None])


def write_xml(doc: Doc[Any]) -> None:
    fragment = doc.get("default", type=XmlFragment)
    fragment.children.append(XmlElement("paragraph", {"level": "é"}, [XmlText("é😀")]))
    fragment.children[0].attributes["colour"] = "red"
    fragment.children[0].children.append(XmlElement("hardBreak"))
    del fragment.children[0]


@pytest.mark.parametrize("name", SUBDOCUMENTS)
def test_subdocument_is_refused_because_pycrdt_does_not_survive_some(name):
    doc = LiveDoc([])
    for update in YJS[name]["updates"]:
        run = doc.apply([unhex(update)])
        assert all("ubdocument" in str(error) for error in run.refused.values())
        if run.refused:
            return
    pytest.fail("nothing was refused")


@pytest.mark.parametrize("change", [write_text, write_arrays_and_maps, write_xml])
def test_what_pycrdt_writes_is_admitted_and_held_and_refused_when_cut_off(change):
    updates = pycrdt_updates(change)
    assert updates
    doc = apply_all(updates)
    assert admit(doc.encode_since(b"\0"), {}).is_known(doc.clocks)
    known: dict[int, int] = {}
    for update in updates:
        for size in range(len(update)):
            refuse(update[:size], known)
        known |= admit(update, known).ends


def edit_at_random(source: random.Random, doc: Doc[Any]) -> None:
    text, values = doc.get("t", type=Text), doc.get("m", type=Map)
    fragment = doc.get("default", type=XmlFragment)
    # In bytes of UTF-8, and never within a character.
    places = [len(str(text)[:index].encode()) for index in range(len(str(text)) + 1)]
    at = source.randrange(len(places))
    match source.randrange(6):
        case 0 | 1:
            text.insert(places[at], source.choice(["a", "é", "😀", "word "]))
        case 2 if at + 1 < len(places):
            del text[places[at] : places[-1] if source.random() < 0.2 else places[at + 1]]
        case 3:
            values[source.choice("abc")] = source.choice([1, "é😀", [1, {"x": None}], Text("é")])
        case 4:
            fragment.children.append(XmlElement("p", {"a": "1"}, [XmlText("é😀")]))
        case 5 if len(fragment.children):
            del fragment.children[source.randrange(len(fragment.children))]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_several_people_write_is_admitted_in_causal_order(seed):
    source = random.Random(seed)
    people: list[Doc[Any]] = [Doc(client_id=client) for client in (1, 7, 2**32 - 1)]
    log: list[bytes] = []
    heard = [0, 0, 0]
    mine: list[bytes] = []
    for person in people:
        person.observe(lambda event: mine.append(event.update))
    for _ in range(25):
        who = source.randrange(3)
        if source.random() < 0.6:
            for update in log[heard[who] :]:
                people[who].apply_update(update)
            heard[who] = len(log)
        mine.clear()
        edit_at_random(source, people[who])
        log += mine
    live = apply_all(log)
    for person in people:
        for update in log:
            person.apply_update(update)
        assert decode_state_vector(person.get_state()) == live.clocks
        assert str(person.get("t", type=Text)) == str(live._doc.get("t", type=Text))
    assert LiveDoc([live.encode_since(b"\0")]).clocks == live.clocks


# Fuzz ------------------------------------------------------------------------------------------


@given(st.binary(max_size=64), st.dictionaries(st.integers(0, 5), st.integers(0, 9)))
def test_any_bytes_are_admitted_or_refused(update, known):
    with suppress(BadUpdate, MissingPredecessors):
        admit(update, known)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_state_vector_or_refused(raw):
    with suppress(BadUpdate):
        clocks = decode_state_vector(raw)
        assert decode_state_vector(encode_state_vector(clocks)) == clocks


@given(st.dictionaries(st.integers(0, MAX_CLIENT), st.integers(0, MAX_CLOCK)))
def test_state_vector_survives_encoding(clocks):
    assert decode_state_vector(encode_state_vector(clocks)) == clocks


@given(st.sampled_from(KEPT), st.data())
def test_damaged_update_is_admitted_or_refused(name, data):
    update = bytearray.fromhex(YJS[name]["updates"][0])
    at = data.draw(st.integers(0, len(update) - 1))
    update[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    with suppress(BadUpdate, MissingPredecessors):
        admit(bytes(update), {1: data.draw(st.integers(0, 9))})


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_admitted_does_no_harm(seed):
    """In a process of its own: what pycrdt dies of, this one would die of too."""
    fuzz = subprocess.run(
        [sys.executable, "-m", "tests.documents.hostile", str(seed), "4"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert fuzz.returncode == 0, fuzz.stdout[-10_000:] + fuzz.stderr[-2000:]
    seen = json.loads(fuzz.stdout)
    assert min(seen["Admitted"], seen["BadUpdate"], seen["MissingPredecessors"]) > 50, seen


# What pycrdt does without the gate -------------------------------------------------------------
#
# Measured before we began. Where a new pycrdt does better, one of these says so.

OUT_OF_ORDER = [
    unhex("0101010004010174016100"),
    unhex("01010102c401000101016300"),
    unhex("01010103440100016400"),
    unhex("01010101840100016200"),
]
IN_ORDER = [OUT_OF_ORDER[0], OUT_OF_ORDER[3], OUT_OF_ORDER[1], OUT_OF_ORDER[2]]


def text_of(updates: list[bytes]) -> str:
    doc: Doc[Any] = Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get("t", type=Text))


def test_pycrdt_merges_wrongly_when_updates_arrive_out_of_causal_order():
    assert text_of(OUT_OF_ORDER) == "dab"


def test_pycrdt_merges_rightly_in_causal_order_duplicates_included():
    assert text_of(IN_ORDER) == "dacb"
    assert text_of([update for update in IN_ORDER for _ in range(2)] + IN_ORDER) == "dacb"


def test_gate_holds_back_what_is_out_of_order_until_it_is_not():
    for order in permutations(OUT_OF_ORDER):
        doc, waiting = LiveDoc([]), list(order)
        while waiting:
            refused = doc.apply(waiting).refused
            assert all(isinstance(error, MissingPredecessors) for error in refused.values())
            assert len(refused) < len(waiting)
            waiting = [waiting[index] for index in sorted(refused)]
        assert str(doc._doc.get("t", type=Text)) == "dacb"


def test_pycrdt_leaves_what_waits_out_of_its_state_without_a_word():
    doc: Doc[Any] = Doc()
    events: list[bytes] = []
    doc.observe(lambda event: events.append(event.update))
    doc.apply_update(OUT_OF_ORDER[3])
    assert (events, doc.get_update(), doc.get_state()) == ([], b"\0\0", b"\0")


def test_delete_changes_no_state_vector():
    doc: Doc[Any] = Doc()
    doc.apply_update(A)
    before = doc.get_state()
    doc.apply_update(unhex("000101010001"))
    assert (str(doc.get("t", type=Text)), doc.get_state()) == ("", before)


def test_panics_of_pycrdt_are_no_exceptions():
    doc: Doc[Any] = Doc()
    doc.apply_update(structs(11, 0, "04010174" + "0161"))
    with pytest.raises(BaseException, match=r".") as caught:
        doc.apply_update(unhex("01010bffffffff0f04010174016100"))
    assert not isinstance(caught.value, Exception)
    assert type(caught.value).__name__ == "PanicException"


def test_pycrdt_applies_what_it_can_never_encode_again():
    doc: Doc[Any] = Doc()
    doc.apply_update(unhex("010205ffffffff0f04010174016104010174016200"))
    for _ in range(2):
        with pytest.raises(BaseException, match=r".") as caught:
            doc.get_update()
        assert type(caught.value).__name__ == "PanicException"


def test_forged_block_silences_a_client_in_pycrdt():
    doc: Doc[Any] = Doc()
    doc.apply_update(unhex("01010705008094ebdc0300"))
    assert decode_state_vector(doc.get_state()).get(7, 0) == 0
    doc.apply_update(structs(7, 0, "04010174" + "0161"))
    assert str(doc.get("t", type=Text)) in ("", "a")


def test_deep_value_kills_the_process_of_pycrdt():
    script = (
        "from pycrdt import Doc; "
        "Doc().apply_update(bytes.fromhex('010105000801017401' + '7501' * 26_250 + '7e00'))"
    )
    died = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, check=False
    )
    assert died.returncode < 0


@pytest.mark.parametrize(
    "cut",
    ["000101010101", "000101010001", "01010200c40100010101" + "5800", "0101020084010001" + "5800"],
    ids=["delete of the end", "delete of the start", "insertion", "insertion behind half"],
)
def test_edit_that_cuts_a_character_in_two_leaves_the_document_whole(cut):
    doc = LiveDoc([unhex("010101000401017404f09f988000")])
    assert isinstance(doc.apply([unhex(cut)]).refused[0], BadUpdate)
    assert LiveDoc([doc.encode_since(b"\0")]).clocks == doc.clocks
    assert not any(character in str(doc._doc.get("t", type=Text)) for character in "\ufffd")
    assert apply_all([doc.encode_since(b"\0")]).clocks == doc.clocks


def test_update_that_begins_within_a_known_character_is_refused():
    doc = LiveDoc([unhex("010101000401017404f09f988000")])
    run = doc.apply([unhex("01010101840100016200")])
    assert isinstance(run.refused[0], BadUpdate)
    assert doc.clocks == {1: 2}


# Joining -------------------------------------------------------------------------------------


def pieces(count: int, behind: str = "84") -> bytes:
    """As many letters, each a block of its own behind the one before."""
    first = unhex("0401017401" + "61")
    rest = b"".join(
        unhex(behind) + encode_number(7) + encode_number(clock - 1) + unhex("0161")
        for clock in range(1, count)
    )
    return b"\1" + encode_number(count) + b"\7\0" + first + rest + b"\0"


def test_update_of_a_few_thousand_keystrokes_in_a_row_is_admitted():
    assert admit(pieces(8_000), {}).ends == {7: 8_000}


def test_update_whose_pieces_would_cost_more_to_join_than_there_is_memory_is_refused():
    with pytest.raises(BadUpdate, match="too many small pieces"):
        admit(pieces(200_000), {})


def test_values_weigh_more_than_letters():
    def values(count: int) -> bytes:
        first = unhex("0801017401" + "7e")
        rest = b"".join(
            b"\x88\7" + encode_number(clock - 1) + unhex("017e") for clock in range(1, count)
        )
        return b"\1" + encode_number(count) + b"\7\0" + first + rest + b"\0"

    assert admit(values(2_000), {}).ends == {7: 2_000}
    with pytest.raises(BadUpdate, match="too many small pieces"):
        admit(values(5_000), {})


def test_pieces_that_are_not_joined_cost_nothing():
    # Each stands before the one before it: typing backwards, or at many places.
    count = 20_000
    assert admit(pieces(count, behind="44"), {}).ends == {7: count}


def test_joining_in_one_transaction_costs_the_square_in_pycrdt_and_we_take_several():
    """What the bound is for: a process that applies 60,000 letters in one transaction grows."""
    script = (
        "import resource, sys; from pycrdt import Doc; from documents.crdt import apply_all, build;"
        "from tests.documents.test_admission import letters;"
        "rows = letters(40_000);"
        "build(rows) if sys.argv[1] == 'several' else None;"
        "doc = Doc();"
        "tx = doc.transaction() if sys.argv[1] == 'one' else None;"
        "tx and tx.__enter__();"
        "[doc.apply_update(row) for row in rows] if tx else None;"
        "tx and tx.__exit__(None, None, None);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak_kib(way: str) -> int:
        command = [sys.executable, "-c", script, way]
        done = subprocess.run(command, capture_output=True, timeout=60, check=True, text=True)
        return int(done.stdout)

    assert peak_kib("one") > peak_kib("several") + 200_000


def letters(count: int) -> list[bytes]:
    """As many updates, of a letter each."""
    first = unhex("01010700040101740161" + "00")
    return [first] + [
        b"\1\1\7" + encode_number(clock) + b"\x84\7" + encode_number(clock - 1) + unhex("016100")
        for clock in range(1, count)
    ]


@pytest.mark.parametrize(
    ("update", "leans_on"),
    [
        ("0101010004010174" + "016100", {}),
        # Behind its own.
        ("0101010184010001" + "6200", {}),
        # Behind another's, and before another's.
        ("01010200c4010401080163" + "00", {1: 9}),
        # Deletes three of another's from the second on.
        ("00" + "01010101" + "03", {1: 4}),
    ],
)
def test_what_an_update_leans_on_is_said(update, leans_on):
    assert admit(unhex(update), {1: 20, 2: 0}).leans_on == leans_on


# The short cut for keystrokes ---------------------------------------------------------------


def outcome_of(work: Any) -> tuple[Admitted, bool] | type[Exception]:
    """What comes of reading an update, and whether there are pairs in it; or its refusal."""
    try:
        admitted: Admitted = work()
    except (DocumentError, IndexError, UnicodeDecodeError) as error:
        return type(error) if isinstance(error, DocumentError) else BadUpdate
    return admitted._replace(pairs=NO_PAIRS), bool(admitted.pairs)


def numbers(*each: int) -> bytes:
    return b"".join(map(encode_number, each))


CLIENTS = st.sampled_from([1, 2, 127, 128, 2**32 - 1, MAX_CLIENT, MAX_CLIENT + 1])
CLOCKS = st.one_of(st.integers(0, 4), st.sampled_from([127, 128, MAX_CLOCK - 1, MAX_CLOCK]))
IDS = st.builds(numbers, CLIENTS, CLOCKS)


@st.composite
def near_keystrokes(draw: st.DrawFn) -> bytes:
    """What looks like one, and is one more often than not."""
    owner, start = draw(CLIENTS), draw(CLOCKS)
    info = draw(st.sampled_from([0x84, 0x84, 0xC4, 0xC4, 0x44, 0x04, 0x81, 0xA4]))
    own = numbers(owner, max(0, start - 1))
    left = draw(st.one_of(st.just(own), IDS)) if info & 0x80 else b""
    right = draw(IDS) if info & 0x40 else b""
    parent = b"" if info & 0xC0 else b"\x01\x01t"
    text = draw(st.text("ab\0é😀", min_size=1, max_size=3)).encode()
    size = encode_number(len(text) + draw(st.sampled_from([0, 0, 0, 1])))
    deletes = draw(st.sampled_from([b"\0", b"\0", b"\0", b"", b"\1\1\1\0\1", b"\0\0"]))
    head = b"\1\1" + numbers(owner, start) + bytes((info,))
    return head + left + right + parent + size + text + deletes


@given(
    near_keystrokes(),
    st.dictionaries(CLIENTS, CLOCKS, max_size=4),
    st.sets(st.tuples(CLIENTS, CLOCKS), max_size=3),
)
@settings(max_examples=2000)
def test_keystroke_is_read_as_any_other_update_is(update, known, halves):
    pairs = Pairs()
    for client, clock in halves:
        pairs.add(client, clock)
    read = outcome_of(lambda: Reader(update).read(known, pairs))
    assert outcome_of(lambda: admit(update, known, pairs)) == read
    quick = read_keystroke(update, known, pairs)
    assert quick is None or (quick, False) == read


@pytest.mark.parametrize(
    ("update", "known"),
    [
        (structs(5, 1, "8405000161"), {5: 1}),
        (structs(5, 1, "c4050006000161"), {5: 1, 6: 1}),
        (structs(300, 0, "8405030b68656c6c6f20776f726c64"), {5: 4}),
    ],
)
def test_keystroke_takes_the_short_cut(update, known):
    assert read_keystroke(update, known, Pairs()) is not None


@pytest.mark.parametrize(
    ("number", "zero"), [(b"\x05", b"\x80\x00"), (b"\x85\x80\x80\x80\x00", b"\x00")]
)
def test_number_with_more_bytes_than_it_needs_is_the_same_number(number, zero):
    update = b"\1\1" + number + b"\1\x84" + number + zero + b"\1a\0"
    known = {5: 1}
    assert read_keystroke(update, known, Pairs()) == Reader(update).read(known)
