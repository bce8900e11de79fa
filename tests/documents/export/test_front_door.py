"""One door for all formats, and names for the files."""

import json

import pytest
from pycrdt import Doc, Text

from documents.export import (
    FORMATS,
    ExportError,
    UnknownFormat,
    UnknownKind,
    plain_text,
    render,
    safe_file_name,
    tiptap_json,
)
from tests.documents.export.builders import doc, p, shared, text

RICH = doc(p("é ", text("😀", "bold")))


def plain(value: str) -> "Doc[Text]":
    built: Doc[Text] = Doc()
    built["content"] = Text(value)
    return built


@pytest.mark.parametrize(
    ("name", "expected"),
    [("txt", "é 😀"), ("md", "é **😀**\n"), ("html", "<p>é <strong>😀</strong>")],
)
def test_rich_text_has_every_format(name: str, expected: str) -> None:
    exported = render(doc=shared(RICH), kind="richtext", root="default", title="t", format=name)
    assert expected in exported.decode()


def test_rich_text_as_json_is_the_tiptap_document() -> None:
    exported = render(doc=shared(RICH), kind="richtext", root="default", title="", format="json")
    assert (
        json.loads(exported)
        == RICH
        == tiptap_json(doc=shared(RICH), kind="richtext", root="default")
    )
    assert "😀".encode() in exported


@pytest.mark.parametrize(
    ("name", "expected"), [("txt", "# é\n\n😀"), ("md", "# é\n\n😀"), ("html", "\n# é\n\n😀</pre>")]
)
def test_text_is_exported_as_it_is(name: str, expected: str) -> None:
    exported = render(doc=plain("# é\n\n😀"), kind="text", root="content", title="", format=name)
    assert exported.decode() == expected or name == "html"
    assert expected in exported.decode()


def test_text_as_json_has_a_paragraph_per_line() -> None:
    exported = render(doc=plain("é\n\n😀"), kind="text", root="content", title="", format="json")
    assert json.loads(exported) == doc(p("é"), p(), p("😀"))
    assert tiptap_json(doc=plain("é"), kind="text", root="content") is None


def test_yjs_is_the_whole_state() -> None:
    source = shared(RICH)
    copy: Doc[object] = Doc()
    copy.apply_update(render(doc=source, kind="richtext", root="default", title="", format="yjs"))
    assert tiptap_json(doc=copy, kind="richtext", root="default") == RICH


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UnknownFormat, match=r"docx.*txt, md, html, json, yjs"):
        render(doc=Doc(), kind="text", root="content", title="", format="docx")


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownKind, match="sheet"):
        plain_text(doc=Doc(), kind="sheet", root="content")
    assert issubclass(UnknownKind, ExportError)


def test_formats_say_media_type_and_extension() -> None:
    assert {name: (f.media_type, f.extension) for name, f in FORMATS.items()} == {
        "txt": ("text/plain; charset=utf-8", "txt"),
        "md": ("text/markdown; charset=utf-8", "md"),
        "html": ("text/html; charset=utf-8", "html"),
        "json": ("application/json", "json"),
        "yjs": ("application/octet-stream", "yjs"),
    }


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Été 😀", "Été 😀.md"),
        ("a/b\\c:d", "a b c d.md"),
        ("../../etc/passwd", "etc passwd.md"),
        ('x"\r\nSet-Cookie: y', "x Set-Cookie y.md"),
        ("exe.\u202etxt", "exe.txt.md"),
        ("  . ", "Untitled.md"),
        ("", "Untitled.md"),
        ("\ud83d", "Untitled.md"),
        ("con", "_con.md"),
        ("NUL.x", "_NUL.x.md"),
        ("e\u0301", "é.md"),
    ],
)
def test_file_names_are_safe_everywhere(title: str, expected: str) -> None:
    assert safe_file_name(title, "md") == expected


def test_long_file_names_are_cut_between_letters() -> None:
    name = safe_file_name("é😀" * 300, "md")
    assert len(name.encode()) <= 203
    assert name.startswith("é😀é")
