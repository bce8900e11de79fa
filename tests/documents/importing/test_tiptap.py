"""Writing Tiptap JSON into the CRDT."""

from typing import Any

import pytest
from pycrdt import Doc, Map, XmlFragment, XmlText

from documents.export import tiptap_json
from documents.export.schema import MAX_DEPTH
from documents.importing import (
    EditError,
    NestedTooDeep,
    UnsupportedEdit,
    append_content,
    apply_ops,
    replace_content,
)
from tests.documents.export.builders import Node, doc, link, node, p, shared, text


def read(source: "Doc[Any]") -> Node:
    content = tiptap_json(doc=source, kind="richtext", root="default")
    assert content is not None
    return content


def fragment_of(source: "Doc[Any]") -> XmlFragment:
    return source.get("default", type=XmlFragment)


def ids(source: "Doc[Any]") -> list[object]:
    """What tells the blocks apart even when they read alike."""
    return list(fragment_of(source).children)


def test_append_adds_to_the_end() -> None:
    source = shared(doc(p("a")))
    append_content(fragment_of(source), [p("é"), p("😀")])
    assert read(source) == doc(p("a"), p("é"), p("😀"))


def test_neighbouring_texts_are_one_shared_text() -> None:
    source = shared(doc(p("aé", text("😀", "bold"), "b", {"type": "hardBreak"}, "c")))
    [paragraph] = fragment_of(source).children
    kinds = [type(child).__name__ for child in paragraph.children]
    assert kinds == ["XmlText", "XmlElement", "XmlText"]
    first = paragraph.children[0]
    assert isinstance(first, XmlText)
    assert first.diff() == [("aé", None), ("😀", {"bold": {}}), ("b", None)]


def test_attributes_keep_their_types_and_nulls_are_left_out() -> None:
    source = shared(doc(node("x", a=1, b=True, c=None, d=[1, None], e="1", f=2**60, g=0.5)))
    assert dict(fragment_of(source).children[0].attributes) == {
        "a": 1, "b": True, "d": [1, None], "e": "1", "f": float(2**60), "g": 0.5,
    }  # fmt: skip


def test_mark_that_overlaps_itself_is_kept_twice() -> None:
    marks = [{"type": "comment", "attrs": {"id": n}} for n in (1, 2)]
    content = doc(p(text("x", *marks)))
    back = read(shared(content))["content"][0]["content"][0]["marks"]
    assert sorted(mark["attrs"]["id"] for mark in back) == [1, 2]
    assert {mark["type"] for mark in back} == {"comment"}


def test_replacing_leaves_equal_blocks_at_both_ends_in_place() -> None:
    source = shared(doc(p("a"), p("b"), p("c"), p("d")))
    before = ids(source)
    replace_content(fragment_of(source), doc(p("a"), p("é"), p("😀"), p("d")))
    after = ids(source)
    assert read(source) == doc(p("a"), p("é"), p("😀"), p("d"))
    assert (after[0], after[-1]) == (before[0], before[-1])
    assert after[1] != before[1]


def test_replacing_with_the_same_changes_nothing() -> None:
    # As an editor has it, and as somebody else wrote it: defaults and order do not count.
    source = shared(doc(p(text("x", "bold", link("/a", target="_blank")))))
    before = source.get_update()
    same = p(text("x", link("/a", title=None), "bold"))
    replace_content(fragment_of(source), doc({**same, "attrs": {"textAlign": None}}))
    assert source.get_update() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("aaa", "a"), ("a", "aaa"), ("", "ab"), ("ab", ""), ("abcb", "ab"), ("aba", "ababa")],
)
def test_repeated_blocks_are_replaced_rightly(old: str, new: str) -> None:
    source = shared(doc(*map(p, old)))
    replace_content(fragment_of(source), doc(*map(p, new)))
    assert read(source) == doc(*map(p, new))


def test_root_with_odd_children_is_replaced_whole() -> None:
    source = shared(doc(p("a")))
    fragment_of(source).children.append(XmlText("odd"))
    fragment_of(source).children.append(XmlText(""))
    replace_content(fragment_of(source), doc(p("a"), p("b")))
    assert read(source) == doc(p("a"), p("b"))


@pytest.mark.parametrize(
    "nodes",
    [
        [{"content": []}],
        [{"type": ""}],
        [{"type": 7}],
        ["x"],
        [{"type": "text"}],
        [p({"type": "text", "text": 7})],
        [node("x", a=float("nan"))],
        [node("x", a=object())],
        [p("\ud83d")],
        [node("x", a="\ud83d")],
        [node("\ud83d")],
    ],
)
def test_malformed_nodes_are_refused_before_anything_is_written(nodes: list[Any]) -> None:
    source = shared(doc(p("a")))
    before = source.get_update()
    with pytest.raises(EditError):
        append_content(fragment_of(source), [p("b"), *nodes])
    assert source.get_update() == before


def test_content_nested_too_deep_is_refused() -> None:
    nested = p("x")
    for _ in range(MAX_DEPTH + 1):
        nested = node("blockquote", nested)
    with pytest.raises(NestedTooDeep):
        append_content(fragment_of(Doc()), [nested])


def test_markdown_is_appended_and_replaced() -> None:
    source: Doc[Any] = Doc()
    ops = [{"append": "# é"}, {"append": "**😀**"}]
    apply_ops(doc=source, kind="richtext", root="default", ops=ops)
    assert read(source) == doc(node("heading", text("é"), level=1), p(text("😀", "bold")))
    apply_ops(doc=source, kind="richtext", root="default", ops=[{"replace": ""}])
    assert read(source) == doc(p())


def test_replacing_with_markdown_keeps_what_markdown_cannot_say() -> None:
    centred = node("paragraph", text("é"), textAlign="center")
    source = shared(doc(centred, p("b")))
    apply_ops(doc=source, kind="richtext", root="default", ops=[{"replace": "é\n\nc"}])
    assert read(source) == doc(centred, p("c"))


def test_edit_of_rich_text_is_all_or_nothing() -> None:
    source = shared(doc(p("a")))
    before = source.get_update()
    ops = [{"append": "x"}, {"append": "> " * 500 + "x"}]
    with pytest.raises(NestedTooDeep):
        apply_ops(doc=source, kind="richtext", root="default", ops=ops)
    assert source.get_update() == before


@pytest.mark.parametrize("op", [{"insert": "x", "at": 0}, {"delete": 1, "at": 0}])
def test_positions_are_not_supported_on_rich_text(op: dict[str, object]) -> None:
    with pytest.raises(UnsupportedEdit, match="append and replace, with Markdown"):
        apply_ops(doc=Doc(), kind="richtext", root="default", ops=[op])


def test_map_beside_the_root_is_left_alone() -> None:
    source: Doc[Any] = Doc()
    source["settings"] = Map({"a": 1})
    apply_ops(doc=source, kind="richtext", root="default", ops=[{"replace": "x"}])
    assert source.get("settings", type=Map).to_py() == {"a": 1}
