"""Reading the CRDT gives the JSON of a live editor, and nothing odd breaks it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from documents.export import plain_text, render, tiptap_json
from documents.export.schema import MAX_DEPTH
from tests.documents.export.builders import BREAK, Node, doc, node, p, shared, text

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "richtext.json").read_text())
DEEP = 20_000


def from_update(update: bytes) -> "Doc[Any]":
    built: Doc[Any] = Doc()
    built.apply_update(update)
    return built


def read(source: "Doc[Any]") -> Node:
    content = tiptap_json(doc=source, kind="richtext", root="default")
    assert content is not None
    return content


def fragment_of(source: "Doc[Any]") -> XmlFragment:
    return source.get("default", type=XmlFragment)


def without_nulls(value: Any) -> Any:
    """An editor shows null for attributes that it does not share."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    bare = {name: without_nulls(item) for name, item in value.items() if item is not None}
    return {name: item for name, item in bare.items() if name != "attrs" or item}


def nest(depth: int) -> "Doc[Any]":
    built: Doc[Any] = Doc()
    with built.transaction():
        parent: XmlFragment | XmlElement = fragment_of(built)
        for level in range(depth):
            child = parent.children.append(XmlElement("blockquote"))
            child.children.append(XmlText(f"é{level}"))
            parent = child
    return built


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_editor_document_reads_as_the_editor_shows_it(vector: dict[str, Any]) -> None:
    content = read(from_update(base64.b64decode(vector["update"])))
    shown = without_nulls(vector["json"])
    if vector["name"] == "empty":
        # An editor shares its first empty paragraph only when somebody types.
        assert content == doc()
    else:
        assert without_nulls(content) == shown


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_whole_numbers_and_booleans_keep_their_type(vector: dict[str, Any]) -> None:
    content = read(shared(vector["json"]))
    assert json.dumps(without_nulls(content), sort_keys=True) == json.dumps(
        without_nulls(vector["json"]), sort_keys=True
    )


def test_new_document_is_empty() -> None:
    assert read(Doc()) == doc()
    assert plain_text(doc=Doc(), kind="richtext", root="default") == ""


def test_neighbouring_texts_with_the_same_marks_are_one() -> None:
    source: Doc[Any] = Doc()
    paragraph = fragment_of(source).children.append(XmlElement("paragraph"))
    for part in ("a", "", "é😀"):
        paragraph.children.append(XmlText()).insert(0, part, {"bold": {}})
    paragraph.children.append(XmlText("b"))
    assert read(source) == doc(p(text("aé😀", "bold"), text("b")))


def test_marks_come_in_the_order_of_the_schema_without_their_hashes() -> None:
    source: Doc[Any] = Doc()
    paragraph = fragment_of(source).children.append(XmlElement("paragraph"))
    formats = {"strike": {}, "comment--abcdEF12": {"id": 1}, "link": {"href": "/"}, "bold": {}}
    paragraph.children.append(XmlText()).insert(0, "x", formats)
    marks = read(source)["content"][0]["content"][0]["marks"]
    assert marks == [
        {"type": "link", "attrs": {"href": "/"}},
        {"type": "bold"},
        {"type": "strike"},
        {"type": "comment", "attrs": {"id": 1}},
    ]


def test_text_at_the_root_stands_in_a_paragraph() -> None:
    source: Doc[Any] = Doc()
    children = fragment_of(source).children
    children.append(XmlText("é")).insert(2, "b", {"bold": {}})
    children.append(XmlElement("horizontalRule"))
    assert read(source) == doc(p("é", text("b", "bold")), node("horizontalRule"))


def test_unknown_nodes_and_marks_are_kept() -> None:
    content = doc(node("panel", p(text("x", "sparkle"), node("mention", id="7")), color="red"))
    assert read(shared(content)) == content


def test_odd_attributes_do_no_harm() -> None:
    source: Doc[Any] = Doc()
    element = fragment_of(source).children.append(XmlElement("image"))
    values = {
        "nan": float("nan"),
        "infinite": float("inf"),
        "big": 2**60,
        "huge": 1e300,
        "half": 0.5,
        "list": [1, None, {"a": True}],
        "bytes": b"\x00",
        "none": None,
    }
    for name, value in values.items():
        element.attributes[name] = value
    assert read(source)["content"][0]["attrs"] == {
        "nan": None,
        "infinite": None,
        "big": 2**60,
        "huge": 1e300,
        "half": 0.5,
        "list": [1, None, {"a": True}],
        "none": None,
    }
    json.dumps(read(source))


def test_values_nested_without_end_are_cut() -> None:
    value: Any = "end"
    for _ in range(500):
        value = [value]
    source: Doc[Any] = Doc()
    fragment_of(source).children.append(XmlElement("image")).attributes["src"] = value
    assert len(json.dumps(read(source))) < 200
    for name in ("txt", "md", "html", "json"):
        render(doc=source, kind="richtext", root="default", title="", format=name)


def test_embedded_objects_are_left_out_and_embedded_elements_kept() -> None:
    source: Doc[Any] = Doc()
    shared_text = (
        fragment_of(source).children.append(XmlElement("paragraph")).children.append(XmlText("ab"))
    )
    shared_text.insert_embed(1, {"image": "x"})
    shared_text.insert_embed(1, XmlElement("mention", {"id": "7"}))
    shared_text.insert_embed(1, Map({"a": 1}))
    assert read(source) == doc(p("a", node("mention", id="7"), "b"))


@pytest.mark.parametrize("name", ["txt", "md", "html", "json"])
def test_document_nested_20000_deep_is_exported_whole(name: str) -> None:
    exported = render(doc=nest(DEEP), kind="richtext", root="default", title="", format=name)
    assert f"é{DEEP - 1}" in exported.decode()


def test_content_beyond_the_depth_is_a_paragraph_of_its_text() -> None:
    inner = read(nest(MAX_DEPTH + 3))
    for _ in range(MAX_DEPTH - 1):
        inner = inner["content"][-1]
        assert inner["type"] == "blockquote"
    assert inner["content"][-1] == p(
        f"é{MAX_DEPTH - 1}", BREAK, f"é{MAX_DEPTH}", BREAK, f"é{MAX_DEPTH + 1}", BREAK,
        f"é{MAX_DEPTH + 2}",
    )  # fmt: skip


def test_element_called_text_does_not_make_a_text_without_text() -> None:
    source: Doc[Any] = Doc()
    odd = fragment_of(source).children.append(XmlElement("text"))
    odd.children.append(XmlElement("paragraph")).children.append(XmlText("é"))
    assert read(source) == doc(p("é"))


def test_text_of_another_editor_is_read_as_paragraphs() -> None:
    source: Doc[Any] = Doc()
    source["default"] = Text("é\n\n😀")
    copy = from_update(source.get_update())
    assert read(copy) == doc(p("é"), p(), p("😀"))


def test_rich_text_of_another_editor_is_read_as_text() -> None:
    copy = from_update(shared(doc(p("é"), p("😀")), root="content").get_update())
    assert plain_text(doc=copy, kind="text", root="content") == "é\n😀"


def test_text_of_nothing_but_pictures_is_empty() -> None:
    source: Doc[Any] = Doc()
    source["content"] = quill = Text()
    quill.insert_embed(0, {"image": "x"})
    copy = from_update(source.get_update())
    assert plain_text(doc=copy, kind="text", root="content") == ""


@pytest.mark.parametrize("kind", ["richtext", "text"])
@pytest.mark.parametrize(
    "other", [lambda: Map({"a": 1}), lambda: Array([1, "b"]), lambda: Array([Map()])]
)
def test_root_of_another_type_is_refused_with_a_reason(kind: str, other: Any) -> None:
    from documents.export import WrongRootType

    source: Doc[Any] = Doc()
    source["root"] = other()
    for copy in (source, from_update(source.get_update())):
        with pytest.raises(WrongRootType, match="“root” holds something else"):
            render(doc=copy, kind=kind, root="root", title="", format="txt")
        assert render(doc=copy, kind=kind, root="root", title="", format="yjs")


def test_reading_changes_nothing() -> None:
    source = shared(doc(p("é")))
    before = source.get_update()
    read(source)
    plain_text(doc=source, kind="text", root="elsewhere")
    assert source.get_update() == before
