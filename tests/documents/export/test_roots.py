"""Every root is found, and read as what it is; what was forged is refused, and harms nothing."""

import json
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from documents.export import (
    RootType,
    UnknownRoot,
    Unreadable,
    WrongRootType,
    list_roots,
    read_root,
    render,
    require_root,
)
from documents.export.nesting import check_nesting
from documents.export.schema import MAX_DEPTH
from documents.importing import EditError, apply_ops
from tests.documents.export.builders import doc, p
from tests.documents.export.vectors import CASES, load

MIXED = "text beside a map, an array and rich text"


def copy(source: "Doc[Any]") -> "Doc[Any]":
    """As it comes out of the log: nobody has said yet what its roots are."""
    made: Doc[Any] = Doc()
    made.apply_update(source.get_update())
    return made


def types_of(source: "Doc[Any]", kind: str = "text", root: str = "content") -> dict[str, str]:
    return {
        name: str(found) for name, found in list_roots(doc=source, kind=kind, root=root).items()
    }


@pytest.mark.parametrize(
    ("name", "root", "expected"),
    [
        ("codemirror", "codemirror", {"codemirror": "text"}),
        ("monaco", "monaco", {"monaco": "text"}),
        ("quill", "quill", {"quill": "text"}),
        ("prosemirror", "prosemirror", {"prosemirror": "xml"}),
        ("blocknote", "document-store", {"document-store": "xml"}),
        ("lexical", "root", {"root": "xml"}),
        ("slate", "content", {"content": "xml"}),
        ("drawing", "shapes", {"shapes": "array", "meta": "map"}),
        ("array of fragments", "pages", {"pages": "array"}),
    ],
)
def test_roots_of_every_editor_have_their_types(
    name: str, root: str, expected: dict[str, str]
) -> None:
    for kind in ("text", "richtext"):
        assert types_of(load(name), kind, root) == expected


def test_every_root_beside_the_own_one_is_listed() -> None:
    assert types_of(load(MIXED), "text", "codemirror") == {
        "codemirror": "text",
        "emptied": "empty",
        "meta": "map",
        "notes": "xml",
        "tags": "array",
    }


@pytest.mark.parametrize(("kind", "expected"), [("text", "text"), ("richtext", "xml")])
def test_own_root_is_there_before_anything_is_in_it(kind: str, expected: str) -> None:
    assert types_of(Doc(), kind, "mine") == {"mine": expected}


def test_unknown_root_is_told_which_there_are() -> None:
    with pytest.raises(UnknownRoot, match=r"“nope”.*“a”, “b”"):
        require_root("nope", ["a", "b"])
    with pytest.raises(UnknownRoot, match="“19” and others"):
        require_root("nope", map(str, range(1000)))


def test_maps_and_arrays_read_as_in_the_browser() -> None:
    source = load("drawing")
    for name, value in CASES["drawing"]["values"].items():
        read = read_root(doc=source, kind="text", root=name)
        assert read.value == value
        assert read.text is read.content is read.delta is read.attributes is None


def test_what_json_has_no_word_for_is_null_and_bytes_are_a_list() -> None:
    value = read_root(doc=load("odd values"), kind="text", root="odd").value
    assert value == {
        "</script>\u2028\u0000": "</script>\u2028\u0000",
        "big": 2**62,
        "binary": [0, 128, 255],
        "infinity": None,
        "inside": {"list": [None, None, [1]]},
        "large": 2**60,
        "nan": None,
        "negative zero": 0,
        "undefined": None,
    }
    assert list(value) == sorted(value)
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize("root", ["shapes", "meta"])
def test_map_or_array_is_exported_as_its_json(root: str) -> None:
    exported = render(doc=load("drawing"), kind="text", root=root, title="", format="json")
    assert json.loads(exported) == CASES["drawing"]["values"][root]
    assert "😀".encode() in exported


@pytest.mark.parametrize("name", ["txt", "md", "html"])
def test_map_or_array_has_no_text_to_export(name: str) -> None:
    with pytest.raises(WrongRootType, match=r"an array.*json"):
        render(doc=load("drawing"), kind="text", root="shapes", title="", format=name)
    with pytest.raises(WrongRootType, match=r"a map.*json"):
        render(doc=load("drawing"), kind="richtext", root="meta", title="", format=name)


def test_rich_text_beside_the_own_root_reads_as_rich_text() -> None:
    read = read_root(doc=load(MIXED), kind=None, root="notes")
    assert (read.text, read.content) == ("é😀", doc(p("é😀")))
    html = render(doc=load(MIXED), kind=None, root="notes", title="", format="html")
    assert "<p>é😀</p>" in html.decode()


def test_emptied_root_is_empty_in_every_format() -> None:
    assert read_root(doc=load(MIXED), kind=None, root="emptied").type is RootType.EMPTY
    for name in ("txt", "md"):
        assert render(doc=load(MIXED), kind=None, root="emptied", title="", format=name) == b""
    for name in ("html", "json", "yjs"):
        assert render(doc=load(MIXED), kind=None, root="emptied", title="", format=name)


def test_keys_on_a_root_that_is_no_map_are_not_lost() -> None:
    source: Doc[Any] = Doc()
    source["x"] = Text("é")
    source.get("x", type=Map)["direction"] = "ltr"
    read = read_root(doc=copy(source), kind="text", root="x")
    assert (read.type, read.text, read.attributes) == (RootType.TEXT, "é", {"direction": "ltr"})


def test_map_with_a_null_alone_is_a_map() -> None:
    source: Doc[Any] = Doc()
    source["m"] = Map({"a": None})
    assert read_root(doc=copy(source), kind="text", root="m").value == {"a": None}


def test_many_separate_items_are_read_in_linear_time() -> None:
    source: Doc[Any] = Doc()
    source["a"] = items = Array()
    with source.transaction():
        for number in range(20_000):
            items.insert(0, number)
    assert read_root(doc=copy(source), kind="text", root="a").value == list(range(20_000))[::-1]


def nest_maps(depth: int) -> "Doc[Any]":
    source: Doc[Any] = Doc()
    source["deep"] = inner = Map()
    with source.transaction():
        for _ in range(depth):
            inner["é"] = Map()
            inner = inner["é"]
    source["flat"] = Map({"a": 1})
    return copy(source)


def test_maps_nested_to_the_bound_are_read() -> None:
    value = read_root(doc=nest_maps(MAX_DEPTH), kind="text", root="deep").value
    for _ in range(MAX_DEPTH):
        value = value["é"]
    assert value == {}


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 20_000])
def test_maps_nested_beyond_the_bound_are_refused(depth: int) -> None:
    source = nest_maps(depth)
    with pytest.raises(Unreadable, match="“deep” is nested"):
        read_root(doc=source, kind="text", root="deep")
    with pytest.raises(Unreadable, match="yjs"):
        render(doc=source, kind="text", root="deep", title="", format="json")
    assert read_root(doc=source, kind="text", root="flat").value == {"a": 1}
    assert types_of(source)["deep"] == "map"


def test_xml_nested_in_a_map_without_end_is_refused() -> None:
    source: Doc[Any] = Doc()
    source["m"] = outer = Map()
    with source.transaction():
        outer["x"] = XmlFragment()
        parent: XmlFragment | XmlElement = outer["x"]
        for _ in range(20_000):
            parent = parent.children.append(XmlElement("b"))
    with pytest.raises(Unreadable):
        read_root(doc=copy(source), kind="text", root="m")


def test_text_in_a_list_of_values_is_refused() -> None:
    # pycrdt would wait for ever on it.
    forged: Doc[Any] = Doc()
    array = b"\x27\x01\x01m\x01k\x00"
    text = b"\x04\x00\x01\x00\x05a\xf0\x9f\x98\x80"
    forged.apply_update(b"\x01\x02\x01\x00" + array + text + b"\x00")
    with pytest.raises(Unreadable, match="“m” has text in a list"):
        read_root(doc=forged, kind="text", root="m")


def test_list_that_claims_more_than_it_has_is_read_for_what_it_has() -> None:
    # The second update begins where the first has something deleted: pycrdt counts it in "t".
    forged: Doc[Any] = Doc()
    forged.apply_update(bytes.fromhex("010203000401016d066162636465660101016d0100"))
    forged.apply_update(bytes.fromhex("0101030608010174027a72bdd955a89390d87402c87e00"))
    assert read_root(doc=forged, kind=None, root="t").value == []
    assert read_root(doc=forged, kind="text", root="m").text == "abcdef"


def test_key_that_stands_for_nothing_does_no_harm() -> None:
    forged: Doc[Any] = Doc()
    forged["x"] = Text("é")
    forged.apply_update(b"\x01\x01\x01\x00\x26\x01\x01x\x01k\x01b\x04true\x00")
    assert list(forged.get("x", type=Map).keys()) == ["k"]
    assert read_root(doc=forged, kind="text", root="x").text == "é"


def test_list_under_an_old_neighbour_is_still_found_in_its_root() -> None:
    source: Doc[Any] = Doc()
    source["a"] = items = Array()
    items.extend([Map(), "b", Map()])
    items[2]["in"] = deep = Array()
    del items[0:2]
    check_nesting(source.get_update(), "a")
    deep.append(1)
    assert read_root(doc=copy(source), kind="text", root="a").value == [{"in": [1]}]


def test_shared_types_in_a_text_stand_as_their_json() -> None:
    source: Doc[Any] = Doc()
    source["t"] = text = Text("é")
    text.insert_embed(0, Map({"a": [1, 2**60]}))
    assert read_root(doc=copy(source), kind="text", root="t").delta == [
        {"insert": {"a": [1, 2**60]}},
        {"insert": "é"},
    ]


def test_element_in_a_list_of_values_makes_it_xml() -> None:
    source: Doc[Any] = Doc()
    source["x"] = fragment = XmlFragment([XmlElement("paragraph", {}, [XmlText("é")])])
    source.get("x", type=Array).append(1)
    assert len(fragment.children)
    assert read_root(doc=copy(source), kind="text", root="x").content == doc(p("é"))


@pytest.mark.parametrize(
    ("name", "kind", "root"),
    [
        ("drawing", "text", "shapes"),
        ("drawing", "richtext", "meta"),
        ("lexical", "richtext", "root"),
        ("lexical", "text", "root"),
        ("quill", "richtext", "quill"),
        ("blocknote", "text", "document-store"),
    ],
)
def test_root_of_another_kind_is_not_written_to(name: str, kind: str, root: str) -> None:
    source = load(name)
    before = source.get_update()
    with pytest.raises(EditError, match=f"“{root}” holds something else"):
        apply_ops(doc=source, kind=kind, root=root, ops=[{"replace": "x"}])
    assert source.get_update() == before
