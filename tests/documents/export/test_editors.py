"""The documents of other editors export as what their authors see."""

from typing import Any

import pytest
from pycrdt import Doc, Map, Text, XmlElement, XmlFragment, XmlText

from documents.export import plain_text, read_root, render
from documents.export.dialects import to_tiptap
from documents.export.markdown import to_markdown
from documents.export.quill import delta_to_tiptap
from documents.export.schema import MAX_DEPTH
from tests.documents.export.builders import doc, item, node, p, text
from tests.documents.export.vectors import CASES, load

PROSEMIRROR = """\
## Café 😀

**a** *b*\\
`c`

- one

  3. two

```
x = 1
```

---

> said
"""
BLOCKNOTE = """\
## Café 😀

plain **bold**<mark> red</mark>[link](https://example.org/é)

- one
  - nested
    1. deep

  and a paragraph
- two

3. third
4. fourth

- [x] done
- [ ] open

> said

```python
if a < b:
    pass
```

![an é](https://example.org/é.png)

[é.pdf](https://example.org/é.pdf)

---

| a | b |
| --- | --- |
| 1 | 2 |

parent

child
"""
LEXICAL = """\
## Café 😀

plain **bold _both_**\\
[link](https://example.org/é)

- one

  3. nested
- two

* [x] done
* [ ] open

> said

```python
if a < b:
\tpass
```
"""
QUILL = """\
# Café 😀

plain **bold** and [*linked*](https://example.org/é)![](https://example.org/é.png)

- one
  - two

1. first

- [x] done
- [ ] open

> said

```python
if a < b:
    pass
```

H<sub>2</sub>O, centred
"""
ROOTS = {
    "prosemirror": ("prosemirror", PROSEMIRROR),
    "blocknote": ("document-store", BLOCKNOTE),
    "lexical": ("root", LEXICAL),
    "quill": ("quill", QUILL),
    "slate": ("content", "# Café 😀\n\nplain **bold**\n"),
}


def export(name: str, chosen: str, kind: str = "richtext") -> str:
    root = ROOTS[name][0]
    return render(doc=load(name), kind=kind, root=root, title="", format=chosen).decode()


@pytest.mark.parametrize("kind", ["richtext", "text"])
@pytest.mark.parametrize("name", ROOTS)
def test_markdown_has_what_the_author_wrote(name: str, kind: str) -> None:
    assert export(name, "md", kind) == ROOTS[name][1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("prosemirror", ["<h2>Café 😀</h2>", '<ol start="3">', "<pre><code>x = 1", "<hr>"]),
        ("blocknote", ["<h2>Café 😀</h2>", "<li><p>nested</p>", '<ol start="3">', "<th><p>a</p>"]),
        ("lexical", ["<h2>Café 😀</h2>", "<em> both</em>", 'data-checked="true"']),
        ("quill", ["<h1>Café 😀</h1>", "<sub>2</sub>", 'style="text-align:center"']),
        ("slate", ["<h1>Café 😀</h1>", "<p>plain <strong>bold</strong></p>"]),
    ],
)
def test_html_has_its_headings_lists_and_marks(name: str, expected: list[str]) -> None:
    html = export(name, "html")
    assert [part for part in expected if part not in html] == []


@pytest.mark.parametrize("name", ROOTS)
def test_plain_text_has_a_line_for_each_block(name: str) -> None:
    text_of = plain_text(doc=load(name), kind="richtext", root=ROOTS[name][0])
    assert text_of.startswith(("Café 😀\nplain bold", "Café 😀\na b\nc\none"))
    assert export(name, "txt") == text_of


def test_content_of_prosemirror_editors_stays_in_their_own_words() -> None:
    for name in ("prosemirror", "blocknote"):
        read = read_root(doc=load(name), kind="richtext", root=ROOTS[name][0])
        assert read.content is not None
        types = {block["type"] for block in read.content["content"]}
        assert types & {"blockGroup", "bullet_list"}


def test_delta_is_what_quill_wrote() -> None:
    read = read_root(doc=load("quill"), kind="text", root="quill")
    assert read.delta == CASES["quill"]["delta"]
    assert read.text is not None
    assert "two\nfirst" in read.text
    assert read.content is None


def test_quill_in_a_rich_text_document_has_tiptap_json_too() -> None:
    read = read_root(doc=load("quill"), kind="richtext", root="quill")
    assert read.content is not None
    assert read.content["content"][0] == node("heading", text("Café 😀"), level=1)


@pytest.mark.parametrize("name", ["codemirror", "monaco"])
def test_text_without_formats_has_no_delta(name: str) -> None:
    assert read_root(doc=load(name), kind="text", root=name).delta is None


def test_formats_that_were_taken_back_are_not_in_the_delta() -> None:
    source: Doc[Any] = Doc()
    source["q"] = quill = Text("é😀")
    quill.format(0, 2, {"bold": True})
    quill.format(0, 2, {"bold": None})
    assert read_root(doc=source, kind="text", root="q").delta is None


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        ([], doc()),
        ([{"insert": "a\n\nb"}], doc(p("a"), p(), p("b"))),
        (
            [{"insert": "a"}, {"insert": "\n", "attributes": {"list": "bullet", "indent": 10**9}}],
            doc(node("bulletList", item("a"))),
        ),
        (
            [{"insert": {"formula": "x²"}}, {"insert": {"video": "https://v"}}, {"insert": {}}],
            doc(
                p(
                    text("x²", "code"),
                    text("https://v", {"type": "link", "attrs": {"href": "https://v"}}),
                )
            ),
        ),
        (
            [
                {"insert": "a"},
                {"insert": "\n", "attributes": {"table": "r1"}},
                {"insert": "b"},
                {"insert": "\n", "attributes": {"table": "r1"}},
                {"insert": "\n", "attributes": {"table": "r2"}},
            ],
            doc(
                node(
                    "table",
                    node("tableRow", node("tableCell", p("a")), node("tableCell", p("b"))),
                    node("tableRow", node("tableCell", p())),
                )
            ),
        ),
        ([{"insert": "\n", "attributes": {"header": "forged"}}], doc(node("heading", level=1))),
    ],
)
def test_odd_deltas_become_something_sensible(delta: Any, expected: Any) -> None:
    assert delta_to_tiptap(delta) == expected


def test_blocks_nested_in_a_heading_follow_it() -> None:
    nested = node("blockGroup", node("blockContainer", p("inside")))
    heading = node("heading", text("é"), level=1)
    blocknote = doc(node("blockGroup", node("blockContainer", heading, nested)))
    assert to_tiptap(blocknote) == doc(heading, p("inside"))


def test_columns_of_blocknote_follow_each_other() -> None:
    def column(word: str) -> Any:
        return node("column", node("blockContainer", p(word)))

    columns = node("columnList", column("left"), column("right"))
    assert to_tiptap(doc(node("blockGroup", columns))) == doc(p("left"), p("right"))


def test_odd_blocks_lose_no_text() -> None:
    odd = doc(
        node(
            "blockGroup",
            node("blockContainer"),
            node("blockContainer", node("alert", text("é"), level="warning")),
            node("blockContainer", p("a"), p("b")),
            p("bare"),
        ),
        p("outside"),
    )
    assert to_markdown(to_tiptap(odd)) == "é\n\na\n\nb\n\nbare\n\noutside\n"


def test_tiptap_is_left_as_it_is() -> None:
    content = doc(p("é"), node("bulletList", item("a")))
    assert to_tiptap(content) is content


@pytest.mark.parametrize("chosen", ["txt", "md", "html", "json"])
def test_lexical_nested_20000_deep_is_exported_whole(chosen: str) -> None:
    source: Doc[Any] = Doc()
    with source.transaction():
        parent = source.get("root", type=XmlFragment).children.append(XmlText())
        parent.attributes["__type"] = "quote"
        for _ in range(20_000):
            child = XmlText()
            parent.insert_embed(0, child)
            child.attributes["__type"] = "quote"
            parent = child
        parent.insert(0, "é😀")
    exported = render(doc=source, kind="richtext", root="root", title="", format=chosen)
    assert "é😀" in exported.decode()


def test_blocks_nested_to_the_bound_are_exported_whole() -> None:
    source: Doc[Any] = Doc()
    with source.transaction():
        group = source.get("x", type=XmlFragment).children.append(XmlElement("blockGroup"))
        for _ in range(2 * MAX_DEPTH):
            container = group.children.append(XmlElement("blockContainer"))
            container.children.append(XmlElement("bulletListItem", {}, [XmlText("é")]))
            group = container.children.append(XmlElement("blockGroup"))
    for chosen in ("txt", "md", "html", "json"):
        exported = render(doc=source, kind="richtext", root="x", title="", format=chosen)
        assert exported.decode().count("é") == 2 * MAX_DEPTH


def test_forged_lexical_properties_do_no_harm() -> None:
    source: Doc[Any] = Doc()
    root = source.get("root", type=XmlFragment)
    for properties in (
        {"__type": "heading", "__tag": "h99"},
        {"__type": "list", "__listType": 7, "__start": "x"},
        {"__type": "code", "__language": [1]},
        {"__type": "unknown"},
        {"__type": "link", "__url": "javascript:alert(1)"},
    ):
        element = root.children.append(XmlText())
        for name, value in properties.items():
            element.attributes[name] = value
        element.insert_embed(0, Map({"__type": "text", "__format": -1}))
        element.insert(1, "é")
    for chosen in ("txt", "md", "html", "json"):
        exported = render(doc=source, kind="richtext", root="root", title="", format=chosen)
        assert exported.decode().count("é") == 5
        assert chosen == "json" or b"javascript" not in exported
