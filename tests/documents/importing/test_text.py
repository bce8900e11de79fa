"""Edits of a shared Text: code points outside, bytes inside, and no panic ever."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from documents.importing import EditError, UnsupportedEdit, apply_ops, apply_text_ops, replace_text
from documents.importing.operations import MAX_OPERATIONS

LETTERS = st.text(alphabet="aé😀\n", max_size=8)


def shared(value: str = "") -> Text:
    source: Doc[Any] = Doc()
    source["content"] = text = Text(value)
    return text


def test_insert_delete_and_replace_count_code_points() -> None:
    text = shared("é😀x")
    apply_text_ops(text, [{"insert": "ü", "at": 2}, {"delete": 1, "at": 0}])
    assert str(text) == "😀üx"
    apply_text_ops(text, [{"replace": "neu 😀"}])
    assert str(text) == "neu 😀"


def test_operations_see_what_came_before_them() -> None:
    text = shared()
    apply_text_ops(text, [{"insert": "é😀", "at": 0}, {"insert": "!", "at": 2}])
    assert str(text) == "é😀!"


def test_edit_is_one_transaction() -> None:
    text = shared()
    events: list[object] = []
    text.doc.observe(events.append)
    apply_text_ops(text, [{"insert": "é", "at": 0}, {"insert": "b", "at": 1}, {"replace": "c"}])
    assert len(events) == 1


@pytest.mark.parametrize(
    ("ops", "reason"),
    [
        ("x", "must be a list"),
        ({"insert": "x", "at": 0}, "must be a list"),
        (None, "must be a list"),
        ([7], r"ops\[0\] must be an object"),
        ([{}], "exactly one of"),
        ([{"insert": "x", "delete": 1, "at": 0}], "exactly one of"),
        ([{"insert": "x", "at": 0, "bold": True}], "bold"),
        ([{"insert": "x"}], "“at” must be a whole number"),
        ([{"insert": "x", "at": -1}], "“at” must be a whole number"),
        ([{"insert": "x", "at": True}], "“at” must be a whole number"),
        ([{"insert": "x", "at": 1.0}], "“at” must be a whole number"),
        ([{"insert": 7, "at": 0}], "“insert” must be a string"),
        ([{"delete": "1", "at": 0}], "“delete” must be a whole number"),
        ([{"replace": None}], "“replace” must be a string"),
        ([{"insert": "\ud83d", "at": 0}], "not valid Unicode"),
        ([{"insert": "x", "at": 3}], "position 3 is beyond the text, which has 2 code points"),
        ([{"delete": 2, "at": 1}], "2 code points at 1 is beyond"),
        ([{"delete": 10**30, "at": 0}], "beyond"),
        ([{"delete": 2, "at": 0}, {"delete": 1, "at": 0}], r"ops\[1\].*has 0 code points"),
        ([{"insert": "x", "at": 0}] * (MAX_OPERATIONS + 1), "At most 1000"),
    ],
)
def test_bad_operation_is_refused_and_changes_nothing(ops: object, reason: str) -> None:
    text = shared("é😀")
    before = text.doc.get_update()
    with pytest.raises(EditError, match=reason):
        apply_text_ops(text, ops)
    assert text.doc.get_update() == before


def test_markdown_cannot_be_appended_to_text() -> None:
    with pytest.raises(UnsupportedEdit, match="“append” is not supported on text"):
        apply_text_ops(shared(), [{"append": "x"}])


def test_no_operations_are_no_edit() -> None:
    text = shared("é")
    before = text.doc.get_update()
    apply_text_ops(text, [])
    assert text.doc.get_update() == before


def test_positions_leave_out_embedded_objects() -> None:
    text = shared("é😀")
    text.insert_embed(2, {"image": "x"})
    apply_text_ops(text, [{"insert": "ü", "at": 2}, {"insert": "1", "at": 1}])
    assert str(text) == "é1😀ü"
    apply_text_ops(text, [{"delete": 3, "at": 0}])
    assert str(text) == "ü"


def test_replacing_keeps_what_is_the_same() -> None:
    text = shared("éin langer Satz 😀")
    observed: list[Any] = []
    text.observe(lambda event: observed.append(event.delta))
    replace_text(text, "éin kurzer Satz 😀")
    assert str(text) == "éin kurzer Satz 😀"
    kept = sum(change.get("retain", 0) for change in observed[0])
    assert kept == len("éin ".encode())
    assert {"delete": len("lang")} in observed[0]


@given(LETTERS, LETTERS)
def test_any_text_can_replace_any_other(old: str, new: str) -> None:
    text = shared(old)
    replace_text(text, new)
    assert str(text) == new


@given(LETTERS, st.data())
def test_operations_do_what_they_do_to_a_string(start: str, data: st.DataObject) -> None:
    text, expected, ops = shared(start), start, []
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, len(expected)))
        if data.draw(st.booleans()):
            inserted = data.draw(LETTERS)
            ops.append({"insert": inserted, "at": at})
            expected = expected[:at] + inserted + expected[at:]
        else:
            count = data.draw(st.integers(0, len(expected) - at))
            ops.append({"delete": count, "at": at})
            expected = expected[:at] + expected[at + count :]
    apply_text_ops(text, ops)
    assert str(text) == expected


def test_half_surrogates_of_other_clients_do_no_harm() -> None:
    # What Yjs makes when somebody types between the halves of 😀: two replacement characters.
    source: Doc[Any] = Doc()
    source.apply_update(bytes.fromhex("01010100040107636f6e74656e740861efbfbd58efbfbd00"))
    apply_ops(doc=source, kind="text", root="content", ops=[{"insert": "é", "at": 2}])
    assert str(source.get("content", type=Text)) == "a\ufffdéX\ufffd"


@pytest.mark.parametrize("kind", ["text", "richtext"])
@pytest.mark.parametrize("other", [lambda: Map({"a": 1}), lambda: Array([Map()])])
def test_root_of_another_type_is_not_written_to(kind: str, other: Any) -> None:
    source: Doc[Any] = Doc()
    source["root"] = other()
    with pytest.raises(EditError, match="holds something else"):
        apply_ops(doc=source, kind=kind, root="root", ops=[{"replace": "x"}])
